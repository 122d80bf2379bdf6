//! The GraphQL schema, built from the registry and the commands.

pub mod input;
pub mod mutation;
pub mod output;
pub mod query;

use app::command::Registered;
use async_graphql::dynamic::{Scalar, Schema, SchemaBuilder, SchemaError};
use kernel::Registry;

use super::{extension::Plans, guard::MAX_NESTING};

/// The interface that every record implements.
pub const NODE: &str = "Node";

/// The type of a mutation's answer.
pub fn payload_name(mutation: &str) -> String {
    format!("{}Payload", kernel::text::pascal(mutation))
}

/// Builds the schema.
pub fn build(registry: &Registry, commands: &[Registered]) -> Result<Schema, SchemaError> {
    let mut types = Types(Schema::build("Query", Some("Mutation"), None));
    for (name, doc) in [
        ("Date", "A calendar day, `YYYY-MM-DD`."),
        ("Instant", "A point in time by RFC 3339, in UTC with milliseconds: `2026-01-31T12:00:00.000Z`."),
        ("InstantOperand", "An `Instant`, or a duration from now by ISO 8601: `{relative: \"-P30D\"}`."),
        ("DateOperand", "A `Date`, or a duration from today by ISO 8601: `{relative: \"-P30D\"}`."),
        ("Decimal", "A decimal number as text, so that no digit is lost: `\"1234.50\"`."),
        ("BigInt", "A whole number beyond 32 bits, as a JSON number."),
        ("JSON", "A JSON document."),
    ] {
        types.add(Scalar::new(name).description(doc));
    }
    output::register(&mut types, registry);
    input::register(&mut types, registry);
    query::register(&mut types, registry);
    mutation::register(&mut types, registry, commands);
    types.0.extension(Plans).limit_recursive_depth(MAX_NESTING).disable_suggestions().finish()
}

/// The schema in its own language, as it is committed.
pub fn sdl(registry: &Registry, commands: &[Registered]) -> Result<String, SchemaError> {
    Ok(build(registry, commands)?.sdl())
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
