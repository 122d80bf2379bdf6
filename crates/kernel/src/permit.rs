//! The permit for one action on the records of one object. Only an actor grants it, and nothing reaches the database
//! without it: workspace, row scope and readable fields are read from it.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    actor::{Actor, Role, Rows},
    error::{Code, Error, Result},
    object::{Action, Attribute, Object},
};

/// The permit for one action on the records of one object.
#[derive(Clone, Debug)]
pub struct Permit {
    workspace: Uuid,
    user: Uuid,
    credential: Option<Uuid>,
    object: Arc<Object>,
    action: Action,
    rows: Rows,
    role: &'static Role,
    epoch: Option<i64>,
    unconditional: bool,
}

impl Permit {
    pub(crate) fn grant(actor: &Actor, object: &Arc<Object>, action: Action, rows: Rows) -> Self {
        Self {
            workspace: actor.workspace,
            user: actor.user,
            credential: actor.credential,
            object: Arc::clone(object),
            action,
            rows,
            role: actor.role,
            epoch: actor.epoch.filter(|_| actor.remembered),
            unconditional: false,
        }
    }

    /// The workspace whose records these are.
    pub fn workspace(&self) -> Uuid {
        self.workspace
    }

    /// The credential under which it was granted; none for the server's own command line.
    pub fn credential(&self) -> Option<Uuid> {
        self.credential
    }

    /// The epoch of the workspace's access that reads must prove; none if the credential was just looked up.
    pub fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    /// The permit without the condition on the epoch, for reading back what this request has just written.
    #[must_use]
    pub fn unconditional(self) -> Self {
        Self { epoch: None, unconditional: true, ..self }
    }

    /// Whether it is for reading back what this request has just written.
    pub fn is_unconditional(&self) -> bool {
        self.unconditional
    }

    /// The object.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The user whose records alone may be reached; none if all may.
    pub fn only_of(&self) -> Option<Uuid> {
        (self.rows == Rows::Own).then_some(self.user)
    }

    /// The objects whose records' events the actor must not see.
    pub fn closed_objects(&self) -> impl Iterator<Item = &'static str> {
        self.role.closed()
    }

    /// Whether the field may be read.
    pub fn may_read(&self, attribute: &Attribute) -> bool {
        self.role.reads_sensitive || !attribute.sensitive
    }

    /// The field of that name, if there is one and it may be read.
    pub fn readable(&self, name: &str) -> Result<&Attribute> {
        let unknown = || {
            let detail = format!("{} has no field {name}", self.object.name);
            Error::new(Code::UnknownField, detail)
        };
        let attribute = self.object.attribute(name).ok_or_else(unknown)?;
        if self.may_read(attribute) {
            return Ok(attribute);
        }
        Err(Error::new(Code::FieldForbidden, format!("your role may not read {name}")))
    }
}
