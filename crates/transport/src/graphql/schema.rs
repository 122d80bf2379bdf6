//! The GraphQL schema, built from the registries of objects and operations.

pub mod input;
pub mod mutation;
pub mod output;
pub mod query;

use app::{Operations, contract};
use async_graphql::dynamic::{Scalar, Schema, SchemaBuilder, SchemaError};
use kernel::Registry;

use super::{extension::ValidationOnly, guard::MAX_NESTING};

/// The interface that every record implements.
pub const NODE: &str = "Node";

/// Builds the schema.
pub fn build(registry: &Registry, operations: &Operations) -> Result<Schema, SchemaError> {
    let mut types = Types(Schema::build("Query", Some("Mutation"), None));
    for (name, doc) in [
        (contract::DATE, "A calendar day, `YYYY-MM-DD`."),
        (
            contract::DATE_TIME,
            "A point in time by RFC 3339, in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.",
        ),
        (contract::DATE_OPERAND, "A `Date`, or an ISO 8601 duration from today: `{relative: \"-P30D\"}`."),
        (
            contract::DATE_TIME_OPERAND,
            "A `DateTime`, or an ISO 8601 duration from now: `{relative: \"-P30D\"}`.",
        ),
        (contract::DECIMAL, "A decimal number as text, so that no digit is lost: `\"1234.50\"`."),
        (contract::BIG_INT, "A whole number of up to 64 bits, as a JSON number."),
        (contract::JSON, "A JSON document."),
    ] {
        types.add(Scalar::new(name).description(doc));
    }
    output::register(&mut types, registry);
    input::register(&mut types, registry);
    query::register(&mut types, registry);
    mutation::register(&mut types, registry, operations);
    types.0.extension(ValidationOnly).limit_recursive_depth(MAX_NESTING).disable_suggestions().finish()
}

/// The schema in its own language, as it is committed.
pub fn sdl(registry: &Registry, operations: &Operations) -> Result<String, SchemaError> {
    Ok(build(registry, operations)?.sdl())
}

/// The types so far.
pub struct Types(SchemaBuilder);

impl Types {
    /// Adds a type.
    pub fn add(&mut self, new: impl Into<async_graphql::dynamic::Type>) {
        let builder = std::mem::replace(&mut self.0, Schema::build("Query", None, None));
        self.0 = builder.register(new);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The schema of all there is.
    pub fn schema() -> Schema {
        let registry = app::registry();
        build(&registry, &app::operations(&registry)).unwrap()
    }
}
