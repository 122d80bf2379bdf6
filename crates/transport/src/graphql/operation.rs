//! An operation as it was sent: read, but not yet validated.

use async_graphql::{
    Pos, parser,
    parser::{
        parse_query,
        types::{BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Type},
    },
    registry::{MetaType, Registry},
};
use async_graphql_value::Value;
use kernel::{Code, Error, Result, error::Violation};
use serde_json::{Map, Value as Json};

use super::{
    coerce::{coerce, required},
    document::{self, Document},
    error::{self, MAX_FAULTS},
    guard::{self, Refusal},
    literals::{Literals, Varying},
};

/// An operation.
pub struct ParsedOperation {
    /// The document it stands in.
    pub document: ExecutableDocument,
    /// Its name, where the client said which operation of the document is meant.
    pub name: Option<String>,
    /// The variables it declares.
    pub parameters: Parameters,
    /// The arguments that may be wrong with other variables though they are right with some.
    pub varying: Vec<Varying>,
}

impl ParsedOperation {
    /// Reads a text that may be anything.
    pub fn read(registry: &Registry, text: &str, name: Option<String>) -> Result<Self> {
        guard::check(text).map_err(|refusal| refused(&refusal))?;
        let (text, aside) = guard::readable(text).map_err(|refusal| refused(&refusal))?;
        let mut document = parse_query(text).map_err(|error| unreadable(&error))?;
        let meant = document::operation(&document, name.as_deref())?;
        if meant.ty == OperationType::Subscription {
            return Err(Error::new(Code::InvalidQuery, "there are no subscriptions"));
        }
        expect_types(registry, &document)?;
        let mut literals = Literals::of(registry, &mut document, &aside);
        literals.compare(&document);
        if !literals.faults.is_empty() {
            return Err(Error::invalid(literals.faults));
        }
        let parameters = Parameters::of(registry, document::operation(&document, name.as_deref())?)?;
        let said = literals.within(key(&document, name.as_deref()));
        let varying = said.iter().flat_map(|said| &said.varying).filter(|argument| match &argument.value {
            Value::Variable(name) => argument.of.ends_with('!') && !parameters.is_never_null(name),
            _ => true,
        });
        let varying = varying.cloned().collect();
        literals.widen(&mut document);
        Ok(Self { document, name, parameters, varying })
    }

    /// The values of the variables, if the operation is right with them.
    ///
    /// A variable's type fits where the variable stands, so a value of that type fits as well, but for two cases: a
    /// null in place of a default, and a variable within a list or an object, where the rest is judged only with it.
    pub fn fill(&self, registry: &Registry, sent: Map<String, Json>) -> Result<Map<String, Json>> {
        let variables = self.parameters.fill(registry, sent)?;
        let document = Document { document: &self.document, variables: &variables };
        let mut violations = Vec::new();
        for Varying { value, of, name } in &self.varying {
            let Some(value) = document.json(value) else { continue };
            if let Err(faults) = coerce(registry, of, value) {
                violations.extend(faults.within(name.node.as_str()).in_document(name.pos));
            }
        }
        if violations.is_empty() { Ok(variables) } else { Err(Error::invalid(violations)) }
    }

    /// The operation itself.
    pub fn definition(&self) -> Result<&OperationDefinition> {
        document::operation(&self.document, self.name.as_deref())
    }
}

/// Why a document is not given to the parser.
fn refused(refusal: &Refusal) -> Error {
    let code = match refusal {
        refusal if refusal.is_about_text() => Code::Malformed,
        refusal if refusal.is_about_meaning() => Code::InvalidQuery,
        _ => Code::QueryTooComplex,
    };
    let error = Error::new(code, &refusal.detail).with("reason", refusal.reason);
    match refusal.at {
        Some(at) => error.with(error::LOCATIONS, error::locations([Pos::from(at)])),
        None => error,
    }
}

/// What the parser complains of. Of a text that it cannot read it draws a picture, whose last line says what it expects.
fn unreadable(error: &parser::Error) -> Error {
    let (code, detail) = match error {
        parser::Error::Syntax { message, .. } => {
            let last = message.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
            let expected = last.replace('_', " ");
            (
                Code::Malformed,
                format!("the document cannot be read: {}", expected.get(..150).unwrap_or(&expected)),
            )
        }
        other => (Code::InvalidQuery, other.to_string()),
    };
    Error::new(code, detail).with(error::LOCATIONS, error::locations(error.positions()))
}

/// By which name an operation is known in its document.
fn key<'k>(document: &'k ExecutableDocument, name: Option<&'k str>) -> &'k str {
    match &document.operations {
        DocumentOperations::Single(_) => "",
        DocumentOperations::Multiple(all) => {
            name.or_else(|| all.keys().next().map(|name| name.as_str())).unwrap_or_default()
        }
    }
}

/// Refuses variables of types that are none: async-graphql 7.2.1 panics on some of them that have a default.
fn expect_types(registry: &Registry, document: &ExecutableDocument) -> Result<()> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node);
    let definitions = operations.flat_map(|operation| &operation.variable_definitions);
    let unknown = definitions.filter_map(|definition| {
        let name = base(&definition.node.var_type.node);
        if registry.types.get(name).is_some_and(MetaType::is_input) {
            return None;
        }
        let violation = Violation::new(Code::InvalidQuery, "", format!("there is no input type {name}"));
        Some(violation.with(error::LOCATIONS, error::locations([definition.pos])))
    });
    let unknown: Vec<_> = unknown.take(MAX_FAULTS).collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::invalid(unknown)) }
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
    at: Pos,
}

impl Parameters {
    fn of(registry: &Registry, operation: &OperationDefinition) -> Result<Self> {
        let (mut parameters, mut violations) = (Vec::new(), Vec::new());
        for definition in &operation.variable_definitions {
            let (at, definition) = (definition.pos, &definition.node);
            let (name, of) = (definition.name.node.to_string(), definition.var_type.node.to_string());
            let default = definition.default_value.as_ref().map(|default| {
                let json = default.node.clone().into_json().unwrap_or_default();
                coerce(registry, &of, json)
            });
            match default.transpose() {
                Ok(default) => parameters.push(Parameter { name, of, default, at }),
                Err(faults) => violations.extend(faults.within(name).in_variables(at)),
            }
        }
        if violations.is_empty() { Ok(Self(parameters)) } else { Err(Error::invalid(violations)) }
    }

    /// The values of the variables: what was sent, else the default. One that has neither has no value, not even null.
    /// What else was sent is left out.
    pub fn fill(&self, registry: &Registry, mut sent: Map<String, Json>) -> Result<Map<String, Json>> {
        let (mut values, mut violations) = (Map::new(), Vec::new());
        for Parameter { name, of, default, at } in &self.0 {
            let value = match (sent.remove(name), default) {
                (Some(sent), _) => coerce(registry, of, sent),
                (None, Some(default)) => Ok(default.clone()),
                (None, None) if of.ends_with('!') => Err(required()),
                (None, None) => continue,
            };
            match value {
                Ok(value) => drop(values.insert(name.clone(), value)),
                Err(faults) => violations.extend(faults.within(name).in_variables(*at)),
            }
        }
        violations.truncate(MAX_FAULTS);
        if violations.is_empty() { Ok(values) } else { Err(Error::invalid(violations)) }
    }

    /// Whether a variable is never null.
    pub fn is_never_null(&self, variable: &str) -> bool {
        self.0.iter().any(|parameter| parameter.name == variable && parameter.of.ends_with('!'))
    }
}
