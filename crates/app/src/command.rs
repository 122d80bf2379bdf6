//! Commands: named operations of an object. A command is its input with a `run`; one registration makes the
//! REST endpoint, the GraphQL mutation, the documentation, the permission and the transaction.

use std::{borrow::Cow, future::Future, pin::Pin};

use kernel::{
    Code, Error, Of, Record, Result, Violation,
    actor::Actor,
    object::{Action, ObjectType},
    text::trim,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};
use uuid::Uuid;
use validator::{Validate, ValidationError, ValidationErrors};

use crate::{Kith, operation::finish, schema, unit_of_work::UnitOfWork};

/// The specification of a command.
#[derive(Debug)]
pub struct Spec {
    /// Its name: `moveDeal`.
    pub name: &'static str,
    /// The object it belongs to.
    pub object: &'static str,
    /// The last part of its path: `move`.
    pub path: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// The action that its actor must be permitted.
    pub action: Action,
    /// Whether the caller must say which version it has seen.
    pub needs_version: bool,
    /// Whether it only starts the work: its answer is the job that does it.
    pub starts_job: bool,
    /// Its outputs.
    pub outputs: &'static [Output],
}

impl Spec {
    /// A command that changes records of an object.
    pub const fn new(
        object: &'static str,
        name: &'static str,
        path: &'static str,
        doc: &'static str,
        outputs: &'static [Output],
    ) -> Self {
        Self {
            name,
            object,
            path,
            doc,
            action: Action::Update,
            needs_version: false,
            starts_job: false,
            outputs,
        }
    }

    /// A command that only starts the work: its answer is the job that does it.
    pub const fn starting_job(
        object: &'static str,
        name: &'static str,
        path: &'static str,
        doc: &'static str,
    ) -> Self {
        const JOB: &[Output] = &[record("job", "job", "The job that does the work.")];
        Self { starts_job: true, ..Self::new(object, name, path, doc, JOB) }
    }

    /// It creates records.
    #[must_use]
    pub const fn creating(self) -> Self {
        Self { action: Action::Create, ..self }
    }

    /// The caller must say which version it has seen.
    #[must_use]
    pub const fn versioned(self) -> Self {
        Self { needs_version: true, ..self }
    }
}

/// One thing a command answers.
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

/// An output that is a record.
pub const fn record(name: &'static str, object: &'static str, doc: &'static str) -> Output {
    Output { name, kind: OutputKind::Record(object), doc }
}

/// The products of a command, in the order of its outputs; `Nothing` for an absent output.
pub type Produced = Vec<Product>;

/// One thing a command produced.
#[derive(Clone, Debug)]
pub enum Product {
    /// A record, by its id.
    Record(Uuid),
    /// A text.
    Text(String),
    /// Nothing.
    Nothing,
}

impl<O: ObjectType> From<&Of<O>> for Product {
    fn from(record: &Of<O>) -> Self {
        Product::Record(record.id())
    }
}

/// The subject of a command: a record, or the object as a whole.
pub trait Subject: Sized + Send {
    /// Whether it is a record.
    const IS_RECORD: bool;
    /// Takes the record the caller named.
    fn from(record: Option<Record>) -> Result<Self>;
}

impl<O: ObjectType> Subject for Of<O> {
    const IS_RECORD: bool = true;
    fn from(record: Option<Record>) -> Result<Self> {
        Of::new(record.ok_or(Code::NotFound)?)
    }
}

impl Subject for () {
    const IS_RECORD: bool = false;
    fn from(_: Option<Record>) -> Result<Self> {
        Ok(())
    }
}

/// A command: its fields are its input.
pub trait Command: DeserializeOwned + Validate + PartialSchema + Send + 'static {
    /// The specification.
    const SPEC: Spec;
    /// Its subject.
    type On: Subject;
    /// Does it. The actor has leave, the record is locked and its version checked; all that is written here
    /// is committed together, or not at all.
    fn run(self, work: &mut UnitOfWork, on: Self::On) -> impl Future<Output = Result<Produced>> + Send;
}

/// A call of a command.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The record it is about.
    pub id: Option<Uuid>,
    /// The version of it that the caller has seen.
    pub expected_version: Option<i64>,
    /// The command's own input.
    pub input: Map<String, Json>,
}

type RunFn =
    for<'a> fn(&'a Kith, &'a Actor, Call) -> Pin<Box<dyn Future<Output = Result<Produced>> + Send + 'a>>;

/// A command in the registry.
pub struct Registered {
    /// The specification.
    pub spec: Spec,
    /// Whether it is about one record.
    pub on_record: bool,
    /// The schema of its input.
    pub input: RefOr<Schema>,
    run: RunFn,
}

impl Registered {
    /// Registers a command.
    pub fn of<C: Command>() -> Self {
        Self {
            spec: C::SPEC,
            on_record: C::On::IS_RECORD,
            input: C::schema(),
            run: |kith, actor, call| Box::pin(run::<C>(kith, actor, call)),
        }
    }

    /// Runs the command for an actor.
    pub async fn run(&self, kith: &Kith, actor: &Actor, call: Call) -> Result<Produced> {
        (self.run)(kith, actor, call).await
    }
}

async fn run<C: Command>(kith: &Kith, actor: &Actor, call: Call) -> Result<Produced> {
    let (object, call) = (kith.object(C::SPEC.object)?, &call);
    let run = |actor: Actor| async move {
        let permit = actor.permit_command(object, C::SPEC.name)?;
        if C::SPEC.needs_version && call.expected_version.is_none() {
            return Err(Code::VersionRequired.into());
        }
        let command = read::<C>(call.input.clone())?;
        let mut work = UnitOfWork::begin(kith, &actor).await?;
        let produced = on(&mut work, &permit, call.id, call.expected_version, command).await;
        finish(work, produced).await
    };
    kith.with_retries(actor, run).await
}

async fn on<C: Command>(
    work: &mut UnitOfWork,
    permit: &kernel::Permit,
    id: Option<Uuid>,
    expected: Option<i64>,
    command: C,
) -> Result<Produced> {
    let record = match id {
        Some(id) if C::On::IS_RECORD => Some(work.lock(permit, id, expected).await?),
        _ => None,
    };
    command.run(work, <C::On as Subject>::from(record)?).await
}

/// Reads and checks the input: all that is wrong at once.
fn read<C: Command>(mut input: Map<String, Json>) -> Result<C> {
    // Texts are read as those of records are: blank is nothing.
    for json in input.values_mut() {
        if let Json::String(text) = json {
            *json = match trim(text) {
                "" => Json::Null,
                text => Json::from(text),
            };
        }
    }
    // The schema says what is wrong with single members, the validator what is wrong among them.
    let mut violations = schema::check(&C::schema(), &input);
    match serde_json::from_value::<C>(Json::Object(input)) {
        Ok(command) => {
            violations.extend(command.validate().err().iter().flat_map(violations_of));
            if violations.is_empty() {
                return Ok(command);
            }
        }
        Err(error) if violations.is_empty() => {
            violations.push(Violation::new(Code::WrongType, "", error.to_string()));
        }
        Err(_) => {}
    }
    Err(Error::invalid(violations))
}

/// A rule across members that an input breaks, for `#[validate(schema(…))]`: the member to mend, and why.
pub fn broken(code: Code, member: &'static str, detail: &'static str) -> ValidationError {
    let mut error = ValidationError::new(code.as_str()).with_message(Cow::Borrowed(detail));
    error.add_param(Cow::Borrowed(MEMBER), &member);
    error
}

const MEMBER: &str = "member";

/// The rules that an input breaks. The offending values, which the validator knows too, may be secrets.
fn violations_of(errors: &ValidationErrors) -> Vec<Violation> {
    let violation = |error: &ValidationError| {
        let member = error.params.get(MEMBER).and_then(Json::as_str).unwrap_or_default();
        let code = Code::ALL.iter().find(|code| code.as_str() == error.code).copied();
        let detail = error.message.as_deref().unwrap_or("the input breaks a rule");
        Violation::new(code.unwrap_or(Code::Invalid), format!("/{member}"), detail)
    };
    errors.field_errors().into_values().flatten().map(violation).collect()
}
