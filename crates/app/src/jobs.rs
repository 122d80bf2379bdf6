//! Every job, by area. A new one stands in its area's folder and here.

use std::sync::LazyLock;

use kernel::value::Choice;

use crate::{import, job::RegisteredJob};

pub(crate) fn all() -> Vec<RegisteredJob> {
    vec![RegisteredJob::of::<import::job::ImportFile>()]
}

/// The kinds of all jobs, as the contract has them.
pub(crate) static KINDS: LazyLock<Vec<Choice>> = LazyLock::new(|| all().iter().map(|job| job.kind).collect());

#[cfg(test)]
mod tests {
    use kernel::field::Kind;

    use super::*;

    #[test]
    fn the_contract_has_every_job() {
        let registry = crate::registry();
        let kind = registry.object("job").and_then(|job| job.attribute("kind")).map(|kind| kind.kind);
        assert!(matches!(kind, Some(Kind::Choice(choices)) if choices == KINDS.as_slice()));
        for (index, Choice { name, doc }) in KINDS.iter().enumerate() {
            assert!(!KINDS.iter().take(index).any(|other| other.name == *name), "{name} is there twice");
            assert!(name.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{name}");
            assert!(doc.starts_with(char::is_uppercase) && doc.ends_with('.'), "{name}: {doc}");
        }
    }
}
