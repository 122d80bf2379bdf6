//! Who asks: the workspace, the user, the role. Everything a caller may do is asked of the actor.

use std::sync::Arc;

use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    error::{Code, Result},
    object::{Action, Object, Ownership},
    permit::Permit,
};

/// Which records a grant covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// All of the workspace.
    All,
    /// Those that belong to the user; what belongs to everybody counts as theirs.
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

/// Which objects a grant covers.
#[derive(Clone, Copy, Debug)]
pub enum Objects {
    /// Every object.
    Any,
    /// The objects of these names.
    Named(&'static [&'static str]),
    /// The objects whose records belong to users.
    Owned,
    /// The objects whose records belong to everybody.
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

/// What a role may do with which records.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// With records of these objects,
    pub objects: Objects,
    /// it may do this,
    pub actions: &'static [Action],
    /// with these records.
    pub rows: Rows,
}

/// A role: the first grant that covers an object decides; without one the role may do nothing with it.
#[derive(Debug)]
pub struct Role {
    /// Its name, as stored and shown: `OWNER`.
    pub name: &'static str,
    /// What it is for, for clients.
    pub doc: &'static str,
    /// What it may do.
    pub grants: &'static [Grant],
    /// Whether it may read sensitive fields.
    pub reads_sensitive: bool,
}

impl Role {
    /// The objects that the role names and may not read.
    pub fn closed(&self) -> impl Iterator<Item = &'static str> {
        let closed = self.grants.iter().filter(|grant| !grant.actions.contains(&Action::Read));
        closed.flat_map(|grant| match grant.objects {
            Objects::Named(names) => names.iter().copied(),
            _ => [].iter().copied(),
        })
    }

    /// What the role may do with this object.
    pub fn grant(&self, object: &Object, action: Action) -> Option<&Grant> {
        let grant = self.grants.iter().find(|grant| grant.objects.cover(object))?;
        grant.actions.contains(&action).then_some(grant)
    }
}

/// Through what a change came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// One of the doors.
    Api,
    /// An import.
    Import,
    /// The command line of the server.
    CommandLine,
}

impl Origin {
    /// As events show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Api => "API",
            Origin::Import => "IMPORT",
            Origin::CommandLine => "COMMAND_LINE",
        }
    }
}

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The workspace of the credential, the only one the actor can reach.
    pub workspace: Uuid,
    /// The user who acts.
    pub user: Uuid,
    /// The key that was presented; none for the server's own command line.
    pub credential: Option<Uuid>,
    /// What the actor may do.
    pub role: &'static Role,
    /// The workspace's time zone, in which days begin and end.
    pub zone: Tz,
    /// Through what the actor came.
    pub origin: Origin,
    /// The request, as the log and the events name it.
    pub request_id: Arc<str>,
    /// The state of the workspace's access under which the credential was looked up: what is written holds only
    /// while that state lasts. None for the server itself.
    pub epoch: Option<i64>,
    /// Whether the credential was looked up for an earlier request: then what is read, too, holds only while that
    /// state lasts.
    pub remembered: bool,
}

impl Actor {
    /// Asks for leave to do something with records of an object.
    pub fn permit(&self, object: &Arc<Object>, action: Action) -> Result<Permit> {
        match self.role.grant(object, action) {
            Some(grant) => Ok(Permit::grant(self, object, action, grant.rows)),
            None => Err(Code::Forbidden.into()),
        }
    }
}
