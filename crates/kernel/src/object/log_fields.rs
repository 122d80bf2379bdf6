//! The fields of a log that tell of a change.

use super::Object;

/// The fields of a log, by their names, that keep what is known of a change of a record. Others are rendered from them.
#[derive(Clone, Copy, Debug)]
pub struct LogFields {
    /// The record's object, by its name. Who may not read that object's records, reads none of these.
    pub object: &'static str,
    /// The record's id, a TypeID.
    pub record_id: &'static str,
    /// The record's version after the change.
    pub version: &'static str,
    /// The user who made the change.
    pub actor: &'static str,
    /// The record after the change.
    pub data: &'static str,
    /// What the changed fields had before.
    pub changes: &'static str,
}

impl LogFields {
    /// Their places in the log.
    pub(crate) fn places(self, log: &Object) -> impl Iterator<Item = usize> {
        let Self { object, record_id, version, actor, data, changes } = self;
        [object, record_id, version, actor, data, changes].into_iter().filter_map(|name| log.index(name))
    }
}
