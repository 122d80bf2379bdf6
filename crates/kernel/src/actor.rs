//! The actor: the workspace, the user, the role. It grants every permit.

use std::sync::Arc;

use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    error::{Code, Result},
    object::{Action, Object, Ownership},
    permit::Permit,
};

/// The records that a grant covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// All of the workspace.
    All,
    /// Those of the user; shared records count as theirs.
    Own,
}

impl Rows {
    /// As clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Own => "OWN",
        }
    }
}

/// The objects that a grant covers.
#[derive(Clone, Copy, Debug)]
pub enum Objects {
    /// Every object.
    Any,
    /// The objects of these names.
    Named(&'static [&'static str]),
    /// The objects whose records have owners.
    Owned,
    /// The objects whose records are shared.
    Shared,
}

impl Objects {
    fn cover(&self, object: &Object) -> bool {
        match self {
            Objects::Any => true,
            Objects::Named(names) => names.contains(&object.name),
            Objects::Owned => object.ownership != Ownership::Shared,
            Objects::Shared => object.ownership == Ownership::Shared,
        }
    }
}

/// The actions of a role on some objects' records.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// The objects.
    pub objects: Objects,
    /// The actions.
    pub actions: &'static [Action],
    /// The records.
    pub rows: Rows,
}

/// A role: the first grant that covers an object decides; without one nothing is allowed.
#[derive(Debug)]
pub struct Role {
    /// Its name, as stored and shown: `OWNER`.
    pub name: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// Its grants.
    pub grants: &'static [Grant],
    /// Whether it may read sensitive fields.
    pub reads_sensitive: bool,
}

impl Role {
    /// The objects that the role's grants name and do not let it read.
    pub fn closed(&self) -> impl Iterator<Item = &'static str> {
        let closed = self.grants.iter().filter(|grant| !grant.actions.contains(&Action::Read));
        closed.flat_map(|grant| match grant.objects {
            Objects::Named(names) => names.iter().copied(),
            _ => [].iter().copied(),
        })
    }

    /// The grant for an action on this object.
    pub fn grant(&self, object: &Object, action: Action) -> Option<&Grant> {
        let grant = self.grants.iter().find(|grant| grant.objects.cover(object))?;
        grant.actions.contains(&action).then_some(grant)
    }
}

/// The origin of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The API: GraphQL or REST.
    Api,
    /// An import.
    Import,
    /// A job.
    Job,
    /// The command line of the server.
    CommandLine,
}

impl Origin {
    /// As events show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Api => "API",
            Origin::Import => "IMPORT",
            Origin::Job => "JOB",
            Origin::CommandLine => "COMMAND_LINE",
        }
    }
}

/// The actor of a request.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The workspace of the credential, the only one the actor can reach.
    pub workspace: Uuid,
    /// The user.
    pub user: Uuid,
    /// The key; none for the server's own command line.
    pub credential: Option<Uuid>,
    /// The role.
    pub role: &'static Role,
    /// The workspace's time zone, in which days begin and end.
    pub zone: Tz,
    /// The origin of its changes.
    pub origin: Origin,
    /// The request, as the log and the events name it.
    pub request_id: Arc<str>,
    /// The epoch of the workspace's access at which the credential was looked up, which every commit proves. None for
    /// the server itself.
    pub epoch: Option<i64>,
    /// Whether the credential comes from the cache: then reads prove the epoch, too.
    pub remembered: bool,
}

impl Actor {
    /// Grants the permit for an action on records of an object.
    pub fn permit(&self, object: &Arc<Object>, action: Action) -> Result<Permit> {
        match self.role.grant(object, action) {
            Some(grant) => Ok(Permit::grant(self, object, action, grant.rows)),
            None => Err(Code::Forbidden.into()),
        }
    }
}
