//! Objects as types, so that rules and commands cannot take one object's fields for another's.

/// An object as a type; declare one with [`object_type!`](crate::object_type).
pub trait ObjectType: 'static {
    /// The object's name.
    const NAME: &'static str;
}

/// Every object, as the owner of the fields that all records have.
#[derive(Debug)]
pub enum Every {}

/// Whose fields a record of the object `O` has.
#[diagnostic::on_unimplemented(message = "a record of `{O}` has no fields of `{Self}`")]
pub trait Belongs<O> {}

impl<O: ObjectType> Belongs<O> for O {}
impl<O: ObjectType> Belongs<O> for Every {}

/// Declares an object as a type, and `Field<T>` as a field of it.
#[macro_export]
macro_rules! object_type {
    ($type:ident, $name:literal) => {
        #[doc = concat!("The object `", $name, "` as a type.")]
        #[derive(Debug)]
        pub enum $type {}

        impl $crate::object::ObjectType for $type {
            const NAME: &'static str = $name;
        }

        /// A field of this object.
        type Field<T> = $crate::field::Field<$type, T>;
    };
}
