//! Files: stored content, described.

use kernel::{
    field::Field,
    object::{Action, Object},
};
use uuid::Uuid;

/// Its name.
pub const NAME: Field<String> = Field::text("name", 255, "The file's name.").required().computed();
/// What it is.
pub const MEDIA_TYPE: Field<String> =
    Field::text("mediaType", 127, "What kind of content it is, as an IANA media type: `text/csv`.")
        .computed();
/// How long it is.
pub const SIZE: Field<i64> = Field::integer("size", 0, i64::MAX, "How many bytes the file has.").computed();
/// What it hashes to.
pub const SHA256: Field<String> =
    Field::text("sha256", 64, "The SHA-256 digest of the content, in lower-case hexadecimal.").computed();
/// Whose it is.
pub const OWNER: Field<Uuid> =
    Field::reference("ownerId", "user", "The user who stored the file.").computed();

/// The object.
pub fn file() -> Object {
    Object::plain("file", "files", "Stored content.")
        .fields(&[NAME.def, MEDIA_TYPE.def, SIZE.def, SHA256.def, OWNER.def])
        .owned_by(OWNER)
        .only(&[Action::Read, Action::Delete])
}
