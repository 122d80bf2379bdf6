//! What a row makes of a record that is there already.

use std::collections::HashSet;

use kernel::{Code, Record, Value, Violation, field::Writing, system, text::fold};
use serde_json::Value as Json;

use crate::work::Values;

/// The record as the row wants it. What is set on create only may come again as it is; what otherwise changes by
/// commands may be set by an import, under the same rules.
pub(super) fn merged(before: &Record, values: Values) -> Result<Record, Vec<Violation>> {
    let mut after = before.clone();
    let mut violations = Vec::new();
    for (index, value) in values {
        let (Some(attribute), Some(place)) = (before.object.at(index), after.values.get_mut(index)) else {
            continue;
        };
        let value =
            if attribute.name == system::EXTERNAL_REFS.def.name { united(place, value) } else { value };
        if attribute.writing == Writing::Once && *place != value {
            let detail = format!("{} cannot be changed, and the record has another", attribute.name);
            violations.push(Violation::new(Code::Immutable, format!("/{}", attribute.name), detail));
        }
        *place = value;
    }
    if violations.is_empty() { Ok(after) } else { Err(violations) }
}

/// The keys that a record has in outside systems and those of the row together: a file knows one system, and the
/// keys in others stay.
fn united(old: &Value, new: Value) -> Value {
    let items = |value: &Value| match value.as_document() {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    let key = |item: &Json| fold(&item.to_string()).into_owned();
    let mut all = items(old);
    let known: HashSet<String> = all.iter().map(key).collect();
    let more: Vec<_> = items(&new).into_iter().filter(|item| !known.contains(&key(item))).collect();
    if more.is_empty() {
        return old.clone();
    }
    all.extend(more);
    Value::document(&Json::Array(all))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use domain::sales::{deal, line_item};
    use kernel::Registry;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn record(object: &str) -> Record {
        let registry: Registry = domain::registry();
        Record::new(Arc::clone(registry.object(object).unwrap()))
    }

    fn place(record: &Record, name: &str) -> usize {
        record.object.index(name).unwrap()
    }

    #[test]
    fn what_is_set_once_may_only_come_again() {
        let mut item = record("lineItem");
        item.set(line_item::DEAL, Uuid::from_u128(1));
        let deal = place(&item, "dealId");
        let again = merged(&item, vec![(deal, Value::Id(Uuid::from_u128(1)))]).unwrap();
        assert_eq!(again.values, item.values);
        let other = merged(&item, vec![(deal, Value::Id(Uuid::from_u128(2)))]).unwrap_err();
        assert_eq!(
            other.iter().map(|v| (v.code, v.pointer.as_str())).collect::<Vec<_>>(),
            [(Code::Immutable, "/dealId")]
        );
    }

    #[test]
    fn what_commands_change_may_be_imported() {
        let deal = record("deal");
        let stage = Uuid::from_u128(3);
        let after = merged(&deal, vec![(place(&deal, "stageId"), Value::Id(stage))]).unwrap();
        assert_eq!(after.get(deal::STAGE), Some(stage));
    }

    #[test]
    fn keys_in_other_systems_stay() {
        let mut deal = record("deal");
        let refs = place(&deal, "externalRefs");
        deal.set(system::EXTERNAL_REFS, json!([{"system": "shop", "id": "1"}]));
        let row = |id: &str| vec![(refs, Value::document(&json!([{"system": "Shop", "id": id}])))];
        assert_eq!(merged(&deal, row("1")).unwrap().values, deal.values);
        let both = merged(&deal, row("2")).unwrap().get(system::EXTERNAL_REFS).unwrap();
        assert_eq!(both, json!([{"system": "shop", "id": "1"}, {"system": "Shop", "id": "2"}]));
    }
}
