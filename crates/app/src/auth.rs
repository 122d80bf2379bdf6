//! Authentication: from a presented key to an actor.
//!
//! A key is `kith_` and the base64url text of the workspace's id, the key's id and 32 random bytes. The ids
//! lead to one row; of the random bytes only the SHA-256 is kept, which suffices for 256 bits nobody chose.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono_tz::Tz;
use kernel::{
    Code, Result,
    access::{Access, Policy},
    actor::{Actor, Origin},
    time::Instant,
};
use persistence::{Demand, credential::Credential};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{Kith, cursor::Seal};

pub use kernel::secret::PREFIX;

const SECRET: usize = 32;
const ID: usize = 16;
/// The most attempts at a unit of work when the workspace's access changes meanwhile. Each retry means another change,
/// so more than one is rare.
pub(crate) const MAX_ATTEMPTS: usize = 50;

/// An authenticated caller.
#[derive(Clone)]
pub struct Caller {
    /// The actor.
    pub actor: Actor,
    /// The workspace's key for sealing cursors.
    pub seal: Seal,
}

/// A new key: the secret that its owner sees once, and what is stored.
pub(crate) struct NewKey {
    /// The whole key.
    pub secret: String,
    /// The stored hash.
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

    /// Whether whoever presents this key would wait too long. That is known before the key is looked up; a wrong secret for
    /// a known key learns nothing by it.
    pub fn is_overloaded(&self, key: &str, demand: Demand) -> bool {
        let Some((workspace, id, _)) = decode(key) else { return false };
        // The server's own work stands in lines without a workspace or a key.
        if workspace.is_nil() || id.is_nil() || !self.database().is_overloaded(workspace, id, demand) {
            return false;
        }
        match (self.0.credentials.get(&(workspace, id)), Presented::parse(key)) {
            (Some(credential), Ok(presented)) => presented.proves(&credential),
            _ => true,
        }
    }

    /// Refuses an actor who would wait too long.
    pub fn admit(&self, actor: &Actor, demand: Demand) -> Result<()> {
        match actor.credential {
            Some(key) if self.database().is_overloaded(actor.workspace, key, demand) => {
                Err(Code::Overloaded.into())
            }
            _ => Ok(()),
        }
    }

    /// Runs `act` for the caller that presents this key, with the cached credential if there is one. `act` must be safe
    /// to repeat: if the cached credential turns out to be stale, it runs again with a fresh one. A success under a
    /// cached credential has proved it with its statements; an error may have come before that.
    pub async fn with_cached_caller<T>(
        &self,
        key: &str,
        origin: Origin,
        request_id: Arc<str>,
        mut act: impl AsyncFnMut(Caller) -> Result<T>,
    ) -> Result<T> {
        let presented = Presented::parse(key)?;
        let (mut refusal, mut remembered) = (None, None);
        let credential = self.0.credentials.get(&presented.place());
        if credential.as_ref().is_some_and(|credential| !presented.proves(credential)) {
            return Err(Code::Unauthenticated.into());
        }
        // A caller whom the cached credential refuses may be accepted by a fresh one.
        if let Some(credential) = credential
            && let Ok(caller) = presented.caller(self, &credential, true, origin, &request_id)
        {
            remembered = Some(credential.epoch);
            match act(caller).await {
                Err(error) if error.code != Code::Overloaded && !error.is_in_doubt() => refusal = Some(error),
                done => return done,
            }
        }
        let credential = self.look_up(presented.workspace, presented.key).await?;
        let caller = presented.caller(self, &credential, false, origin, &request_id)?;
        match refusal {
            // The cached credential is current, as is what else is cached with it, such as the time zone; and the error
            // has nothing to do with access.
            Some(error) if !error.code.is_about_access() && remembered == Some(credential.epoch) => {
                Err(error)
            }
            // The database may have done it, so it is not repeated.
            Some(error) if matches!(error.code, Code::Unavailable | Code::Timeout | Code::Internal) => {
                Err(error)
            }
            _ => act(caller).await,
        }
    }

    /// Refuses an unknown key, before more of the request is read. The caller is authenticated later.
    pub async fn check_key(&self, key: &str) -> Result<()> {
        let presented = Presented::parse(key)?;
        let credential = match self.0.credentials.get(&presented.place()) {
            Some(credential) => credential,
            None => self.look_up(presented.workspace, presented.key).await?,
        };
        if presented.proves(&credential) { Ok(()) } else { Err(Code::Unauthenticated.into()) }
    }

    /// Authenticates the caller that presents this key, without the cache.
    pub async fn authenticate(&self, key: &str, origin: Origin, request_id: Arc<str>) -> Result<Caller> {
        let presented = Presented::parse(key)?;
        let credential = self.look_up(presented.workspace, presented.key).await?;
        presented.caller(self, &credential, false, origin, &request_id)
    }

    /// The same caller, authenticated without the cache.
    pub async fn reauthenticated(&self, caller: Caller) -> Result<Caller> {
        if !caller.actor.remembered {
            return Ok(caller);
        }
        Ok(Caller { actor: self.reauthenticated_actor(&caller.actor).await?, ..caller })
    }

    /// The same actor, if its key is still valid.
    pub(crate) async fn reauthenticated_actor(&self, actor: &Actor) -> Result<Actor> {
        let key = actor.credential.ok_or(Code::Unauthenticated)?;
        self.actor_of_key(actor.workspace, key, actor.origin, Arc::clone(&actor.request_id)).await
    }

    /// Runs a unit of work for an actor, and retries it with a fresh look at the key if the workspace's access has
    /// changed before the commit: a key that has ended writes nothing, and a valid one is not refused because of
    /// others. A unique value that only the database found to be taken, by a faster writer, is retried once: the retry
    /// can say which record holds it.
    pub(crate) async fn with_retries<T>(
        &self,
        actor: &Actor,
        mut act: impl AsyncFnMut(Actor) -> Result<T>,
    ) -> Result<T> {
        let (mut actor, mut outrun) = (actor.clone(), false);
        for _ in 0..MAX_ATTEMPTS {
            // What writes is large; what reads is not to be made so by waiting in the same place.
            match Box::pin(act(actor.clone())).await {
                Err(error) if error.code == Code::NotUnique && error.violations.is_empty() && !outrun => {
                    outrun = true;
                }
                Err(error) if error.code == Code::Unauthenticated => {
                    actor = self.reauthenticated_actor(&actor).await?;
                }
                done => return done,
            }
        }
        Err(Code::Unavailable.into())
    }

    /// The actor of a key that was presented earlier, if it is still valid.
    pub(crate) async fn actor_of_key(
        &self,
        workspace: Uuid,
        key: Uuid,
        origin: Origin,
        request_id: Arc<str>,
    ) -> Result<Actor> {
        self.look_up(workspace, key).await?.actor(self, (workspace, key), false, origin, request_id)
    }

    async fn look_up(&self, workspace: Uuid, key: Uuid) -> Result<Arc<CachedCredential>> {
        let place = (workspace, key);
        let Some(credential) = self.database().credential(workspace, key).await? else {
            self.0.credentials.remove(&place);
            return Err(Code::Unauthenticated.into());
        };
        let credential = Arc::new(CachedCredential::new(credential, self.policy())?);
        self.0.credentials.insert(place, Arc::clone(&credential));
        Ok(credential)
    }
}

/// A presented key.
struct Presented {
    workspace: Uuid,
    key: Uuid,
    hash: String,
}

impl Presented {
    fn parse(key: &str) -> Result<Self> {
        let (workspace, key, secret) = decode(key).ok_or(Code::Unauthenticated)?;
        Ok(Self { workspace, key, hash: hash(&secret) })
    }

    fn place(&self) -> (Uuid, Uuid) {
        (self.workspace, self.key)
    }

    /// Whether the secret is right.
    fn proves(&self, credential: &CachedCredential) -> bool {
        credential.hash.as_bytes().ct_eq(self.hash.as_bytes()).into()
    }

    /// The caller, if the secret is right.
    fn caller(
        &self,
        kith: &Kith,
        credential: &CachedCredential,
        remembered: bool,
        origin: Origin,
        request_id: &Arc<str>,
    ) -> Result<Caller> {
        if !self.proves(credential) {
            return Err(Code::Unauthenticated.into());
        }
        let actor = credential.actor(kith, self.place(), remembered, origin, Arc::clone(request_id))?;
        Ok(Caller { actor, seal: credential.seal.clone() })
    }
}

/// A cached credential, valid while the workspace's access has the same epoch.
pub(crate) struct CachedCredential {
    hash: String,
    user: Uuid,
    access: Arc<Access>,
    zone: Tz,
    expires_at: Option<Instant>,
    seal: Seal,
    epoch: i64,
}

impl CachedCredential {
    fn new(credential: Credential, policy: &Policy) -> Result<Self> {
        Ok(Self {
            hash: credential.hash,
            user: credential.user,
            access: policy.role(&credential.role).map(Arc::clone).ok_or(Code::Unauthenticated)?,
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
        let (user, access, zone) = (self.user, Arc::clone(&self.access), self.zone);
        let (credential, epoch) = (Some(key), Some(self.epoch));
        Ok(Actor { workspace, user, credential, access, zone, origin, request_id, epoch, remembered })
    }
}

/// The parts of a key: the ids of the workspace and of the key, and the secret.
fn decode(key: &str) -> Option<(Uuid, Uuid, Vec<u8>)> {
    let mut bytes = BASE64.decode(key.strip_prefix(PREFIX)?).ok()?;
    let secret = bytes.split_off(bytes.len().min(2 * ID));
    let (workspace, key) = bytes.split_at_checked(ID)?;
    Some((Uuid::from_slice(workspace).ok()?, Uuid::from_slice(key).ok()?, secret))
}

fn hash(secret: &[u8]) -> String {
    BASE64.encode(Sha256::digest(secret))
}
