//! Commands: named operations of an object. A command is its input with a `run`; one registration makes the
//! REST endpoint, the GraphQL mutation, the documentation, the permission and the transaction.

use std::{borrow::Cow, future::Future, sync::Arc};

use kernel::{
    Code, Error, Of, Permit, Record, Result, Violation,
    object::{Action, Object, ObjectType},
    text::trim,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};
use validator::{Validate, ValidationError, ValidationErrors};

use crate::{
    contract,
    operation::{Call, Endpoint, InputKind, Operation, OperationKind, Prepare, Step, Write},
    schema,
    unit_of_work::UnitOfWork,
};

pub use crate::operation::{Output, OutputKind, Produced, Product};

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

/// An output that is a record.
pub const fn record(name: &'static str, object: &'static str, doc: &'static str) -> Output {
    Output { name, kind: OutputKind::Record(object), doc }
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

/// A command, to be registered.
pub struct Registered {
    /// The specification.
    pub spec: Spec,
    on_record: bool,
    input: RefOr<Schema>,
    prepare: Prepare,
}

impl Registered {
    /// Registers a command.
    pub fn of<C: Command>() -> Self {
        Self { spec: C::SPEC, on_record: C::On::IS_RECORD, input: C::schema(), prepare: prepare::<C> }
    }

    /// The operation that it is.
    pub(crate) fn operation(self, object: Arc<Object>) -> Operation {
        let Self { spec, on_record, input, prepare } = self;
        Operation {
            name: spec.name.to_owned(),
            object,
            action: spec.action,
            on_record,
            endpoint: Endpoint::post(spec.path),
            aliases: &[],
            doc: spec.doc.to_owned(),
            kind: OperationKind::Write(Box::new(Write {
                input: InputKind::Members(Box::new(input)),
                input_type: contract::input(spec.name),
                outputs: spec.outputs.to_vec(),
                is_standard: false,
                needs_version: spec.needs_version,
                starts_job: spec.starts_job,
                prepare,
            })),
        }
    }
}

fn prepare<C: Command>(_: &Permit, call: &Call) -> Result<Step> {
    let command = read::<C>(call.input.clone())?;
    let (id, seen) = (call.id.filter(|_| C::On::IS_RECORD), call.expected_version);
    Ok(Box::new(move |work, permit| {
        Box::pin(async move {
            let record = match id {
                Some(id) => Some(work.lock(permit, id, seen).await?),
                None => None,
            };
            command.run(work, <C::On as Subject>::from(record)?).await
        })
    }))
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
