//! The actor: the workspace, the user, the access of its role. It grants every permit.

use std::sync::Arc;

use chrono_tz::Tz;
use uuid::Uuid;

use crate::{
    access::Access,
    error::Result,
    object::{Action, Object},
    permit::{Holder, Permit},
};

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
    /// The access of its role.
    pub access: Arc<Access>,
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
        Permit::grant(&self.access, self.holder(), object, action)
    }

    /// Grants the permit for a command of an object.
    pub fn permit_command(&self, object: &Arc<Object>, name: &str) -> Result<Permit> {
        Permit::grant_command(&self.access, self.holder(), object, name)
    }

    /// Grants the permit for an action under another access: that of the system, on the actor's behalf.
    pub fn permit_under(&self, access: &Arc<Access>, object: &Arc<Object>, action: Action) -> Result<Permit> {
        Permit::grant(access, self.holder(), object, action)
    }

    fn holder(&self) -> Holder {
        let epoch = self.epoch.filter(|_| self.remembered);
        Holder { workspace: self.workspace, user: self.user, credential: self.credential, epoch }
    }
}
