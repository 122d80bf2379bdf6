//! From a path and a method to an operation, by the registry, the commands, the views and the collections.

use std::sync::Arc;

use app::{
    command::Registered,
    view::{COLLECTIONS, Collection, VIEWS, View},
};
use kernel::{
    Code, Registry, Result,
    object::{Action, Object},
};

use crate::problem;

/// What a client can ask for.
#[derive(Clone, Copy)]
pub enum Operation<'a> {
    List,
    Search,
    Create,
    Get,
    Update,
    Delete,
    Restore,
    Command(&'a Registered),
    View(&'static View),
    Collection(&'static Collection),
    Upload,
    Download,
}

impl Operation<'_> {
    /// Whether it can be done again from the start, should the caller turn out to be another than remembered:
    /// it reads, or it changes one record, and not one by which callers are known.
    pub fn can_begin_anew(&self, object: &Object) -> bool {
        match self {
            Self::Command(_) | Self::Upload => false,
            Self::Create | Self::Update | Self::Delete | Self::Restore => !object.governs_access,
            Self::List | Self::Search | Self::Get | Self::View(_) | Self::Collection(_) | Self::Download => {
                true
            }
        }
    }
}

/// The object whose records have contents: they are created by sending one.
pub const FILE: &str = "file";

/// What a path leads to.
pub struct Route<'a> {
    /// The object it begins with.
    pub object: &'a Arc<Object>,
    /// The id of the record it goes on with.
    pub id: Option<&'a str>,
    commands: &'a [Registered],
    choices: Vec<(&'static str, Operation<'a>)>,
}

impl<'a> Route<'a> {
    /// Looks a path up.
    pub fn find(
        registry: &'a Registry,
        commands: &'a [Registered],
        objects: &str,
        second: Option<&'a str>,
        third: Option<&str>,
    ) -> Result<Self> {
        let object = registry.by_path(objects).ok_or(Code::UnknownOperation)?;
        let mut route = Self { object, id: None, commands, choices: Vec::new() };
        match (second, third) {
            (None, _) => route.of_object(),
            (Some(word), None) => {
                route.of_object_by_name(word);
                if route.choices.is_empty() {
                    route.id = second;
                    route.of_record();
                }
            }
            (Some(_), Some(name)) => {
                route.id = second;
                route.of_record_by_name(name);
            }
        }
        if route.choices.is_empty() { Err(Code::UnknownOperation.into()) } else { Ok(route) }
    }

    /// The operation that a method means here.
    pub fn choose(&self, method: &str) -> Result<Operation<'a>> {
        let method = if method == "HEAD" { "GET" } else { method };
        match self.choices.iter().find(|(known, _)| *known == method) {
            Some((_, operation)) => Ok(*operation),
            None => Err(problem::method_not_allowed(self.methods())),
        }
    }

    fn methods(&self) -> impl Iterator<Item = &'static str> {
        let with_head = |method| [method].into_iter().chain((method == "GET").then_some("HEAD"));
        self.choices.iter().flat_map(move |(method, _)| with_head(*method))
    }

    fn add(&mut self, action: Action, method: &'static str, operation: Operation<'a>) {
        if self.object.allows(action) {
            self.choices.push((method, operation));
        }
    }

    fn of_object(&mut self) {
        self.add(Action::Read, "GET", Operation::List);
        self.add(Action::Read, "QUERY", Operation::Search);
        self.add(Action::Create, "POST", Operation::Create);
        if self.object.name == FILE {
            self.choices.push(("POST", Operation::Upload));
        }
    }

    fn of_object_by_name(&mut self, name: &str) {
        if name == "search" {
            self.add(Action::Read, "POST", Operation::Search);
        }
        self.command(name, false);
    }

    fn of_record(&mut self) {
        self.add(Action::Read, "GET", Operation::Get);
        self.add(Action::Update, "PATCH", Operation::Update);
        self.add(Action::Delete, "DELETE", Operation::Delete);
    }

    fn of_record_by_name(&mut self, name: &str) {
        let object = self.object.name;
        let view = VIEWS.iter().find(|view| view.object == object && view.path == name);
        let collection = COLLECTIONS.iter().find(|known| known.object == object && known.path == name);
        self.choices.extend(view.map(|view| ("GET", Operation::View(view))));
        self.choices.extend(collection.map(|collection| ("GET", Operation::Collection(collection))));
        if (object, name) == (FILE, "content") {
            self.choices.push(("GET", Operation::Download));
        }
        if name == "restore" {
            self.add(Action::Delete, "POST", Operation::Restore);
        }
        self.command(name, true);
    }

    fn command(&mut self, name: &str, on_record: bool) {
        let named = self.commands.iter().find(|command| {
            let spec = &command.spec;
            spec.object == self.object.name && spec.path == name && command.on_record == on_record
        });
        self.choices.extend(named.map(|command| ("POST", Operation::Command(command))));
    }
}
