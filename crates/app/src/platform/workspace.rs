//! A new workspace: its record, its owner, and the key with which the owner begins. Only the server's own
//! command line makes one.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use domain::{
    platform::{
        api_key::{self, ApiKey},
        membership::{self, Membership, MembershipRole},
        user::{self, User},
        workspace,
    },
    sales::{
        pipeline::{self, Pipeline},
        stage::{self, Stage, StageKind},
    },
};
use kernel::{
    Of, Result,
    actor::{Actor, Origin},
    change::NewRecord,
    id::TypeId,
    object::Action,
    system,
};
use uuid::Uuid;

use super::api_key::issue;
use crate::{Kith, cursor::KEY, operation::Mode, unit_of_work::UnitOfWork};

/// The input of a new workspace.
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
    /// Whether it begins with a pipeline, rather than with nothing.
    pub with_pipeline: bool,
}

/// A new workspace, as its creator sees it.
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

/// The pipeline of a new workspace: the name, kind and probability of each stage.
const STAGES: [(&str, StageKind, i64); 6] = [
    ("New", StageKind::Open, 10),
    ("Qualified", StageKind::Open, 25),
    ("Proposal", StageKind::Open, 50),
    ("Negotiation", StageKind::Open, 75),
    ("Won", StageKind::Won, 100),
    ("Lost", StageKind::Lost, 0),
];

impl Kith {
    /// Makes a workspace with its first user and a key for that user.
    pub async fn create_workspace(&self, new: NewWorkspace) -> Result<Workspace> {
        let ids = &self.context().ids;
        let now = self.context().clock.now();
        let (workspace, user) = (ids.next(now), ids.next(now));
        let actor = self.founder(workspace, user, "workspace-create");
        self.in_unit_of_work(&actor, Mode::Commit, async |work| found(work, new).await).await
    }

    /// Issues an owner's key for a user, whom it makes active where they are not: the way back in for whoever runs
    /// the database. Gives the id of the key and the key itself.
    pub async fn let_in(&self, workspace: Uuid, user: Uuid, name: &str) -> Result<(Uuid, String)> {
        let founder = self.founder(workspace, user, "key-create");
        self.in_unit_of_work(&founder, Mode::Commit, async |work| let_in(work, name).await).await
    }

    /// The operator of the database acts as a user of the workspace.
    fn founder(&self, workspace: Uuid, user: Uuid, request_id: &str) -> Actor {
        Actor {
            workspace,
            user,
            credential: None,
            access: Arc::clone(self.policy().system()),
            zone: chrono_tz::UTC,
            origin: Origin::CommandLine,
            request_id: Arc::from(request_id),
            epoch: None,
            remembered: false,
        }
    }
}

async fn let_in(work: &mut UnitOfWork, name: &str) -> Result<(Uuid, String)> {
    let user = work.actor().user;
    let permit = work.permit("user", Action::Delete)?;
    let mut found = work.lock(&permit, user, None).await?;
    if found.get(system::DELETED_AT).is_some() {
        found = work.restore(&permit, user, None).await?;
    }
    let found: Of<User> = Of::new(found)?;
    if found.get(user::ACTIVE) != Some(true) {
        work.change(found, |user| user.set(user::ACTIVE, true)).await?;
    }
    let key = NewRecord::<ApiKey>::new().with(api_key::NAME, name.to_owned());
    let key = key.with(api_key::USER, user).with(api_key::ROLE, MembershipRole::Owner);
    let (key, secret) = issue(work, key).await?;
    Ok((key.id(), secret))
}

/// Makes the pipeline that a new workspace begins with.
async fn make_pipeline(work: &mut UnitOfWork) -> Result<()> {
    let pipeline = NewRecord::<Pipeline>::new().with(pipeline::NAME, "Sales".to_owned());
    let pipeline = work.make(pipeline.with(pipeline::IS_DEFAULT, true)).await?.id();
    for (position, (name, kind, probability)) in (0..).zip(STAGES) {
        let stage = NewRecord::<Stage>::new()
            .with(stage::PIPELINE, pipeline)
            .with(stage::NAME, name.to_owned())
            .with(stage::POSITION, position)
            .with(stage::KIND, kind)
            .with(stage::PROBABILITY, probability);
        work.make(stage).await?;
    }
    Ok(())
}

async fn found(work: &mut UnitOfWork, new: NewWorkspace) -> Result<Workspace> {
    let Actor { workspace, user, .. } = *work.actor();
    let record = NewRecord::<workspace::Workspace>::new()
        .with(system::ID, workspace)
        .with(workspace::NAME, new.name)
        .with(workspace::TIME_ZONE, new.time_zone)
        .with(workspace::DEFAULT_CURRENCY, new.currency);
    work.make(record).await?;
    let owner = NewRecord::<User>::new().with(system::ID, user).with(user::NAME, new.owner);
    work.make(owner.with(user::EMAIL, new.email)).await?;
    let membership = NewRecord::<Membership>::new().with(membership::USER, user);
    work.make(membership.with(membership::ROLE, MembershipRole::Owner)).await?;
    let mut cursor_key = [0; KEY];
    work.kith.context().entropy.fill(&mut cursor_key)?;
    work.transaction.keep_cursor_key(&BASE64.encode(cursor_key)).await?;
    if new.with_pipeline {
        make_pipeline(work).await?;
    }
    let key = NewRecord::<ApiKey>::new().with(api_key::NAME, "The first key".to_owned());
    let key = key.with(api_key::USER, user).with(api_key::ROLE, MembershipRole::Owner);
    let (key, secret) = issue(work, key).await?;
    let shown = |prefix, uuid| TypeId { prefix, uuid }.to_string();
    Ok(Workspace {
        id: shown("workspace", workspace),
        user: shown("user", user),
        key_id: shown("api_key", key.id()),
        key: secret,
    })
}
