//! An operation as it was sent: read, but not yet validated.

use async_graphql::{
    parser::{
        parse_query,
        types::{BaseType, ExecutableDocument, OperationDefinition, OperationType, Type},
    },
    registry::{MetaType, Registry},
};
use kernel::{Code, Error, Result};
use serde_json::{Map, Value as Json};

use super::{coerce::coerce, document, guard};

/// An operation.
pub struct Operation {
    /// The document it stands in.
    pub document: ExecutableDocument,
    /// Its name, where the client said which operation of the document is meant.
    pub name: Option<String>,
    /// The variables it declares.
    pub parameters: Parameters,
}

impl Operation {
    /// Reads a text that may be anything.
    pub fn read(registry: &Registry, text: &str, name: Option<String>) -> Result<Self> {
        guard::check(text).map_err(|refusal| {
            let code = if refusal.is_about_text() { Code::Malformed } else { Code::QueryTooComplex };
            Error::new(code, refusal.detail).with("reason", refusal.reason)
        })?;
        let document = parse_query(text).map_err(|error| Error::new(Code::Malformed, error.to_string()))?;
        let meant = document::operation(&document, name.as_deref())?;
        for (_, operation) in document.operations.iter() {
            expect_types(registry, &operation.node)?;
        }
        if meant.ty == OperationType::Subscription {
            return Err(Error::new(Code::InvalidQuery, "there are no subscriptions"));
        }
        let parameters = Parameters::of(registry, meant)?;
        Ok(Self { document, name, parameters })
    }

    /// The operation itself.
    pub fn definition(&self) -> Result<&OperationDefinition> {
        document::operation(&self.document, self.name.as_deref())
    }
}

/// Refuses variables of types that are none: async-graphql 7.2.1 panics on some of them that have a default.
fn expect_types(registry: &Registry, operation: &OperationDefinition) -> Result<()> {
    for definition in &operation.variable_definitions {
        let name = base(&definition.node.var_type.node);
        if !registry.types.get(name).is_some_and(MetaType::is_input) {
            return Err(Error::new(Code::InvalidQuery, format!("there is no input type {name}")));
        }
    }
    Ok(())
}

fn base(of: &Type) -> &str {
    let mut of = &of.base;
    loop {
        match of {
            BaseType::Named(name) => return name,
            BaseType::List(inner) => of = &inner.base,
        }
    }
}

/// The variables that an operation declares.
pub struct Parameters(Vec<Parameter>);

struct Parameter {
    name: String,
    of: String,
    default: Option<Json>,
}

impl Parameters {
    fn of(registry: &Registry, operation: &OperationDefinition) -> Result<Self> {
        let (mut parameters, mut violations) = (Vec::new(), Vec::new());
        for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
            let (name, of) = (definition.name.node.to_string(), definition.var_type.node.to_string());
            let default = definition.default_value.as_ref().map(|default| {
                let json = default.node.clone().into_json().unwrap_or_default();
                coerce(registry, &of, json)
            });
            match default.transpose() {
                Ok(default) => parameters.push(Parameter { name, of, default }),
                Err(fault) => violations.push(fault.within(name).violation()),
            }
        }
        if violations.is_empty() { Ok(Self(parameters)) } else { Err(Error::invalid(violations)) }
    }

    /// A value for every variable: what was sent, else its default, else null. What else was sent is left out.
    pub fn fill(&self, registry: &Registry, mut sent: Map<String, Json>) -> Result<Map<String, Json>> {
        let (mut values, mut violations) = (Map::new(), Vec::new());
        for Parameter { name, of, default } in &self.0 {
            let value = match (sent.remove(name), default) {
                (None, Some(default)) => Ok(default.clone()),
                (sent, _) => coerce(registry, of, sent.unwrap_or_default()),
            };
            match value {
                Ok(value) => drop(values.insert(name.clone(), value)),
                Err(fault) => violations.push(fault.within(name).violation()),
            }
        }
        if violations.is_empty() { Ok(values) } else { Err(Error::invalid(violations)) }
    }

    /// Whether a variable is never null.
    pub fn is_never_null(&self, variable: &str) -> bool {
        self.0.iter().any(|parameter| parameter.name == variable && parameter.of.ends_with('!'))
    }
}
