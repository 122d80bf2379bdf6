//! Changes of single items of a list.

use super::Attribute;
use crate::text::pascal;

/// The members of a change that add items to a list and remove some: `addEmails`, `removeEmails`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemChanges {
    /// Adds items, or changes those of the same key.
    pub add: String,
    /// Removes the items of these keys.
    pub remove: String,
}

impl ItemChanges {
    pub(super) fn of(list: &str) -> Self {
        let name = pascal(list);
        Self { add: format!("add{name}"), remove: format!("remove{name}") }
    }

    /// The descriptions of the two members, for clients.
    pub fn docs(&self, attribute: &Attribute) -> [String; 2] {
        let name = attribute.name;
        let (given, key) = match attribute.list() {
            Some(list) if !list.plain => {
                let key = list.key.join(", ");
                (
                    format!("; an item that has the same {key} is changed in what is given"),
                    "the items of these keys",
                )
            }
            _ => (String::new(), "these"),
        };
        [
            format!("Adds these to `{name}`, whose other items stay{given}."),
            format!("Removes {key} from `{name}`, before any are added; what is not there need not be."),
        ]
    }
}
