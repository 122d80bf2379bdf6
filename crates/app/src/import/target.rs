//! What a mapping is aimed at: the object, the leave to write it, how its records are recognised. Everything that
//! can be wrong with a mapping for every row is found here, before the first.

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
    mapping::{Existing, Mapping},
    shape::{Reference, ReferenceBy},
};
use crate::Kith;

/// Where the rows of a file go.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) mapping: Mapping,
    /// Leave to create.
    pub(super) create: Permit,
    /// Leave to do with a recognised record what the mapping says: to change it or to see it.
    pub(super) existing: Permit,
    /// The place of the field by which a record is recognised.
    pub(super) matching: Option<usize>,
    /// The places of the lists to which the rows add.
    pub(super) adds: Vec<usize>,
}

impl Target {
    /// Aims a mapping at an object, for somebody; all that is wrong with it is told at once, with pointers into
    /// the mapping below the given one.
    pub fn new(
        kith: &Kith,
        actor: &Actor,
        object: &str,
        mut mapping: Mapping,
        pointer: &str,
    ) -> Result<Self> {
        let object = kith.object(object)?;
        let keeps = mapping.matching().is_none() || mapping.existing() == Existing::Keep;
        let action = if keeps { Action::Read } else { Action::Update };
        if !object.allows(Action::Create) || !object.allows(action) {
            return Err(Error::new(Code::Forbidden, format!("{} cannot be imported", object.plural)));
        }
        let create = actor.permit(object, Action::Create)?;
        let existing = actor.permit(object, action)?;
        let mut violations = Vec::new();
        for member in mapping.members() {
            let at = format!("{pointer}/fields/{member}");
            match create.readable(member) {
                Err(error) => violations.push(Violation::new(error.code, at, error.detail)),
                Ok(attribute) if attribute.writing == Writing::Computed => {
                    violations.push(Violation::new(Code::ReadOnly, at, format!("{member} is set by Kith")));
                }
                Ok(_) => {}
            }
        }
        let matching = mapping.matching().and_then(|member| object.attribute(member));
        if let Some(attribute) = matching
            && !recognises(attribute)
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
            if let Err(error) = findable(kith, actor, reference) {
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
        // A file knows one system, and the ids in others stay.
        let adds = mapping.add.iter().map(String::as_str).chain([system::EXTERNAL_REFS.def.name]);
        let adds = adds.filter_map(|name| object.index(name)).collect();
        Ok(Self { create, existing, matching, adds, mapping })
    }

    /// The same for the same actor, whose leave is asked for anew.
    pub(super) fn of(&self, kith: &Kith, actor: &Actor) -> Result<Self> {
        Self::new(kith, actor, self.object().name, self.mapping.clone(), "")
    }

    /// The object.
    pub fn object(&self) -> &Object {
        self.create.object()
    }

    /// Whether recognised records are left as they are.
    pub(super) fn keeps(&self) -> bool {
        self.mapping.existing() == Existing::Keep
    }

    /// The items that a row adds to lists of a record that is there already.
    pub(super) fn additions(&self, input: &Map<String, Json>) -> Vec<items::ListChange> {
        let adds = self.adds.iter().filter_map(|field| self.object().at(*field));
        let given = adds.filter_map(|attribute| Some((attribute, input.get(attribute.name)?)));
        // The input was read before, so there is nothing wrong with it.
        let added = |(attribute, json): (&Attribute, &Json)| {
            input::additions(attribute, Purpose::Import, json, "").ok()
        };
        given.filter_map(added).collect()
    }

    /// The field by which a record is recognised.
    pub(super) fn match_field(&self) -> Option<&Attribute> {
        self.object().at(self.matching?)
    }

    /// Whether a reference leads to the object itself, so that rows may refer to rows above them.
    pub(super) fn is_own(&self, object: &str) -> bool {
        self.object().name == object
    }
}

/// Whether one value of the field can stand for a record.
fn recognises(attribute: &Attribute) -> bool {
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

/// Whether the actor can look records up in this way.
fn findable(kith: &Kith, actor: &Actor, reference: &Reference) -> Result<()> {
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
