//! Every operation there is: the standard ones of each object, the commands, the views and the collections.

use std::{collections::HashMap, sync::Arc};

use kernel::{
    Registry,
    access::{self, Policy},
    object::{Action, Object},
    role::Role,
};

use crate::{
    command::Registered,
    operation::{Endpoint, Operation, OperationKind, standard},
    platform::file,
    view::{COLLECTIONS, VIEWS},
};

/// The operations of a registry.
pub struct Operations {
    all: Vec<Arc<Operation>>,
    by_name: HashMap<String, usize>,
    /// By the objects' places in the registry.
    by_object: Vec<Vec<usize>>,
}

impl Operations {
    /// The standard operations of every object, and these commands.
    pub fn new(registry: &Registry, commands: Vec<Registered>) -> Self {
        let mut all: Vec<Operation> = registry.objects().iter().flat_map(standard::of).collect();
        let object = |name| registry.object(name).map(Arc::clone);
        all.extend(commands.into_iter().filter_map(|command| {
            let object = object(command.spec.object)?;
            Some(command.operation(object))
        }));
        let reading = |name: &str, of, path, doc: &str, kind| {
            Some(Operation {
                name: name.to_owned(),
                object: object(of)?,
                action: Action::Read,
                on_record: true,
                endpoint: Endpoint::get(path),
                aliases: &[],
                doc: doc.to_owned(),
                kind,
            })
        };
        all.extend(VIEWS.iter().filter_map(|view| {
            reading(view.name, view.object, view.path, view.doc, OperationKind::View(view))
        }));
        all.extend(COLLECTIONS.iter().filter_map(|list| {
            reading(list.name, list.object, list.path, list.doc, OperationKind::Collection(list))
        }));
        all.extend(object("file").into_iter().flat_map(|object| file::operations(&object)));
        let mut operations = Self {
            all: Vec::new(),
            by_name: HashMap::new(),
            by_object: vec![Vec::new(); registry.objects().len()],
        };
        all.into_iter().for_each(|operation| operations.add(operation));
        operations
    }

    fn add(&mut self, operation: Operation) {
        let place = self.all.len();
        self.by_name.insert(operation.name.clone(), place);
        if let Some(of_object) = self.by_object.get_mut(operation.object.place) {
            of_object.push(place);
        }
        self.all.push(Arc::new(operation));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Operation>> {
        self.all.iter()
    }

    /// The operation of that name.
    pub fn named(&self, name: &str) -> Option<&Arc<Operation>> {
        self.all.get(*self.by_name.get(name)?)
    }

    /// The operations of an object.
    pub fn of(&self, object: &Object) -> impl Iterator<Item = &Arc<Operation>> {
        let places = self.by_object.get(object.place).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.all.get(*place))
    }

    /// The access of roles to objects and to the operations that are granted by name.
    pub(crate) fn policy(&self, registry: &Registry, roles: &[&'static Role]) -> Policy {
        let named = self.iter().filter(|operation| operation.is_named()).map(|operation| access::Command {
            name: operation.name.clone(),
            object: operation.object.name,
            action: operation.action,
        });
        Policy::new(registry, roles, &named.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_operation_has_a_name_and_an_endpoint_of_its_own() {
        let registry = crate::registry();
        let operations = crate::operations(&registry);
        let mut endpoints = std::collections::HashSet::new();
        for operation in operations.iter() {
            assert!(Arc::ptr_eq(operations.named(&operation.name).unwrap(), operation), "{operation:?}");
            for Endpoint { method, path } in operation.endpoints() {
                let place = (operation.object.name, operation.on_record, *method, *path);
                assert!(endpoints.insert(place), "{operation:?}: {place:?}");
            }
        }
    }

    #[test]
    fn what_is_declared_is_there() {
        let registry = crate::registry();
        let operations = crate::operations(&registry);
        let commands = crate::all_commands();
        let names = commands.iter().map(|command| command.spec.name);
        let names = names.chain(VIEWS.iter().map(|view| view.name));
        let names = names.chain(COLLECTIONS.iter().map(|collection| collection.name));
        for name in names.chain(["uploadFile", "downloadFile", "createContact", "listContacts"]) {
            assert!(operations.named(name).is_some(), "{name} is of an object that does not exist");
        }
    }
}
