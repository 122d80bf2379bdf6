//! The fields that every record has.

use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    field::{Field, FieldDef, List},
    text::Comparison,
    time::Instant,
};

/// The record's id.
pub const ID: Field<Uuid> =
    Field::own_id("id", "The record's id, a TypeID. The client may choose it on create.");

/// The greatest version: what clients know as a plain number. A record that changes once a second gets there in 68 years.
pub const MAX_VERSION: i64 = i32::MAX as i64;
/// The record's version.
pub const VERSION: Field<i64> = Field::integer(
    "version",
    1,
    MAX_VERSION,
    "The number of the record's changes, its creation included; the value of its `ETag`.",
)
.required()
.computed();
/// When the record was created.
pub const CREATED_AT: Field<Instant> =
    Field::instant("createdAt", "When the record was created.").required().computed();
/// When the record was last changed.
pub const UPDATED_AT: Field<Instant> =
    Field::instant("updatedAt", "When the record was last changed.").required().computed();
/// Who created the record.
pub const CREATED_BY: Field<Uuid> =
    Field::reference("createdById", "user", "The user who created the record.").computed();
/// Who changed the record last.
pub const UPDATED_BY: Field<Uuid> =
    Field::reference("updatedById", "user", "The user who last changed the record.").computed();
/// When the record was deleted.
pub const DELETED_AT: Field<Instant> =
    Field::instant("deletedAt", "When the record was deleted; a deleted record can be restored for 30 days.")
        .computed();

/// What every record has that can change.
pub const FIELDS: &[FieldDef] =
    &[VERSION.def, CREATED_AT.def, UPDATED_AT.def, CREATED_BY.def, UPDATED_BY.def, DELETED_AT.def];

const SYSTEM: Field<String> = Field::text("system", 64, "The name of the outside system.").required();
const EXTERNAL_ID: Field<String> =
    Field::text("id", 255, "The record's id over there, kept and compared as it is.")
        .required()
        .compared(Comparison::Exact);
static EXTERNAL_REF: List = List::of("ExternalRef", "external_refs", &[SYSTEM.def, EXTERNAL_ID.def])
    .shared()
    .key(&["system", "id"])
    .unique();

/// The record's ids in other systems.
pub const EXTERNAL_REFS: Field<Json> = Field::list(
    "externalRefs",
    &EXTERNAL_REF,
    "The record's ids in other systems; no two records share one.",
);

const TAG: Field<Uuid> = Field::reference("tagId", "tag", "The tag.").required();
static TAGS: List = List::plain("Tag", "record_tags", &[TAG.def]).shared();

/// The record's tags.
pub const TAG_IDS: Field<Json> = Field::list("tagIds", &TAGS, "The ids of the record's tags.");

/// What every record has that is a customer's or a team's matter.
pub const EXTRAS: &[FieldDef] = &[EXTERNAL_REFS.def, TAG_IDS.def];
