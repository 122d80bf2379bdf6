//! The CRM itself: every object and its pure rules.
//!
//! An object is one file: its fields as typed constants with the sentences clients read, its rules as
//! plain functions over a change. A reference's constant is called like the link it makes: `OWNER` is `ownerId`.

#![expect(missing_docs, reason = "each declaration carries the sentence that clients read")]

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

use kernel::{Registry, object::Object, value::Choice};

/// Every standard object, by area. The kinds of jobs are known to those who run them.
pub fn objects(job_kinds: &'static [Choice]) -> Vec<Object> {
    [
        platform::objects(job_kinds),
        people::objects(),
        activities::objects(),
        sales::objects(),
        service::objects(),
        marketing::objects(),
    ]
    .concat()
}

/// The standard objects and the links between them.
pub fn registry(job_kinds: &'static [Choice]) -> Registry {
    Registry::new(objects(job_kinds))
}

#[cfg(test)]
mod tests {
    use kernel::{
        field::{FieldDef, Kind, Preset, Writing},
        registry::problems,
        value::Decimal,
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
        assert_eq!(problems(&registry(&[])), Vec::<String>::new());
    }

    #[test]
    fn everything_is_told_to_clients_in_sentences() {
        for object in objects(&[]) {
            let mut all = vec![(object.name.to_owned(), object.doc)];
            all.extend(object.attributes.iter().flat_map(|attribute| sentences(object.name, &attribute.def)));
            all.extend(
                object.bridges.iter().map(|bridge| (format!("{}.{}", object.name, bridge.link), bridge.doc)),
            );
            for (place, doc) in all {
                let starts = doc.starts_with(|c: char| c.is_uppercase() || c == '`');
                assert!(starts && doc.ends_with('.') && !doc.contains("  "), "{place}: {doc}");
                let first = doc.split(' ').next().unwrap_or_default();
                let questions = ["By", "How", "What", "When", "Where", "Who", "Whom", "Whose", "Why"];
                assert!(!questions.contains(&first), "{place} does not begin with the noun: {doc}");
            }
        }
    }

    #[test]
    fn defaults_are_told_to_clients() {
        for object in objects(&[]) {
            let members = object.attributes.iter().flat_map(|attribute| &attribute.members);
            for field in object.attributes.iter().chain(members) {
                let told = match field.preset {
                    Some(_) if field.writing == Writing::Computed => continue,
                    None => continue,
                    Some(Preset::Choice(name)) => format!("`{name}`"),
                    Some(Preset::Boolean(value)) => format!("`{value}`"),
                    Some(Preset::Integer(value)) => match field.kind {
                        Kind::Decimal => (value / 10_i64.pow(Decimal::SCALE.into())).to_string(),
                        _ => value.to_string(),
                    },
                    Some(Preset::Actor) => "the acting user".to_owned(),
                    Some(Preset::Now) => "now".to_owned(),
                };
                let default = field.doc.split_once("Default: ").map(|(_, default)| default);
                let is_told = default.is_some_and(|default| default.contains(&told));
                assert!(is_told, "{}.{} is {told} by default: {}", object.name, field.name, field.doc);
            }
        }
    }

    #[test]
    fn every_reference_leads_to_an_object() {
        let registry = registry(&[]);
        for object in registry.objects() {
            let members = object.attributes.iter().flat_map(|attribute| &attribute.members);
            for target in object.attributes.iter().chain(members).filter_map(|attribute| attribute.target()) {
                assert!(registry.object(target).is_some(), "{} refers to {target}", object.name);
            }
        }
    }
}
