//! For tests: the statements that this process has sent to PostgreSQL, each once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use sea_orm::sea_query::{ArrayType, Value};
use sea_query_sqlx::SqlxValues;
use uuid::Uuid;

use crate::dialect::{Dialect, Parameters};

/// What is known of a statement's parameters.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// PostgreSQL's types of the first parameters; the others follow from the statement.
    pub types: Vec<String>,
    /// The numbers of the parameters that were the workspace every time; not known of a statement that was sent for
    /// no workspace.
    pub workspace: Option<BTreeSet<usize>>,
}

static STATEMENTS: Mutex<BTreeMap<String, Recorded>> = Mutex::new(BTreeMap::new());

/// Takes the statements out of the record.
pub fn take() -> BTreeMap<String, Recorded> {
    std::mem::take(&mut *STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Records a statement.
pub(crate) fn note(dialect: Dialect, sql: &str, workspace: Uuid, values: Option<&SqlxValues>) {
    if dialect != Dialect::Postgres {
        return;
    }
    let mut statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = statements.entry(sql.to_owned()).or_default();
    let Some(SqlxValues(values)) = values else { return };
    known.types = values.0.iter().map(type_of).collect();
    if !workspace.is_nil() {
        let here = Value::from(workspace);
        let places = (1..).zip(&values.0).filter(|(_, value)| **value == here).map(|(place, _)| place);
        let places: BTreeSet<usize> = places.collect();
        let both = known.workspace.take().map(|known| known.intersection(&places).copied().collect());
        known.workspace = Some(both.unwrap_or(places));
    }
}

/// The parameters, where they can be looked at.
pub(crate) fn values(parameters: &Parameters) -> Option<&SqlxValues> {
    match parameters {
        Parameters::Values(values) => Some(values),
        Parameters::Arrays(_) => None,
    }
}

fn type_of(value: &Value) -> String {
    let (of, dimension) = match value {
        Value::Array(of, _) => (of.clone(), "[]"),
        scalar => (scalar.array_type(), ""),
    };
    let name = match of {
        ArrayType::Bool => "boolean",
        ArrayType::Int => "integer",
        ArrayType::BigInt => "bigint",
        ArrayType::String => "text",
        ArrayType::Bytes => "bytea",
        ArrayType::Uuid => "uuid",
        ArrayType::ChronoDate => "date",
        ArrayType::ChronoDateTimeUtc => "timestamptz",
        _ => "unknown",
    };
    format!("{name}{dimension}")
}
