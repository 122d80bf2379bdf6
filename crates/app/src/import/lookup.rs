//! Finds the records that rows refer to, for many rows in a few statements.

use std::collections::{BTreeSet, HashMap};

use kernel::{
    Permit, Result, Value,
    answer::Budget,
    field::Kind,
    id::TypeId,
    input,
    object::{Action, Object, key_texts},
    plan::Plan,
    predicate::{Compare, Predicate, Test},
    system,
    text::snake,
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    draft::{Draft, Lookup, LookupKey, put},
    dry_run::DryRun,
    fault::{Fault, RowError},
    target::Target,
};
use crate::unit_of_work::UnitOfWork;

/// The number of records above which the cache is cleared.
const MAX_REMEMBERED: usize = 50_000;
/// The number of keys looked up by one statement.
const AT_ONCE: usize = 1_000;

/// The result of a lookup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Finding {
    One(Uuid),
    Nothing,
    Several,
}

/// An object and a key by which one of its records is looked for.
type Wanted = (String, LookupKey);

/// Finds records, and caches them as long as the import runs. References are checked once more when they are written,
/// so a record deleted meanwhile does no harm.
#[derive(Default)]
pub(super) struct Lookups {
    remembered: HashMap<Wanted, Uuid>,
}

/// The lookups of the current rows.
#[derive(Default)]
pub(super) struct Findings(HashMap<Wanted, Finding>);

/// A draft whose references could not be resolved.
pub(super) struct Unfilled {
    pub errors: Vec<RowError>,
    /// Whether another row may still create what it refers to.
    pub may_come: bool,
}

impl Findings {
    /// The input of a draft with the ids of the records it refers to.
    pub fn fill(
        &self,
        draft: &Draft,
        target: &Target,
        dry_run: Option<&DryRun>,
    ) -> Result<Map<String, Json>, Unfilled> {
        let mut input = draft.input.clone();
        let mut unfilled = Unfilled { errors: Vec::new(), may_come: false };
        for Lookup { pointer, object, key, column } in &draft.lookups {
            let own = target.is_own(object);
            let fault = match self.0.get(&(object.clone(), key.clone())) {
                Some(Finding::One(id)) => {
                    let id = TypeId { prefix: &snake(object), uuid: *id }.to_string();
                    if put(&mut input, pointer, Json::String(id)) {
                        continue;
                    }
                    Fault::new("internal", "the reference has no place")
                }
                Some(Finding::Several) => {
                    Fault::new("ambiguous_match", format!("there are several records ({object}) {key}"))
                }
                // Without the dry run the record would be there by now. It has no id, so the member stays null.
                _ if own && dry_run.is_some_and(|dry_run| dry_run.has_referenced(target, key)) => continue,
                _ => {
                    unfilled.may_come |= own;
                    Fault::new("reference_not_found", format!("there is no record ({object}) {key}"))
                }
            };
            unfilled.errors.push(fault.in_column(column));
        }
        if unfilled.errors.is_empty() { Ok(input) } else { Err(unfilled) }
    }
}

impl Lookups {
    /// Finds everything the drafts refer to.
    pub async fn find<'d>(
        &mut self,
        work: &mut UnitOfWork,
        target: &Target,
        drafts: impl Iterator<Item = &'d Draft>,
    ) -> Result<Findings> {
        let mut findings = HashMap::new();
        let mut by_field: HashMap<(String, String), BTreeSet<String>> = HashMap::new();
        let mut by_system: HashMap<(String, String), BTreeSet<String>> = HashMap::new();
        for lookup in drafts.flat_map(|draft| &draft.lookups) {
            let wanted = (lookup.object.clone(), lookup.key.clone());
            if let Some(id) = self.remembered.get(&wanted) {
                findings.insert(wanted, Finding::One(*id));
                continue;
            }
            let (group, name, value) = match wanted.1 {
                LookupKey::Field { name, value } => (&mut by_field, name, value),
                LookupKey::External { system, id } => (&mut by_system, system, id),
            };
            group.entry((wanted.0, name)).or_default().insert(value);
        }
        for ((object, name), values) in by_field {
            let permit = work.permit(&object, Action::Read)?;
            for (value, finding) in by_field_value(work, &permit, &name, values).await? {
                findings.insert((object.clone(), LookupKey::Field { name: name.clone(), value }), finding);
            }
        }
        for ((object, system), ids) in by_system {
            let permit = work.permit(&object, Action::Read)?;
            for (id, finding) in by_outside_key(work, &permit, &system, ids).await? {
                findings
                    .insert((object.clone(), LookupKey::External { system: system.clone(), id }), finding);
            }
        }
        if self.remembered.len() > MAX_REMEMBERED {
            self.remembered.clear();
        }
        for (wanted, finding) in &findings {
            // The import itself changes what its own object's keys lead to.
            if let (Finding::One(id), false) = (finding, target.is_own(&wanted.0)) {
                self.remembered.insert(wanted.clone(), *id);
            }
        }
        Ok(Findings(findings))
    }
}

/// The records whose field has one of these values.
async fn by_field_value(
    work: &mut UnitOfWork,
    permit: &Permit,
    name: &str,
    values: BTreeSet<String>,
) -> Result<Vec<(String, Finding)>> {
    let attribute = permit.readable(name)?.clone();
    let read = |text: &String| {
        let json = match attribute.kind {
            Kind::Integer(..) => text.parse::<i64>().map_or(Json::Null, Json::from),
            Kind::Boolean => text.parse::<bool>().map_or(Json::Null, Json::from),
            _ => Json::from(text.as_str()),
        };
        // A value that the field cannot have matches nothing.
        input::value(&attribute, &json).ok().map(|value| attribute.sort_key(&value))
    };
    let keys: Vec<_> = values.into_iter().map(|text| (read(&text), text)).collect();
    let wanted: Vec<_> = keys.iter().filter_map(|(key, _)| key.clone()).collect();
    let mut ids: HashMap<Vec<String>, Vec<Uuid>> = HashMap::new();
    for (id, value) in with_values(work, permit, attribute.index, &wanted).await? {
        ids.entry(key_texts(&[attribute.sort_key(&value)])).or_default().push(id);
    }
    let finding =
        |key: Option<Value>| match key.and_then(|key| ids.get(&key_texts(&[key]))).map(Vec::as_slice) {
            None | Some([]) => Finding::Nothing,
            Some([id]) => Finding::One(*id),
            Some(_) => Finding::Several,
        };
    Ok(keys.into_iter().map(|(key, text)| (text, finding(key))).collect())
}

/// The records that the permit reaches whose field has one of these values, in the form in which they are compared:
/// the id and the value.
pub(super) async fn with_values(
    work: &mut UnitOfWork,
    permit: &Permit,
    field: usize,
    values: &[Value],
) -> Result<Vec<(Uuid, Value)>> {
    let mut found = Vec::new();
    for values in values.chunks(AT_ONCE) {
        let mut plan = Plan::new(permit.clone());
        let (id, value) = (plan.column(Object::ID), plan.column(field));
        plan.predicate = Predicate::Field(Test { field, compare: Compare::OneOf(values.to_vec()) });
        plan.page.limit = u32::MAX;
        let table = work.transaction.read(&plan, &Budget::unlimited()).await?;
        for row in 0..table.len() {
            if let kernel::value::Cell::Id(id) = table.cell(row, id)? {
                found.push((id, table.cell(row, value)?.to_value()));
            }
        }
    }
    Ok(found)
}

/// The records with one of these keys in an outside system.
async fn by_outside_key(
    work: &mut UnitOfWork,
    permit: &Permit,
    system: &str,
    ids: BTreeSet<String>,
) -> Result<Vec<(String, Finding)>> {
    let attribute = permit.readable(system::EXTERNAL_REFS.def.name)?.clone();
    let key =
        |id: &str| attribute.item_keys(&Value::document(&json!([{ "system": system, "id": id }]))).concat();
    let keys: Vec<_> = ids.into_iter().map(|id| (key(&id), id)).collect();
    let mut taken: HashMap<Vec<String>, Uuid> = HashMap::new();
    for keys in keys.chunks(AT_ONCE) {
        let keys: Vec<_> = keys.iter().map(|(key, _)| key.clone()).collect();
        taken.extend(work.transaction.taken(permit, &attribute, &keys).await?);
    }
    let found: Vec<_> = taken.values().copied().map(Value::Id).collect();
    let visible: BTreeSet<_> =
        with_values(work, permit, Object::ID, &found).await?.into_iter().map(|(id, _)| id).collect();
    let finding = |key: &[Value]| match taken.get(&key_texts(key)) {
        Some(id) if visible.contains(id) => Finding::One(*id),
        _ => Finding::Nothing,
    };
    Ok(keys.into_iter().map(|(key, id)| (id, finding(&key))).collect())
}
