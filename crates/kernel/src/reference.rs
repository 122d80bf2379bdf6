//! What becomes of the records that refer to a deleted one: declared at each reference, known at the object referred to.
//! That they stay and are only hidden meanwhile is not among it: every read of them, by whatever way, would have to look
//! at the other record too.

use crate::{
    field::{Field, FieldDef, Kind},
    object::{Attribute, Object, ObjectType},
    value::Ref,
};

/// The consequence of deleting a record for those that refer to it by a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnDelete {
    /// They stay as they are; their link shows nothing until the record is restored.
    Keep,
    /// The record is not deleted while live ones refer to it: they would mean nothing without it.
    Restrict,
    /// They are deleted along with the record, and restored along with it.
    Cascade,
}

/// A reference that deleting the record it refers to has consequences for.
#[derive(Clone, Copy, Debug)]
pub struct Referrer {
    /// The object that refers.
    pub object: &'static str,
    /// The place of the reference in it.
    pub field: usize,
    /// The consequence.
    pub on_delete: OnDelete,
}

impl<O, To: ObjectType> Field<O, Ref<To>> {
    /// The consequence of deleting the record referred to. Default: [`OnDelete::Keep`].
    pub const fn on_delete(self, on_delete: OnDelete) -> Self {
        Self::with(FieldDef { on_delete, ..self.def })
    }
}

impl FieldDef {
    /// Whether the record needs the one it refers to: it is not created or restored without it.
    pub fn depends(&self) -> bool {
        self.on_delete != OnDelete::Keep
    }
}

impl Object {
    /// The references to its records with that consequence; complete once it is in a registry.
    pub fn referrers(&self, on_delete: OnDelete) -> impl Iterator<Item = &Referrer> {
        self.referrers.iter().filter(move |referrer| referrer.on_delete == on_delete)
    }
}

/// Every reference with a consequence, with the object that it refers to.
pub(crate) fn referrers(objects: &[Object]) -> Vec<(&'static str, Referrer)> {
    let of = |object: &Object| {
        let name = object.name;
        let depending = object.attributes.iter().filter(|field| field.depends());
        let referrer = |field: &Attribute| {
            let referrer = Referrer { object: name, field: field.index, on_delete: field.on_delete };
            Some((field.target()?, referrer))
        };
        depending.filter_map(referrer).collect::<Vec<_>>()
    };
    objects.iter().flat_map(of).collect()
}

/// The problems of a field's consequence.
pub(crate) fn problem(object: &Object, field: &Attribute) -> Option<String> {
    let is_reference = matches!(field.kind, Kind::Reference(_));
    let name = format!("{}.{}", object.name, field.name);
    match field.on_delete {
        _ if field.members.iter().any(|member| member.depends()) => {
            Some(format!("{name}: a member of a list has no consequence"))
        }
        OnDelete::Restrict | OnDelete::Cascade if !is_reference => {
            Some(format!("{name} refers to nothing that could be deleted"))
        }
        OnDelete::Cascade if !object.is_mutable() => {
            Some(format!("{name}: records of a log are not deleted"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Registry;

    crate::object_type!(Part, "part");

    const WHOLE: Field<Ref<Part>> = Field::reference("wholeId", "The whole.");

    fn part(object: Object, on_delete: OnDelete) -> Object {
        object.fields(&[WHOLE.on_delete(on_delete).def])
    }

    #[test]
    fn an_object_knows_what_depends_on_its_records() {
        for on_delete in [OnDelete::Keep, OnDelete::Restrict, OnDelete::Cascade] {
            let object = part(Object::plain("part", "parts", "A part."), on_delete);
            let problems: Vec<_> =
                object.attributes.iter().filter_map(|field| problem(&object, field)).collect();
            assert_eq!(problems, Vec::<String>::new());
            let registry = Registry::new(vec![object]);
            let object = registry.object("part").unwrap();
            let found: Vec<_> =
                object.referrers.iter().map(|found| (found.object, found.on_delete)).collect();
            let expected = if on_delete == OnDelete::Keep { vec![] } else { vec![("part", on_delete)] };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_never_deleted_does_not_go_along() {
        let object = part(Object::log("part", "parts", "A part."), OnDelete::Cascade);
        let field = object.attribute(WHOLE.def.name).unwrap();
        let told = problem(&object, field);
        assert_eq!(told.as_deref(), Some("part.wholeId: records of a log are not deleted"));
    }
}
