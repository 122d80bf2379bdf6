//! The caller and its permissions, which a client has to know before it offers anything.

use kernel::{actor::Actor, object::Action};
use serde::Serialize;

use crate::Kith;

/// The members of the answer to `me`, with their descriptions for clients.
pub const MEMBERS: [(&str, &str); 4] = [
    ("user", "The user for whom the caller acts."),
    ("role", "The caller's role."),
    ("workspace", "The workspace, the only one that the caller can reach."),
    ("permissions", "The caller's permissions, object by object."),
];
/// The description of `me`, for clients.
pub const DOC: &str = "The caller, and what they may do.";

/// A caller's permissions on the records of an object.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// The object.
    pub object: &'static str,
    /// The allowed actions.
    pub actions: Vec<&'static str>,
    /// With which records: `ALL`, the caller's `OWN`, or those `MATCHING` a predicate of the role.
    pub rows: &'static str,
    /// The fields that the caller may not read.
    pub closed_fields: Vec<&'static str>,
}

impl Permission {
    /// The descriptions of the members, for clients.
    pub const DOCS: [(&'static str, &'static str); 4] = [
        ("object", "The object."),
        (
            "actions",
            "The actions that the caller may take: any of `READ`, `CREATE`, `UPDATE` and `DELETE`, which includes restoring.",
        ),
        (
            "rows",
            "With which records: `ALL`; the caller's `OWN`, among which are those that belong to everybody; or those `MATCHING` a predicate of the role.",
        ),
        ("closedFields", "The fields that the caller may neither read nor write."),
    ];
}

impl Kith {
    /// An actor's permissions, object by object; objects without any are left out.
    pub fn permissions(&self, actor: &Actor) -> Vec<Permission> {
        let objects = self.registry().objects().iter();
        objects
            .filter_map(|object| {
                let commanded = |action| {
                    self.operations().of(object).any(|known| known.is_named() && known.action == action)
                };
                let known =
                    Action::ALL.iter().filter(|action| object.allows(**action) || commanded(**action));
                let permits: Vec<_> = known.filter_map(|action| actor.permit(object, *action).ok()).collect();
                let first = permits.first()?;
                let closed = object.attributes.iter().filter(|attribute| !first.may_read(attribute));
                Some(Permission {
                    object: object.name,
                    actions: permits.iter().map(|permit| permit.action().as_str()).collect(),
                    rows: first.rows().as_str(),
                    closed_fields: closed.map(|attribute| attribute.name).collect(),
                })
            })
            .collect()
    }
}
