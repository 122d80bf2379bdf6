//! From a path and a method to an operation, by the registry of operations.

use std::sync::Arc;

use app::{Operations, operation::Operation};
use kernel::{Code, Registry, Result, object::Object};

use crate::problem;

/// What a path leads to.
pub struct Route<'a> {
    /// The object it begins with.
    pub object: &'a Arc<Object>,
    /// The id of the record it goes on with.
    pub id: Option<&'a str>,
    choices: Vec<(&'static str, &'a Arc<Operation>)>,
}

impl<'a> Route<'a> {
    /// Looks a path up.
    pub fn find(
        registry: &'a Registry,
        operations: &'a Operations,
        objects: &str,
        second: Option<&'a str>,
        third: Option<&str>,
    ) -> Result<Self> {
        let object = registry.by_path(objects).ok_or(Code::UnknownOperation)?;
        let at = |on_record: bool, path: &str| -> Vec<_> {
            let here = operations.of(object).filter(|operation| operation.on_record == on_record);
            here.flat_map(|operation| operation.endpoints().map(move |endpoint| (endpoint, operation)))
                .filter(|(endpoint, _)| endpoint.path == path)
                .map(|(endpoint, operation)| (endpoint.method, operation))
                .collect()
        };
        let (id, choices) = match (second, third) {
            (None, _) => (None, at(false, "")),
            (Some(word), None) => match at(false, word) {
                none if none.is_empty() => (second, at(true, "")),
                named => (None, named),
            },
            (Some(_), Some(name)) => (second, at(true, name)),
        };
        if choices.is_empty() { Err(Code::UnknownOperation.into()) } else { Ok(Self { object, id, choices }) }
    }

    /// The operation that a method means here.
    pub fn choose(&self, method: &str) -> Result<&'a Arc<Operation>> {
        let method = if method == "HEAD" { "GET" } else { method };
        match self.choices.iter().find(|(known, _)| *known == method) {
            Some((_, operation)) => Ok(operation),
            None => Err(problem::method_not_allowed(self.methods())),
        }
    }

    fn methods(&self) -> impl Iterator<Item = &'static str> {
        let with_head = |method| [method].into_iter().chain((method == "GET").then_some("HEAD"));
        self.choices.iter().flat_map(move |(method, _)| with_head(*method))
    }
}
