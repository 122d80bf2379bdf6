//! A new workspace: its record, its owner, and the key with which the owner begins. Only the server's own
//! command line makes one.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use domain::{
    platform::{
        api_key,
        membership::{self, MembershipRole},
        user, workspace,
    },
    roles,
};
use kernel::{
    Result,
    actor::{Actor, Origin},
    change::Companion,
    id::TypeId,
    system,
};
use uuid::Uuid;

use crate::{Kith, cursor::KEY, operation::finish, work::Work};

/// What a new workspace is to be.
#[derive(Clone, Debug)]
pub struct NewWorkspace {
    /// Its name.
    pub name: String,
    /// The name of its first user.
    pub owner: String,
    /// The e-mail address of its first user.
    pub email: Option<String>,
    /// Its IANA time zone.
    pub time_zone: String,
    /// Its currency, by ISO 4217.
    pub currency: String,
}

/// A new workspace, as its maker is told.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: String,
    /// The id of its first user.
    pub user: String,
    /// The id of that user's key.
    pub key_id: String,
    /// The key itself, shown this once.
    pub key: String,
}

impl Kith {
    /// Makes a workspace with its first user and a key for that user.
    pub async fn create_workspace(&self, new: NewWorkspace) -> Result<Workspace> {
        let ids = &self.context().ids;
        let now = self.context().clock.now();
        let (workspace, user) = (ids.next(now), ids.next(now));
        let actor = self.founder(workspace, user);
        let mut work = Work::begin(self, &actor).await?;
        let made = found(&mut work, new, ids.next(now)).await;
        finish(work, made).await
    }

    /// Whoever makes a workspace acts as its first user.
    fn founder(&self, workspace: Uuid, user: Uuid) -> Actor {
        Actor {
            workspace,
            user,
            credential: None,
            role: &roles::OWNER,
            zone: chrono_tz::UTC,
            origin: Origin::CommandLine,
            request_id: Arc::from("workspace-create"),
            epoch: None,
        }
    }
}

async fn found(work: &mut Work, new: NewWorkspace, key: Uuid) -> Result<Workspace> {
    let Actor { workspace, user, .. } = *work.actor();
    let record = Companion::new("workspace")
        .with(system::ID, workspace)
        .with(workspace::NAME, new.name)
        .with(workspace::TIME_ZONE, new.time_zone)
        .with(workspace::DEFAULT_CURRENCY, new.currency);
    work.make(record).await?;
    let owner = Companion::new("user").with(system::ID, user).with(user::NAME, new.owner);
    work.make(owner.with(user::EMAIL, new.email)).await?;
    let membership = Companion::new("membership").with(membership::USER, user);
    work.make(membership.with(membership::ROLE, MembershipRole::Owner)).await?;
    let mut cursor_key = [0; KEY];
    work.kith.context().entropy.fill(&mut cursor_key)?;
    work.unit.keep_cursor_key(&BASE64.encode(cursor_key)).await?;
    let issued = work.kith.new_key(workspace, key)?;
    let record = Companion::new("apiKey")
        .with(system::ID, key)
        .with(api_key::NAME, "The first key".to_owned())
        .with(api_key::USER, user)
        .with(api_key::ROLE, MembershipRole::Owner)
        .with(api_key::HINT, issued.hint);
    work.make(record).await?;
    work.unit.keep_key_hash(key, &issued.hash).await?;
    let shown = |prefix, uuid| TypeId { prefix, uuid }.to_string();
    Ok(Workspace {
        id: shown("workspace", workspace),
        user: shown("user", user),
        key_id: shown("api_key", key),
        key: issued.secret,
    })
}
