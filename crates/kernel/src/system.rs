//! The fields that every record has.

use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    field::{self, FieldDef, List, Member},
    object::Every,
    text::Comparison,
    time::Instant,
};

type Field<T> = field::Field<Every, T>;

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
    "The record's version, which counts its changes from 1; the value of its `ETag`.",
)
.required()
.computed();
/// The time the record was created.
pub const CREATED_AT: Field<Instant> =
    Field::instant("createdAt", "The time the record was created.").required().computed();
/// The time the record was last updated.
pub const UPDATED_AT: Field<Instant> =
    Field::instant("updatedAt", "The time the record was last updated.").required().computed();
/// The user who created the record.
pub const CREATED_BY: Field<Uuid> =
    Field::reference_to("createdById", "user", "The user who created the record.").computed();
/// The user who last updated the record.
pub const UPDATED_BY: Field<Uuid> =
    Field::reference_to("updatedById", "user", "The user who last updated the record.").computed();
/// The time the record was deleted.
pub const DELETED_AT: Field<Instant> =
    Field::instant("deletedAt", "The time the record was deleted; it can be restored for 30 days.")
        .computed();

/// The fields of every record that can change.
pub const FIELDS: &[FieldDef] =
    &[VERSION.def, CREATED_AT.def, UPDATED_AT.def, CREATED_BY.def, UPDATED_BY.def, DELETED_AT.def];

const SYSTEM: Member<String> = Member::text("system", 64, "The name of the outside system.").required();
const EXTERNAL_ID: Member<String> =
    Member::text("id", 255, "The record's id in that system, kept and compared as it is.")
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

const TAG: Member<Uuid> = Member::reference_to("tagId", "tag", "The tag.").required();
static TAGS: List = List::plain("Tag", "record_tags", &[TAG.def]).shared();

/// The record's tags.
pub const TAG_IDS: Field<Json> = Field::list("tagIds", &TAGS, "The ids of the record's tags.");

/// The fields of every record that people work with: outside ids and tags.
pub const EXTRAS: &[FieldDef] = &[EXTERNAL_REFS.def, TAG_IDS.def];
