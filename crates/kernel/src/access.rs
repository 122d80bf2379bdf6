//! Access: a role compiled against a registry, once. What a caller may do is looked up here and derived nowhere else.

use std::sync::Arc;

use crate::{
    error::{Code, Error, Result},
    object::{Action, Attribute, Object, Over, Ownership, Path},
    permit::{Holder, Permit},
    predicate::{Parser, Predicate},
    registry::Registry,
    role::{Grant, Objects, Role, Rows},
};

/// The role of the system itself, which may do everything.
static SYSTEM: Role = Role {
    name: "SYSTEM",
    doc: "The system itself.",
    grants: &[Grant::new(Objects::Any, Action::ALL, Rows::All)],
    reads_sensitive: true,
};

/// A named operation of an object, as permission knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// Its name: `moveDeal`.
    pub name: String,
    /// Its object.
    pub object: &'static str,
    /// The action that it comes to.
    pub action: Action,
}

/// The access of every role to the objects of a registry.
#[derive(Debug)]
pub struct Policy {
    roles: Vec<Arc<Access>>,
    system: Arc<Access>,
}

impl Policy {
    /// Compiles the roles.
    pub fn new(registry: &Registry, roles: &[&'static Role], commands: &[Command]) -> Self {
        let system = Access::system(registry, commands);
        let compile = |role| Arc::new(Access::compile(role, registry, commands, Some(&system)));
        Self { roles: roles.iter().copied().map(compile).collect(), system }
    }

    /// Every role's access.
    pub fn roles(&self) -> &[Arc<Access>] {
        &self.roles
    }

    /// The access of the role of that name.
    pub fn role(&self, name: &str) -> Option<&Arc<Access>> {
        self.roles.iter().find(|access| access.role.name == name)
    }

    /// The system's own access, under which rules look at records and create related ones.
    pub fn system(&self) -> &Arc<Access> {
        &self.system
    }
}

/// The access of a role: what it may do with each object of a registry.
#[derive(Debug)]
pub struct Access {
    role: &'static Role,
    /// By the objects' places in the registry.
    objects: Vec<Arc<ObjectAccess>>,
    closed: Vec<&'static str>,
    faults: Vec<Error>,
}

impl Access {
    /// Compiles a role.
    pub fn new(role: &'static Role, registry: &Registry, commands: &[Command]) -> Self {
        Self::compile(role, registry, commands, Some(&Self::system(registry, commands)))
    }

    fn system(registry: &Registry, commands: &[Command]) -> Arc<Self> {
        Arc::new(Self::compile(&SYSTEM, registry, commands, None))
    }

    /// Compiles a role; predicates on rows are read under the access of the system.
    fn compile(
        role: &'static Role,
        registry: &Registry,
        commands: &[Command],
        system: Option<&Arc<Self>>,
    ) -> Self {
        let mut faults = Vec::new();
        let mut compile = |object: &Arc<Object>| {
            let mut access = ObjectAccess::new(role, object, commands);
            match access.matching(system) {
                Ok(matching) => access.matching = matching,
                Err(error) => {
                    access.close();
                    faults.push(error);
                }
            }
            access
        };
        let mut objects: Vec<_> = registry.objects().iter().map(&mut compile).collect();
        let passages: Vec<Vec<_>> = objects.iter().map(|near| near.passages(&objects)).collect();
        for (object, links) in objects.iter_mut().zip(passages) {
            object.links = links;
        }
        let mut logs = objects.iter().filter(|access| access.object.tells_of.is_some());
        let own_only = logs.all(|log| log.rows == Rows::Own);
        let closed = objects.iter().filter(|access| access.closes_events(own_only));
        let closed = closed.map(|access| access.object.name).collect();
        Self { role, closed, faults, objects: objects.into_iter().map(Arc::new).collect() }
    }

    /// What is wrong with the role's predicates on rows. An object whose predicate cannot be read is closed to the role.
    pub fn faults(&self) -> &[Error] {
        &self.faults
    }

    /// The role.
    pub fn role(&self) -> &'static Role {
        self.role
    }

    /// The access to each object, in the order of the registry.
    pub fn objects(&self) -> &[Arc<ObjectAccess>] {
        &self.objects
    }

    /// The objects whose records' events must not be seen.
    pub fn closed(&self) -> &[&'static str] {
        &self.closed
    }

    /// The access to an object; forbidden for an object of another registry.
    pub(crate) fn to(&self, object: &Arc<Object>) -> Result<&Arc<ObjectAccess>> {
        let access = self.objects.get(object.place);
        access.filter(|access| Arc::ptr_eq(&access.object, object)).ok_or_else(|| Code::Forbidden.into())
    }

    pub(crate) fn at(&self, place: usize) -> Option<&Arc<ObjectAccess>> {
        self.objects.get(place)
    }
}

/// The access of a role to the records of an object.
#[derive(Debug)]
pub struct ObjectAccess {
    object: Arc<Object>,
    /// A bit for each action.
    actions: u8,
    commands: Vec<Command>,
    rows: Rows,
    /// The predicate on the rows, if there is one.
    matching: Option<Predicate>,
    /// By the fields' places.
    readable: Box<[bool]>,
    writable: Box<[bool]>,
    /// By the links' places.
    links: Vec<Passage>,
}

/// Where a link leads, or why it may not be followed.
#[derive(Clone, Copy, Debug)]
enum Passage {
    /// To the object at that place.
    To(usize),
    Refused(Code),
}

impl ObjectAccess {
    fn new(role: &Role, object: &Arc<Object>, commands: &[Command]) -> Self {
        let grant = role.grant(object);
        let actions = grant.map_or(&[][..], |grant| grant.actions);
        let hidden = grant.map_or(&[][..], |grant| grant.hidden);
        let locked = grant.map_or(&[][..], |grant| grant.locked);
        let readable =
            |field: &Attribute| (role.reads_sensitive || !field.sensitive) && !hidden.contains(&field.name);
        let writable = |field: &Attribute| readable(field) && !locked.contains(&field.name);
        let granted = |command: &&Command| command.object == object.name && actions.contains(&command.action);
        Self {
            actions: actions.iter().fold(0, |bits, action| bits | bit(*action)),
            commands: commands.iter().filter(granted).cloned().collect(),
            rows: grant.map_or(Rows::Own, |grant| grant.rows),
            matching: None,
            readable: object.attributes.iter().map(readable).collect(),
            writable: object.attributes.iter().map(writable).collect(),
            links: Vec::new(),
            object: Arc::clone(object),
        }
    }

    /// Reads the predicate on the rows, if there is one.
    fn matching(&self, system: Option<&Arc<Access>>) -> Result<Option<Predicate>> {
        let (Rows::Matching(text), Some(system)) = (self.rows, system) else { return Ok(None) };
        let json = crate::json::parse(text.as_bytes())?;
        let permit = Permit::grant(system, Holder::NOBODY, &self.object, Action::Read)?;
        Parser::timeless().parse(&permit, &json, "").map(Some)
    }

    fn close(&mut self) {
        self.actions = 0;
        self.commands.clear();
        self.matching = Some(Predicate::Any(Vec::new()));
    }

    /// The object.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Whether the action is allowed.
    pub fn allows(&self, action: Action) -> bool {
        self.actions & bit(action) != 0
    }

    /// The commands that are allowed.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The records.
    pub fn rows(&self) -> Rows {
        self.rows
    }

    /// The predicate on the records, for whoever holds a permit; none if the rows are not given by one.
    pub(crate) fn matching_for(&self, holder: Holder) -> Option<Predicate> {
        self.matching.as_ref().map(|matching| matching.held_by(holder))
    }

    /// Whether the field may be read; one of another object may not.
    pub fn may_read(&self, field: &Attribute) -> bool {
        self.owns(field) && self.reads(field.index)
    }

    /// Whether the field may be written; one of another object may not.
    pub fn may_write(&self, field: &Attribute) -> bool {
        self.owns(field) && self.writable.get(field.index) == Some(&true)
    }

    fn owns(&self, field: &Attribute) -> bool {
        self.object.at(field.index).is_some_and(|own| std::ptr::eq(own, field))
    }

    fn reads(&self, field: usize) -> bool {
        self.readable.get(field) == Some(&true)
    }

    /// The place of the object that a link leads to, if the link may be followed.
    pub(crate) fn follow(&self, link: usize) -> Result<usize> {
        match self.links.get(link) {
            Some(Passage::To(target)) => Ok(*target),
            Some(Passage::Refused(Code::FieldForbidden)) => {
                let name = self.object.links.get(link).map_or("the link", |link| link.name.as_str());
                Err(Error::new(Code::FieldForbidden, format!("your role may not follow {name}")))
            }
            Some(Passage::Refused(code)) => Err((*code).into()),
            None => Err(Code::UnknownField.into()),
        }
    }

    fn passages(&self, objects: &[Self]) -> Vec<Passage> {
        self.object.links.iter().map(|link| self.passage(&link.target, &link.path, objects)).collect()
    }

    /// A link is followed by a field, its own or the other record's, or over the records of a third object. Who may not
    /// read these does not learn by the link what they hold.
    fn passage(&self, target: &str, path: &Path, objects: &[Self]) -> Passage {
        let named = |name: &str| {
            objects.iter().find(|access| access.object.name == name && access.allows(Action::Read))
        };
        let Some(far) = named(target) else { return Passage::Refused(Code::Forbidden) };
        let is_read = match path {
            Path::One { field } => self.reads(*field),
            Path::Many { field } => far.reads(*field),
            Path::Via(via) => match &via.over {
                Over::Near(field) => self.reads(*field),
                Over::Far(field) => far.reads(*field),
                Over::Records { object, near, far } => {
                    let Some(between) = named(object) else { return Passage::Refused(Code::Forbidden) };
                    between.reads(*near) && between.reads(*far)
                }
            },
        };
        if is_read { Passage::To(far.object.place) } else { Passage::Refused(Code::FieldForbidden) }
    }

    /// Whether the events of its records stay hidden. They tell all of a record that is not sensitive; and an event has its
    /// record's owners, but not whether the record matched a predicate when it changed.
    fn closes_events(&self, own_only: bool) -> bool {
        let hides = |field: &Attribute| !field.sensitive && !self.may_read(field);
        let tells_of_others = match self.rows {
            Rows::All => false,
            Rows::Own => !own_only && self.object.ownership != Ownership::Shared,
            Rows::Matching(_) => true,
        };
        tells_of_others || !self.allows(Action::Read) || self.object.attributes.iter().any(hides)
    }
}

fn bit(action: Action) -> u8 {
    match action {
        Action::Read => 1,
        Action::Create => 2,
        Action::Update => 4,
        Action::Delete => 8,
    }
}
