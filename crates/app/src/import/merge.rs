//! Applies a row to the existing record that it matches.

use kernel::{Code, Record, Violation, field::Writing, input::Input};

/// The record with the row's values; to some lists the row only adds. A field that is set on create only may come again
/// unchanged; a field that otherwise changes by commands may be set by an import, under the same rules.
pub(super) fn apply_to_existing(
    before: &Record,
    changes: Input,
    adds: &[usize],
) -> Result<Record, Vec<Violation>> {
    let mut after = before.clone();
    let mut violations = Vec::new();
    for (index, value) in changes.values.into_iter().filter(|(index, _)| !adds.contains(index)) {
        let (Some(attribute), Some(place)) = (before.object.at(index), after.values.get_mut(index)) else {
            continue;
        };
        if attribute.writing == Writing::Once && *place != value {
            let detail = format!("{} cannot be changed, and the record has another", attribute.name);
            violations.push(Violation::new(Code::Immutable, format!("/{}", attribute.name), detail));
        }
        *place = value;
    }
    violations.extend(after.change_items(&changes.items));
    if violations.is_empty() { Ok(after) } else { Err(violations) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use domain::sales::{
        deal::{self, Deal},
        line_item::{self, LineItem},
    };
    use kernel::{
        Of, Registry, Value,
        input::{self, Purpose},
        system,
    };
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn record(object: &str) -> Record {
        let registry: Registry = crate::registry();
        Record::new(Arc::clone(registry.object(object).unwrap()))
    }

    fn place(record: &Record, name: &str) -> usize {
        record.object.index(name).unwrap()
    }

    fn set(field: usize, id: Uuid) -> Input {
        Input::from(vec![(field, Value::Id(id))])
    }

    #[test]
    fn what_is_set_once_may_only_come_again() {
        let mut item: Of<LineItem> = Of::new(record("lineItem")).unwrap();
        item.set(line_item::DEAL, Uuid::from_u128(1));
        let deal = place(&item, "dealId");
        let again = apply_to_existing(&item, set(deal, Uuid::from_u128(1)), &[]).unwrap();
        assert_eq!(again.values, item.values);
        let other = apply_to_existing(&item, set(deal, Uuid::from_u128(2)), &[]).unwrap_err();
        assert_eq!(
            other.iter().map(|v| (v.code, v.pointer.as_str())).collect::<Vec<_>>(),
            [(Code::Immutable, "/dealId")]
        );
    }

    #[test]
    fn what_commands_change_may_be_imported() {
        let deal = record("deal");
        let stage = Uuid::from_u128(3);
        let after = apply_to_existing(&deal, set(place(&deal, "stageId"), stage), &[]).unwrap();
        assert_eq!(Of::<Deal>::new(after).unwrap().get(deal::STAGE), Some(stage));
    }

    #[test]
    fn keys_in_other_systems_stay() {
        let mut deal = record("deal");
        let refs = place(&deal, "externalRefs");
        deal.set(system::EXTERNAL_REFS, json!([{"system": "shop", "id": "1"}]));
        let row = |id: &str| {
            let json = json!([{"system": "Shop", "id": id}]);
            let added = input::additions(deal.object.at(refs).unwrap(), Purpose::Import, &json, "").unwrap();
            Input { items: vec![added], ..Input::from(vec![(refs, Value::document(&json))]) }
        };
        let both = |id: &str| {
            apply_to_existing(&deal, row(id), &[refs]).unwrap().get(system::EXTERNAL_REFS).unwrap()
        };
        assert_eq!(both("1"), json!([{"system": "shop", "id": "1"}]));
        assert_eq!(both("2"), json!([{"system": "shop", "id": "1"}, {"system": "Shop", "id": "2"}]));
    }
}
