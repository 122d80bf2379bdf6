//! Who asks: from a presented key to an actor.
//!
//! A key is `kith_` and the base64url text of the workspace's id, the key's id and 32 random bytes. The ids
//! lead to one row; of the random bytes only the SHA-256 is kept, which suffices for 256 bits nobody chose.

use std::{future::Future, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono_tz::Tz;
use kernel::{
    Code, Result,
    actor::{Actor, Origin, Role},
    time::Instant,
};
use persistence::credential::Credential;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{Kith, cursor::Seal};

pub use kernel::secret::PREFIX;

const SECRET: usize = 32;
const ID: usize = 16;
/// So often something is done anew because the workspace's access has changed meanwhile. Each time another change
/// was made, so few ever need more than one.
pub(crate) const LOOKS: usize = 50;

/// A caller: who it is, and how the workspace seals its cursors.
#[derive(Clone)]
pub struct Caller {
    /// Who it is.
    pub actor: Actor,
    /// How the workspace seals its cursors.
    pub seal: Seal,
}

/// A new key: what its owner is shown once, and what is kept.
pub(crate) struct NewKey {
    /// The whole key.
    pub secret: String,
    /// What is kept of it.
    pub hash: String,
    /// Its last characters, by which people tell keys apart.
    pub hint: String,
}

impl Kith {
    /// Makes a key.
    pub(crate) fn new_key(&self, workspace: Uuid, key: Uuid) -> Result<NewKey> {
        let mut secret = [0; SECRET];
        self.context().entropy.fill(&mut secret)?;
        let bytes = [workspace.as_bytes().as_slice(), key.as_bytes(), &secret].concat();
        let text = format!("{PREFIX}{}", BASE64.encode(bytes));
        let hint = text.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        Ok(NewKey { secret: text, hash: hash(&secret), hint })
    }

    /// Does something for whoever presents this key, under what is remembered of the key where that suffices:
    /// something that may be begun anew, for if the memory turns out to be old, it is done again under a fresh one.
    /// What succeeds under a memory has proved it with its statements; what is refused may not have come so far.
    pub async fn acting<T>(
        &self,
        key: &str,
        origin: Origin,
        request_id: Arc<str>,
        mut act: impl AsyncFnMut(Caller) -> Result<T>,
    ) -> Result<T> {
        let presented = Presented::parse(key)?;
        self.database().admit(presented.workspace, presented.key)?;
        let (mut refusal, mut remembered) = (None, None);
        let known = self.0.credentials.get(&presented.place());
        if known.as_ref().is_some_and(|known| !presented.proves(known)) {
            return Err(Code::Unauthenticated.into());
        }
        // What no longer fits what is remembered may fit what is there by now.
        if let Some(known) = known
            && let Ok(caller) = presented.caller(self, &known, true, origin, &request_id)
        {
            remembered = Some(known.epoch);
            match act(caller).await {
                Err(error) if error.code != Code::Overloaded => refusal = Some(error),
                done => return done,
            }
        }
        let known = self.look_up(presented.workspace, presented.key).await?;
        let caller = presented.caller(self, &known, false, origin, &request_id)?;
        match refusal {
            // The key is good, and what it may do has nothing to do with it; nor has what else was remembered with
            // it, such as the workspace's time zone.
            Some(error) if !is_about_access(error.code) && remembered == Some(known.epoch) => Err(error),
            // What the store could not do may have been done.
            Some(error) if matches!(error.code, Code::Unavailable | Code::Timeout | Code::Internal) => {
                Err(error)
            }
            _ => act(caller).await,
        }
    }

    /// Refuses whoever presents a key that is not known, which is as much as has to be so before more is read from
    /// them. Who they are and what they may do is found out later.
    pub async fn recognise(&self, key: &str) -> Result<()> {
        let presented = Presented::parse(key)?;
        let known = match self.0.credentials.get(&presented.place()) {
            Some(known) => known,
            None => self.look_up(presented.workspace, presented.key).await?,
        };
        if presented.proves(&known) { Ok(()) } else { Err(Code::Unauthenticated.into()) }
    }

    /// Finds out who presents this key, now.
    pub async fn authenticate(&self, key: &str, origin: Origin, request_id: Arc<str>) -> Result<Caller> {
        let presented = Presented::parse(key)?;
        self.database().admit(presented.workspace, presented.key)?;
        let known = self.look_up(presented.workspace, presented.key).await?;
        presented.caller(self, &known, false, origin, &request_id)
    }

    /// The same caller, found out about now.
    pub async fn renewed(&self, caller: Caller) -> Result<Caller> {
        if !caller.actor.remembered {
            return Ok(caller);
        }
        Ok(Caller { actor: self.looked_up_again(&caller.actor).await?, ..caller })
    }

    /// The same actor, as long as its key is good.
    pub(crate) async fn looked_up_again(&self, actor: &Actor) -> Result<Actor> {
        let key = actor.credential.ok_or(Code::Unauthenticated)?;
        self.actor_of_key(actor.workspace, key, actor.origin, Arc::clone(&actor.request_id)).await
    }

    /// Does something for somebody in a unit of work, and does it anew under another look at their key where the
    /// workspace's access has changed before the commit: a key that has ended writes nothing, and one that is good
    /// is not refused because of others. What the database alone found to be taken, because somebody was faster, is
    /// done once more too: by now it can be told by whom.
    pub(crate) async fn lastingly<T, F: Future<Output = Result<T>>>(
        &self,
        actor: &Actor,
        mut act: impl FnMut(Actor) -> F,
    ) -> Result<T> {
        let (mut actor, mut outrun) = (actor.clone(), false);
        for _ in 0..LOOKS {
            match act(actor.clone()).await {
                Err(error) if error.code == Code::NotUnique && error.violations.is_empty() && !outrun => {
                    outrun = true;
                }
                Err(error) if error.code == Code::Unauthenticated => {
                    actor = self.looked_up_again(&actor).await?;
                }
                done => return done,
            }
        }
        Err(Code::Unavailable.into())
    }

    /// Who acts under a key that was presented earlier, as long as it is good.
    pub(crate) async fn actor_of_key(
        &self,
        workspace: Uuid,
        key: Uuid,
        origin: Origin,
        request_id: Arc<str>,
    ) -> Result<Actor> {
        self.look_up(workspace, key).await?.actor(self, (workspace, key), false, origin, request_id)
    }

    async fn look_up(&self, workspace: Uuid, key: Uuid) -> Result<Arc<Known>> {
        let place = (workspace, key);
        let Some(credential) = self.database().credential(workspace, key).await? else {
            self.0.credentials.remove(&place);
            return Err(Code::Unauthenticated.into());
        };
        let known = Arc::new(Known::new(credential)?);
        self.0.credentials.insert(place, Arc::clone(&known));
        Ok(known)
    }
}

/// A key as it was presented.
struct Presented {
    workspace: Uuid,
    key: Uuid,
    hash: String,
}

impl Presented {
    fn parse(key: &str) -> Result<Self> {
        let parts = || {
            let bytes = BASE64.decode(key.strip_prefix(PREFIX)?).ok()?;
            let (workspace, rest) = bytes.split_at_checked(ID)?;
            let (key, secret) = rest.split_at_checked(ID)?;
            let (workspace, key) = (Uuid::from_slice(workspace).ok()?, Uuid::from_slice(key).ok()?);
            Some(Self { workspace, key, hash: hash(secret) })
        };
        parts().ok_or_else(|| Code::Unauthenticated.into())
    }

    fn place(&self) -> (Uuid, Uuid) {
        (self.workspace, self.key)
    }

    /// Whether the secret is right.
    fn proves(&self, known: &Known) -> bool {
        known.hash.as_bytes().ct_eq(self.hash.as_bytes()).into()
    }

    /// Who it is, if the secret is right.
    fn caller(
        &self,
        kith: &Kith,
        known: &Known,
        remembered: bool,
        origin: Origin,
        request_id: &Arc<str>,
    ) -> Result<Caller> {
        if !self.proves(known) {
            return Err(Code::Unauthenticated.into());
        }
        let actor = known.actor(kith, self.place(), remembered, origin, Arc::clone(request_id))?;
        Ok(Caller { actor, seal: known.seal.clone() })
    }
}

/// What is known of a credential, good for as long as the workspace's access stays as it was.
pub(crate) struct Known {
    hash: String,
    user: Uuid,
    role: &'static Role,
    zone: Tz,
    expires_at: Option<Instant>,
    seal: Seal,
    epoch: i64,
}

impl Known {
    fn new(credential: Credential) -> Result<Self> {
        Ok(Self {
            hash: credential.hash,
            user: credential.user,
            role: domain::roles::role(&credential.role).ok_or(Code::Unauthenticated)?,
            zone: credential.time_zone.parse().unwrap_or_default(),
            expires_at: credential.expires_at,
            seal: Seal::new(&credential.cursor_key)?,
            epoch: credential.epoch,
        })
    }

    fn actor(
        &self,
        kith: &Kith,
        (workspace, key): (Uuid, Uuid),
        remembered: bool,
        origin: Origin,
        request_id: Arc<str>,
    ) -> Result<Actor> {
        if self.expires_at.is_some_and(|end| end <= kith.context().clock.now()) {
            return Err(Code::Unauthenticated.into());
        }
        let (user, role, zone) = (self.user, self.role, self.zone);
        let (credential, epoch) = (Some(key), Some(self.epoch));
        Ok(Actor { workspace, user, credential, role, zone, origin, request_id, epoch, remembered })
    }
}

/// Whether a fresh look at the credential could have another outcome.
fn is_about_access(code: Code) -> bool {
    matches!(code, Code::Unauthenticated | Code::Forbidden | Code::FieldForbidden)
}

fn hash(secret: &[u8]) -> String {
    BASE64.encode(Sha256::digest(secret))
}
