//! The target of an import: the object, the permits to write it, and how its records are matched. Everything that can
//! be wrong with a mapping for every row is found here, before the first row.

use kernel::{
    Code, Error, Permit, Result, Violation,
    actor::Actor,
    field::{Kind, Writing},
    input::{self, Purpose},
    items,
    object::{Action, Attribute, Object},
    system,
};
use serde_json::{Map, Value as Json};

use super::{
    mapping::{Mapping, OnMatch},
    shape::{Reference, ReferenceBy},
};
use crate::Kith;

/// The target of a file's rows.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) mapping: Mapping,
    /// The permit to create.
    pub(super) create: Permit,
    /// The permit for matched records: to update or to read them, as the mapping says.
    pub(super) existing: Permit,
    /// The place of the field by which records are matched.
    pub(super) matching: Option<usize>,
    /// The places of the lists to which the rows add.
    pub(super) adds: Vec<usize>,
}

impl Target {
    /// Checks a mapping against an object, for an actor; all violations are reported at once, with pointers into the
    /// mapping below the given one.
    pub fn new(
        kith: &Kith,
        actor: &Actor,
        object: &str,
        mut mapping: Mapping,
        pointer: &str,
    ) -> Result<Self> {
        let object = kith.object(object)?;
        let keeps = mapping.matching().is_none() || mapping.existing() == OnMatch::Keep;
        let action = if keeps { Action::Read } else { Action::Update };
        if !object.allows(Action::Create) || !object.allows(action) {
            return Err(Error::new(Code::Forbidden, format!("{} cannot be imported", object.plural)));
        }
        let create = actor.permit(object, Action::Create)?;
        let existing = actor.permit(object, action)?;
        let mut violations = Vec::new();
        for member in mapping.members() {
            let at = format!("{pointer}/fields/{member}");
            match create.writable(member) {
                Err(error) => violations.push(Violation::new(error.code, at, error.detail)),
                Ok(attribute) if attribute.writing == Writing::Computed => {
                    violations.push(Violation::new(Code::ReadOnly, at, format!("{member} is set by Kith")));
                }
                Ok(_) => {}
            }
        }
        let matching = mapping.matching().and_then(|member| object.attribute(member));
        if let Some(attribute) = matching
            && !is_matchable(attribute)
        {
            let detail = format!("{} is not a field by which records are recognised", attribute.name);
            violations.push(Violation::new(Code::Invalid, format!("{pointer}/match"), detail));
        }
        for (place, name) in mapping.add.iter().enumerate() {
            if object.attribute(name).is_none_or(|attribute| attribute.item_changes().is_none()) {
                let detail = format!("{name} is not a list to which items are added");
                violations.push(Violation::new(Code::Invalid, format!("{pointer}/add/{place}"), detail));
            }
        }
        for reference in mapping.references() {
            if let Err(error) = check_lookup(kith, actor, reference) {
                violations.push(Violation::new(error.code, format!("{pointer}/fields"), error.detail));
            }
        }
        if !violations.is_empty() {
            return Err(Error::invalid(violations));
        }
        let matching = matching.map(|attribute| attribute.index);
        let has_passed = |name: &str| object.attribute(name).is_some_and(|attribute| attribute.past);
        let today = kith.context().clock.now().utc().with_timezone(&actor.zone).date_naive();
        mapping.look_back(has_passed, today);
        // A file has ids of one system; the ids in others stay.
        let adds = mapping.add.iter().map(String::as_str).chain([system::EXTERNAL_REFS.def.name]);
        let adds = adds.filter_map(|name| object.index(name)).collect();
        Ok(Self { create, existing, matching, adds, mapping })
    }

    /// The same target with new permits of the actor.
    pub(super) fn of(&self, kith: &Kith, actor: &Actor) -> Result<Self> {
        Self::new(kith, actor, self.object().name, self.mapping.clone(), "")
    }

    /// The object.
    pub fn object(&self) -> &Object {
        self.create.object()
    }

    /// Whether matched records are kept unchanged.
    pub(super) fn keeps(&self) -> bool {
        self.mapping.existing() == OnMatch::Keep
    }

    /// The items that a row adds to lists of an existing record.
    pub(super) fn additions(&self, input: &Map<String, Json>) -> Vec<items::ListChange> {
        let adds = self.adds.iter().filter_map(|field| self.object().at(*field));
        let given = adds.filter_map(|attribute| Some((attribute, input.get(attribute.name)?)));
        // The input was validated before.
        let added = |(attribute, json): (&Attribute, &Json)| {
            input::additions(attribute, Purpose::Import, json, "").ok()
        };
        given.filter_map(added).collect()
    }

    /// The field by which records are matched.
    pub(super) fn match_field(&self) -> Option<&Attribute> {
        self.object().at(self.matching?)
    }

    /// Whether a reference leads to the object itself, so that rows may refer to earlier rows.
    pub(super) fn is_own(&self, object: &str) -> bool {
        self.object().name == object
    }
}

/// Whether records can be matched by the field.
fn is_matchable(attribute: &Attribute) -> bool {
    let compared = match attribute.kind {
        Kind::List(_) => {
            let is_text = |member: &Attribute| member.required && matches!(member.kind, Kind::Text(_));
            attribute.item_changes().is_some() && attribute.key_members().all(is_text)
        }
        Kind::Money | Kind::Document | Kind::AnyReference => false,
        _ => true,
    };
    compared && attribute.filter
}

/// Checks that the actor can look records up in this way.
fn check_lookup(kith: &Kith, actor: &Actor, reference: &Reference) -> Result<()> {
    let Reference { object, by } = reference;
    let unknown = || Error::new(Code::UnknownValue, format!("there is no object {object}"));
    let permit = actor.permit(kith.object(object).map_err(|_| unknown())?, Action::Read)?;
    match by {
        ReferenceBy::Field(name) => {
            let attribute = permit.readable(name)?;
            match attribute.kind {
                Kind::List(_) | Kind::Money | Kind::Document => {}
                _ if attribute.filter => return Ok(()),
                _ => {}
            }
            Err(Error::new(Code::Invalid, format!("{object} is not found by {name}")))
        }
        ReferenceBy::System(_) => permit.readable(system::EXTERNAL_REFS.def.name).map(drop),
    }
}
