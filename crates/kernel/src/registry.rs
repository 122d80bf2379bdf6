//! The registry: every object, and the links between them.

use std::{collections::HashMap, sync::Arc};

use crate::{
    field::Kind,
    object::{Link, Object, Over, Path, Via},
    reference, system,
};

/// Every object of a workspace, by all its names.
#[derive(Debug, Default)]
pub struct Registry {
    objects: Vec<Arc<Object>>,
    by_name: HashMap<&'static str, usize>,
    by_path: HashMap<String, usize>,
    by_prefix: HashMap<String, usize>,
}

impl Registry {
    /// Takes the objects in and connects them.
    pub fn new(mut objects: Vec<Object>) -> Self {
        let links = links(&objects);
        for (target, referrer) in reference::referrers(&objects) {
            if let Some(object) = objects.iter_mut().find(|candidate| candidate.name == target) {
                object.referrers.push(referrer);
            }
        }
        for (object, link) in links {
            if let Some(object) = objects.iter_mut().find(|candidate| candidate.name == object) {
                object.links.push(link);
            }
        }
        let mut registry = Self::default();
        for (index, mut object) in objects.into_iter().enumerate() {
            object.place = index;
            registry.by_name.insert(object.name, index);
            registry.by_path.insert(object.path.clone(), index);
            registry.by_prefix.insert(object.prefix.clone(), index);
            registry.objects.push(Arc::new(object));
        }
        registry
    }

    /// Every object, in the order of declaration.
    pub fn objects(&self) -> &[Arc<Object>] {
        &self.objects
    }

    /// The object of that name.
    pub fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(*self.by_name.get(name)?)
    }

    /// The object with that path: `line-items`.
    pub fn by_path(&self, path: &str) -> Option<&Arc<Object>> {
        self.objects.get(*self.by_path.get(path)?)
    }

    /// The object whose ids have that prefix: `line_item`.
    pub fn by_prefix(&self, prefix: &str) -> Option<&Arc<Object>> {
        self.objects.get(*self.by_prefix.get(prefix)?)
    }

    /// The object a link leads to.
    pub fn target(&self, link: &Link) -> Option<&Arc<Object>> {
        self.object(&link.target)
    }
}

/// The problems of a set of objects, for the test of the domain.
pub fn problems(registry: &Registry) -> Vec<String> {
    let mut problems = Vec::new();
    for object in registry.objects() {
        let mut names: Vec<&str> = object.attributes.iter().map(|attribute| attribute.name).collect();
        names.extend(object.links.iter().map(|link| link.name.as_str()));
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [one, other] = pair
                && one == other
            {
                problems.push(format!("{}.{one} is declared twice", object.name));
            }
        }
        for attribute in &object.attributes {
            problems.extend(reference::problem(object, attribute));
            let members = attribute.members.iter().any(|member| member.hierarchy);
            if members || attribute.hierarchy && attribute.target() != Some(object.name) {
                problems.push(format!("{}.{} leads to no tree", object.name, attribute.name));
            }
        }
        for link in &object.links {
            if registry.target(link).is_none() {
                problems.push(format!("{}.{} leads to an unknown object", object.name, link.name));
            }
        }
        for name in names {
            if crate::predicate::Operator::parse(name).is_some() {
                problems.push(format!("{}.{name} is the name of an operator", object.name));
            }
        }
    }
    problems
}

/// Every link, with the object that has it.
fn links(objects: &[Object]) -> Vec<(&'static str, Link)> {
    let mut links = Vec::new();
    let link = |name: &str, doc: &str, target: &str, path| Link {
        name: name.to_owned(),
        doc: doc.to_owned(),
        target: target.to_owned(),
        path,
    };
    for object in objects {
        for attribute in &object.attributes {
            match attribute.kind {
                Kind::Reference(target) => {
                    let field = attribute.index;
                    if let Some(name) = attribute.link_name() {
                        links.push((object.name, link(&name, attribute.doc, target, Path::One { field })));
                    }
                    if let Some((name, doc)) = attribute.inverse {
                        links.push((target, link(name, doc, object.name, Path::Many { field })));
                    }
                }
                Kind::List(list) => {
                    let Some(member) = attribute.members.first() else { continue };
                    let via = |near: &str, far: &str, over| Via {
                        table: list.table.to_owned(),
                        near: near.to_owned(),
                        far: far.to_owned(),
                        over,
                        only: list
                            .shared
                            .then(|| ("object".to_owned(), object.name.to_owned()))
                            .into_iter()
                            .collect(),
                        deletable: false,
                    };
                    if let (Some(name), Some(target)) = (attribute.link_name(), member.target()) {
                        let path = Path::Via(via("record_id", &member.column, Over::Near(attribute.index)));
                        links.push((object.name, link(&name, attribute.doc, target, path)));
                    }
                    if let Some((name, doc)) = attribute.inverse {
                        for subject in objects.iter().filter(|candidate| candidate.is_subject) {
                            let mut via = via(&member.column, "record_id", Over::Far(attribute.index));
                            let object_is = |column: &str| (column.to_owned(), subject.prefix.clone());
                            via.only.extend(member.of_object().map(object_is));
                            links.push((subject.name, link(name, doc, object.name, Path::Via(via))));
                        }
                    }
                }
                _ => {}
            }
        }
        for bridge in &object.bridges {
            let (Some(near), Some(far)) = (object.attribute(bridge.near), object.attribute(bridge.far))
            else {
                continue;
            };
            let (Some(from), Some(to)) = (near.target(), far.target()) else { continue };
            let via = Via {
                table: object.table.clone(),
                near: near.column.clone(),
                far: far.column.clone(),
                over: Over::Records { object: object.name, near: near.index, far: far.index },
                only: Vec::new(),
                deletable: object.attribute(system::DELETED_AT.def.name).is_some(),
            };
            links.push((from, link(bridge.link, bridge.doc, to, Path::Via(via))));
        }
    }
    links
}
