//! What is looked at in each change for itself: its texts, its references and its days.

use kernel::{
    Code, Value,
    actor::Actor,
    error::Violation,
    field::{Kind, Writing},
    input,
    object::Attribute,
    system,
    time::Instant,
};

use super::{
    Found, PendingChange, is_oneself,
    target::{target, targets},
};

/// Brings texts that commands made into the form that they would have from outside, and notes those that
/// have none.
pub(super) fn check_texts(change: &mut PendingChange) {
    let object = std::sync::Arc::clone(&change.after.object);
    let outside = |attribute: &&Attribute| attribute.writing != Writing::Computed;
    for attribute in object.attributes.iter().filter(outside) {
        if !matches!(attribute.kind, Kind::Text(_)) || !change.differs(attribute) {
            continue;
        }
        match input::checked(attribute, change.wanted(attribute)) {
            Ok(value) => change.after.put(attribute.name, value),
            Err((code, detail)) => {
                change.violations.push(Violation::new(code, format!("/{}", attribute.name), detail));
            }
        }
    }
}

/// Notes every reference to a record that does not exist or cannot be seen.
pub(super) fn check_references(actor: &Actor, change: &mut PendingChange, found: &Found) {
    let object = std::sync::Arc::clone(&change.after.object);
    for attribute in object.attributes.iter().filter(|attribute| attribute.writing != Writing::Computed) {
        if !change.differs(attribute) {
            continue;
        }
        // A reference that was there before may stay, even if its record is deleted by now.
        let before = change.before.as_ref().map(|before| targets(attribute, before)).unwrap_or_default();
        for target in targets(attribute, &change.after) {
            let key = &target.key;
            let lives = found
                .get(key)
                .is_some_and(|found| found.seen && found.record.get(system::DELETED_AT).is_none());
            if lives || is_oneself(actor, key) || before.iter().any(|before| before.key == *key) {
                continue;
            }
            let detail = format!("{}: there is no such {}", attribute.name, key.0);
            change.violations.push(Violation::new(
                Code::ReferenceNotFound,
                target.pointer(attribute),
                detail,
            ));
        }
    }
}

/// Notes every record that rules look at and that could not be loaded: without it a rule would let pass what it is
/// there to refuse.
pub(super) fn check_needs(change: &mut PendingChange, found: &Found) {
    let object = std::sync::Arc::clone(&change.after.object);
    for attribute in object.needs.iter().filter_map(|name| object.attribute(name)) {
        let before = change.before.as_ref().and_then(|before| target(attribute, before));
        let after = targets(attribute, &change.after).into_iter().map(|target| target.key);
        let is_told = |found: &Violation| found.pointer.split('/').nth(1) == Some(attribute.name);
        let is_missing = before.into_iter().chain(after).any(|key| !found.contains_key(&key));
        if is_missing && !change.violations.iter().any(is_told) {
            let detail = format!("{}: what it refers to cannot be read", attribute.name);
            let pointer = format!("/{}", attribute.name);
            change.violations.push(Violation::new(Code::ReferenceNotFound, pointer, detail));
        }
    }
}

/// Notes every day that has not come and should have; the earliest place on earth decides what day it is.
pub(super) fn check_days(now: Instant, change: &mut PendingChange) {
    const EARLIEST_MICROS: i64 = 14 * 3_600 * 1_000_000;
    let today = Instant(now.0.saturating_add(EARLIEST_MICROS)).utc().date_naive();
    let object = std::sync::Arc::clone(&change.after.object);
    for attribute in object.attributes.iter().filter(|attribute| attribute.past) {
        if let Value::Date(day) = change.wanted(attribute)
            && *day > today
            && change.differs(attribute)
        {
            let detail = format!("{} must not be in the future", attribute.name);
            change.violations.push(Violation::new(Code::OutOfRange, format!("/{}", attribute.name), detail));
        }
    }
}
