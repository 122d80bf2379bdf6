//! Files: stored content, described.

use kernel::{
    object::{Action, Object},
    value::Ref,
};

use super::user::User;

kernel::object_type!(File, "file");

pub const NAME: Field<String> = Field::text("name", 255, "The file's name.").required().computed();
pub const MEDIA_TYPE: Field<String> =
    Field::text("mediaType", 127, "The content's IANA media type: `text/csv`.").computed();
pub const SIZE: Field<i64> = Field::integer("size", 0, i64::MAX, "The file's size in bytes.").computed();
pub const SHA256: Field<String> =
    Field::text("sha256", 64, "The SHA-256 digest of the content, in lower-case hexadecimal.").computed();
pub const OWNER: Field<Ref<User>> =
    Field::reference("ownerId", "The file's owner: the user who stored it.").computed();

pub fn file() -> Object {
    Object::plain("file", "files", "A stored file.")
        .fields(&[NAME.def, MEDIA_TYPE.def, SIZE.def, SHA256.def, OWNER.def])
        .owned_by(OWNER)
        .only(&[Action::Read, Action::Delete])
}
