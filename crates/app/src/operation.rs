//! Operations, as data: what callers may ask for. Both doors, their documents, the permissions and the tests' walks
//! read this registry; those that write are performed by [`Kith::perform`](crate::Kith::perform).

mod perform;
pub(crate) mod standard;

use std::{fmt, pin::Pin, sync::Arc};

use kernel::{
    Of, Permit, Record, Result,
    actor::Actor,
    input::Purpose,
    object::{Action, Object, ObjectType},
};
use serde_json::{Map, Value as Json};
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::{
    unit_of_work::UnitOfWork,
    view::{Collection, View},
};

pub use perform::{Mode, Reading};

/// An operation of an object.
pub struct Operation {
    /// Its name: `createContact`, `moveDeal`. Mutations are called by it, and OpenAPI's operations.
    pub name: String,
    /// The object it belongs to.
    pub object: Arc<Object>,
    /// The action that its caller must be permitted.
    pub action: Action,
    /// Whether it is about one record, by its id, rather than about the object as a whole.
    pub on_record: bool,
    /// Its endpoint in REST.
    pub endpoint: Endpoint,
    /// Other endpoints of it, which the document tells of in passing.
    pub aliases: &'static [Endpoint],
    /// Its description, for clients.
    pub doc: String,
    /// What kind of operation it is.
    pub kind: OperationKind,
}

/// An endpoint of an operation in REST, below the path of its object or record.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// The HTTP method.
    pub method: &'static str,
    /// The last part of the path; empty for the path of the object or record itself.
    pub path: &'static str,
}

impl Endpoint {
    pub(crate) const fn new(method: &'static str, path: &'static str) -> Self {
        Self { method, path }
    }

    pub(crate) const fn get(path: &'static str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) const fn post(path: &'static str) -> Self {
        Self::new("POST", path)
    }
}

/// The kind of an operation.
pub enum OperationKind {
    /// Lists records.
    List,
    /// Lists records, by a request with a body.
    Search,
    /// Gets a record.
    Get,
    /// Gets a record and what is around it.
    View(&'static View),
    /// Lists the records that a record stands for.
    Collection(&'static Collection),
    /// Gets the content of a file.
    Download,
    /// Stores a file.
    Upload,
    /// Changes records in a unit of work.
    Write(Box<Write>),
}

/// An operation that changes records in a unit of work.
pub struct Write {
    /// What it takes.
    pub input: InputKind,
    /// The contract's name of what it takes.
    pub input_type: String,
    /// What it answers.
    pub outputs: Vec<Output>,
    /// Whether it is a standard operation. Roles grant these by their action, REST answers them with the record itself, as
    /// `fields` and `include` ask for it, and they may be begun under a cached credential. A command is granted by its
    /// name, and answers its outputs by theirs.
    pub is_standard: bool,
    /// Whether the caller must say which version it has seen.
    pub needs_version: bool,
    /// Whether it only starts the work: its answer is the job that does it.
    pub starts_job: bool,
    pub(crate) prepare: Prepare,
}

/// What an operation that writes takes, beside a record's id and version.
pub enum InputKind {
    /// Nothing.
    Nothing,
    /// The object's own fields.
    Fields(Purpose),
    /// Members with a schema of their own.
    Members(Box<RefOr<Schema>>),
}

/// One thing that an operation answers.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Its name in the answer.
    pub name: &'static str,
    /// Its kind.
    pub kind: OutputKind,
    /// Its description, for clients.
    pub doc: &'static str,
}

/// The kind of an output.
#[derive(Clone, Copy, Debug)]
pub enum OutputKind {
    /// A record of the named object.
    Record(&'static str),
    /// A text.
    Text,
}

/// The products of an operation, in the order of its outputs.
pub type Produced = Vec<Product>;

/// One thing that an operation produced.
#[derive(Clone, Debug)]
pub enum Product {
    /// A record that is at hand, as it now is.
    Record(Record),
    /// A record, by its id.
    Id(Uuid),
    /// A text.
    Text(String),
    /// Nothing.
    Nothing,
}

impl<O: ObjectType> From<Of<O>> for Product {
    fn from(record: Of<O>) -> Self {
        Self::Record(record.into_inner())
    }
}

/// A call of an operation that writes.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The record it is about.
    pub id: Option<Uuid>,
    /// The version of it that the caller has seen.
    pub expected_version: Option<i64>,
    /// What the operation takes.
    pub input: Map<String, Json>,
    /// Whether it is done, or only tried.
    pub mode: Mode,
}

/// Reads and checks a call without touching the database, and leaves what is to be done.
pub(crate) type Prepare = fn(&Permit, &Call) -> Result<Step>;
/// What is to be done in the unit of work, under the permit for it.
pub(crate) type Step = Box<dyn for<'a> FnOnce(&'a mut UnitOfWork, &'a Permit) -> Doing<'a, Produced> + Send>;
pub(crate) type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl Operation {
    /// Its endpoints in REST.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        std::iter::once(&self.endpoint).chain(self.aliases)
    }

    /// Whether its request may have a body in REST.
    pub fn takes_body(&self) -> bool {
        !matches!(self.endpoint.method, "GET" | "DELETE")
    }

    /// The write that it is, if it is one.
    pub fn write(&self) -> Option<&Write> {
        match &self.kind {
            OperationKind::Write(write) => Some(write),
            _ => None,
        }
    }

    /// Whether roles grant it by its name, rather than with all others of its action.
    pub fn is_named(&self) -> bool {
        match &self.kind {
            OperationKind::Write(write) => !write.is_standard,
            kind => matches!(kind, OperationKind::Upload),
        }
    }

    /// Whether it can be begun under a cached credential, and done again from the start where that turns out to be
    /// stale: it reads, or it changes one record, and not one by which callers are known.
    pub fn is_repeatable(&self) -> bool {
        match &self.kind {
            OperationKind::Write(write) => write.is_standard && !self.object.governs_access,
            kind => !matches!(kind, OperationKind::Upload),
        }
    }

    /// The actor's permit for it.
    pub fn permit(&self, actor: &Actor) -> Result<Permit> {
        match self.is_named() {
            true => actor.permit_command(&self.object, &self.name),
            false => actor.permit(&self.object, self.action),
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}
