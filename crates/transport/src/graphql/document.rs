//! A parsed document as the planner sees it: fields collected by their response keys (GraphQL
//! specification, section 6.3.2), arguments with their variables filled in.

use async_graphql::{
    Positioned,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection,
        SelectionSet,
    },
};
use async_graphql_value::Value;
use kernel::{Code, Error, Result};
use serde_json::{Map, Value as Json};

/// The operation that is meant.
pub fn operation<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Result<&'d OperationDefinition> {
    let unknown = |detail: &str| Error::new(Code::InvalidQuery, detail);
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => Err(unknown("there is no operation of that name")),
        (DocumentOperations::Multiple(all), Some(name)) => {
            let found = all.get(name).map(|operation| &operation.node);
            found.ok_or_else(|| unknown("there is no operation of that name"))
        }
        (DocumentOperations::Multiple(all), None) => match all.values().next() {
            Some(only) if all.len() == 1 => Ok(&only.node),
            _ => Err(unknown("operationName has to say which of the operations is meant")),
        },
    }
}

/// A field to be answered: all selections of one response key, merged.
pub struct Collected<'d> {
    /// Under which key.
    pub key: &'d str,
    /// Which field.
    pub name: &'d str,
    /// The field where it stands first.
    pub field: &'d Field,
    /// What is selected below it, wherever it stands.
    pub sets: Vec<&'d SelectionSet>,
}

/// A document with its variables.
#[derive(Clone, Copy)]
pub struct Document<'d> {
    /// The document.
    pub document: &'d ExecutableDocument,
    /// The variables, defaults included.
    pub variables: &'d Map<String, Json>,
}

impl<'d> Document<'d> {
    /// The fields that selection sets ask of an object that goes by these type names.
    pub fn fields(&self, sets: &[&'d SelectionSet], types: &[&str]) -> Vec<Collected<'d>> {
        let mut found = Vec::new();
        for set in sets {
            self.collect(set, types, &mut found);
        }
        found
    }

    fn collect(&self, set: &'d SelectionSet, types: &[&str], found: &mut Vec<Collected<'d>>) {
        for selection in &set.items {
            if !self.is_included(selection.node.directives()) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => {
                    let (key, field) = (field.node.response_key().node.as_str(), &field.node);
                    match found.iter_mut().find(|other| other.key == key) {
                        Some(other) => other.sets.push(&field.selection_set.node),
                        None => found.push(Collected {
                            key,
                            name: field.name.node.as_str(),
                            field,
                            sets: vec![&field.selection_set.node],
                        }),
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node)
                        && types.contains(&fragment.node.type_condition.node.on.node.as_str())
                    {
                        self.collect(&fragment.node.selection_set.node, types, found);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| types.contains(&condition.node.on.node.as_str())) {
                        self.collect(&fragment.node.selection_set.node, types, found);
                    }
                }
            }
        }
    }

    fn is_included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let given = directive.node.get_argument("if").and_then(|value| self.json(&value.node));
            match (directive.node.name.node.as_str(), given) {
                ("skip", Some(Json::Bool(given))) => !given,
                ("include", Some(Json::Bool(given))) => given,
                _ => true,
            }
        })
    }

    /// An argument as JSON; none where it was not given.
    pub fn argument(&self, field: &Field, name: &str) -> Option<Json> {
        self.json(&field.get_argument(name)?.node)
    }

    /// A value as JSON; none where it is a variable that was not given.
    pub fn json(&self, value: &Value) -> Option<Json> {
        Some(match value {
            Value::Variable(name) => self.variables.get(name.as_str())?.clone(),
            Value::List(items) => items.iter().map(|item| self.json(item).unwrap_or_default()).collect(),
            Value::Object(members) => {
                let member = |(name, value): (&async_graphql::Name, &Value)| {
                    Some((name.to_string(), self.json(value)?))
                };
                Json::Object(members.iter().filter_map(member).collect::<Map<_, _>>())
            }
            constant => constant.clone().into_json().ok()?,
        })
    }
}
