//! The permit for one action on the records of one object. Only an actor grants it, and nothing reaches the database
//! without it: workspace, row scope and fields are read from it.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    access::{Access, ObjectAccess},
    error::{Code, Error, Result},
    object::{Action, Attribute, Object},
    predicate::Predicate,
    role::Rows,
};

/// The permit for one action on the records of one object.
#[derive(Clone, Debug)]
pub struct Permit {
    holder: Holder,
    access: Arc<Access>,
    granted: Arc<ObjectAccess>,
    action: Action,
    unconditional: bool,
}

/// The holder of a permit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub workspace: Uuid,
    pub user: Uuid,
    pub credential: Option<Uuid>,
    /// The epoch of the workspace's access that reads must prove.
    pub epoch: Option<i64>,
}

impl Holder {
    /// Nobody, nowhere: for reading predicates that belong to no one.
    pub const NOBODY: Self =
        Self { workspace: Uuid::nil(), user: Uuid::nil(), credential: None, epoch: None };
}

impl Permit {
    /// The permit that the access grants.
    pub(crate) fn grant(
        access: &Arc<Access>,
        holder: Holder,
        object: &Arc<Object>,
        action: Action,
    ) -> Result<Self> {
        let granted = access.to(object)?;
        if !granted.allows(action) {
            return Err(Code::Forbidden.into());
        }
        let (access, granted) = (Arc::clone(access), Arc::clone(granted));
        Ok(Self { holder, access, granted, action, unconditional: false })
    }

    /// The permit for a command that the access grants.
    pub(crate) fn grant_command(
        access: &Arc<Access>,
        holder: Holder,
        object: &Arc<Object>,
        name: &str,
    ) -> Result<Self> {
        let command = access.to(object)?.commands().iter().find(|command| command.name == name);
        Self::grant(access, holder, object, command.ok_or(Code::Forbidden)?.action)
    }

    /// The permit to read the records behind a link, by its place. There is no other way to them from a record.
    pub fn follow(&self, link: usize) -> Result<Self> {
        let target = self.access.at(self.granted.follow(link)?);
        let granted = target.map(Arc::clone).ok_or(Code::UnknownField)?;
        Ok(Self { granted, action: Action::Read, ..self.clone() })
    }

    /// A permit of the same holder under the same access, for another object or action.
    pub fn beside(&self, object: &Arc<Object>, action: Action) -> Result<Self> {
        Self::grant(&self.access, self.holder, object, action)
    }

    /// The workspace whose records these are.
    pub fn workspace(&self) -> Uuid {
        self.holder.workspace
    }

    /// The credential under which it was granted; none for the server's own command line.
    pub fn credential(&self) -> Option<Uuid> {
        self.holder.credential
    }

    /// The epoch of the workspace's access that reads must prove; none if the credential was just looked up.
    pub fn epoch(&self) -> Option<i64> {
        self.holder.epoch.filter(|_| !self.unconditional)
    }

    /// The permit without the condition on the epoch, for reads in a unit of work, whose commit proves it.
    #[must_use]
    pub fn unconditional(self) -> Self {
        Self { unconditional: true, ..self }
    }

    /// The object.
    pub fn object(&self) -> &Arc<Object> {
        self.granted.object()
    }

    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The records that may be reached.
    pub fn rows(&self) -> Rows {
        self.granted.rows()
    }

    /// Whether all records of the workspace may be reached.
    pub fn reaches_all(&self) -> bool {
        self.rows() == Rows::All
    }

    /// The user whose records alone may be reached; none if it is not ownership that decides.
    pub fn only_of(&self) -> Option<Uuid> {
        (self.rows() == Rows::Own).then_some(self.holder.user)
    }

    /// The predicate on the records that alone may be reached; none if it is not a predicate that decides.
    pub fn only_matching(&self) -> Option<Predicate> {
        self.granted.matching_for(self.holder)
    }

    /// The same permit in other hands.
    pub(crate) fn held_by(&self, holder: Holder) -> Self {
        Self { holder, ..self.clone() }
    }

    /// The name of the role under which it was granted.
    pub fn role(&self) -> &'static str {
        self.access.role().name
    }

    /// The objects whose records' events must not be seen.
    pub fn closed_objects(&self) -> &[&'static str] {
        self.access.closed()
    }

    /// The same access to another object, whose records a log tells of.
    pub fn access_to(&self, object: &Arc<Object>) -> Option<&ObjectAccess> {
        self.access.to(object).ok().map(AsRef::as_ref)
    }

    /// Whether the field, which is the object's own, may be read.
    pub fn may_read(&self, attribute: &Attribute) -> bool {
        self.granted.may_read(attribute)
    }

    /// The field of that name, if there is one and it may be read.
    pub fn readable(&self, name: &str) -> Result<&Attribute> {
        let attribute = self.field(name)?;
        if self.granted.may_read(attribute) {
            return Ok(attribute);
        }
        Err(Error::new(Code::FieldForbidden, format!("your role may not read {name}")))
    }

    /// The field of that name, if there is one and it may be written, which includes that it may be read.
    pub fn writable(&self, name: &str) -> Result<&Attribute> {
        let attribute = self.readable(name)?;
        if self.granted.may_write(attribute) {
            return Ok(attribute);
        }
        Err(Error::new(Code::FieldForbidden, format!("your role may not write {name}")))
    }

    fn field(&self, name: &str) -> Result<&Attribute> {
        let unknown = || {
            let detail = format!("{} has no field {name}", self.object().name);
            Error::new(Code::UnknownField, detail)
        };
        self.object().attribute(name).ok_or_else(unknown)
    }
}
