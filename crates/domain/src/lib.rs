//! The CRM itself: every object and its pure rules.
//!
//! An object is one file: its fields as typed constants with the sentences clients read, its rules as
//! plain functions over a change. A reference's constant is called like the link it makes: `OWNER` is `ownerId`.

pub mod activities;
pub mod formats;
pub mod marketing;
pub mod people;
pub mod platform;
pub mod priority;
pub mod rules;
pub mod sales;
pub mod service;
#[cfg(test)]
mod testing;

pub use platform::roles;

use kernel::{Registry, object::Object};

/// Every standard object, by area.
pub fn objects() -> Vec<Object> {
    [
        platform::objects(),
        people::objects(),
        activities::objects(),
        sales::objects(),
        service::objects(),
        marketing::objects(),
    ]
    .concat()
}

/// The standard objects and the links between them.
pub fn registry() -> Registry {
    Registry::new(objects())
}

#[cfg(test)]
mod tests {
    use kernel::{
        field::{FieldDef, Kind},
        registry::problems,
    };

    use super::*;

    /// Every sentence clients read about a field, with where it stands.
    fn sentences(path: &str, def: &FieldDef) -> Vec<(String, &'static str)> {
        let path = format!("{path}.{}", def.name);
        let mut sentences = vec![(path.clone(), def.doc)];
        sentences.extend(def.inverse.map(|(link, doc)| (format!("{path} → {link}"), doc)));
        match def.kind {
            Kind::Choice(choices) => {
                sentences
                    .extend(choices.iter().map(|choice| (format!("{path} {}", choice.name), choice.doc)));
            }
            Kind::List(list) => {
                sentences.extend(list.members.iter().flat_map(|member| self::sentences(&path, member)));
            }
            _ => {}
        }
        sentences
    }

    #[test]
    fn the_registry_has_no_faults() {
        assert_eq!(problems(&registry()), Vec::<String>::new());
    }

    #[test]
    fn everything_is_told_to_clients_in_sentences() {
        for object in objects() {
            let mut all = vec![(object.name.to_owned(), object.doc)];
            all.extend(object.attributes.iter().flat_map(|attribute| sentences(object.name, &attribute.def)));
            all.extend(
                object.bridges.iter().map(|bridge| (format!("{}.{}", object.name, bridge.link), bridge.doc)),
            );
            for (place, doc) in all {
                let starts = doc.starts_with(|c: char| c.is_uppercase() || c == '`');
                assert!(starts && doc.ends_with('.') && !doc.contains("  "), "{place}: {doc}");
            }
        }
    }

    #[test]
    fn every_reference_leads_to_an_object() {
        let registry = registry();
        for object in registry.objects() {
            let members = object.attributes.iter().flat_map(|attribute| &attribute.members);
            for target in object.attributes.iter().chain(members).filter_map(|attribute| attribute.target()) {
                assert!(registry.object(target).is_some(), "{} refers to {target}", object.name);
            }
        }
    }
}
