//! Fields as typed constants: what a member of a record is called, what it may hold, who may set it,
//! and the sentence clients read about it.

mod kinds;
mod list;

use std::marker::PhantomData;

pub use list::List;

use crate::{reference::OnDelete, text::Comparison, value::Choice};

/// What kind of value a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The record's own id.
    Id,
    /// Text of at most so many characters, without U+0000.
    Text(u32),
    /// A whole number between two bounds, both included.
    Integer(i64, i64),
    /// A decimal number with four decimals, sent as text.
    Decimal,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// A point in time.
    Instant,
    /// An amount with its currency.
    Money,
    /// One of a closed set of values.
    Choice(&'static [Choice]),
    /// The id of a record of the named object.
    Reference(&'static str),
    /// The id of a record of any object.
    AnyReference,
    /// Several values, in order.
    List(&'static List),
    /// A JSON document whose meaning belongs to the object.
    Document,
}

/// Who may set a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writing {
    /// Whoever may create or update the record.
    Free,
    /// Whoever creates the record; later nobody.
    Once,
    /// Whoever creates the record; later only the object's commands.
    ByCommand,
    /// Kith alone.
    Computed,
}

/// The default of a field in a new record.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Preset {
    /// A choice, by its name.
    Choice(&'static str),
    /// True or false.
    Boolean(bool),
    /// A whole number, or a decimal in its scale.
    Integer(i64),
    /// The user who acts.
    Actor,
    /// The present instant.
    Now,
}

/// A part of a change that a field of a log shows. It is not stored as it is shown, but rendered from what the log
/// keeps of the change ([`crate::object::LogFields`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangePart {
    /// The record after the change.
    Data,
    /// The changed fields, each with its old and its new value.
    Changes,
    /// The changed fields that are sensitive.
    SensitiveChanges,
    /// The names of the changed fields.
    ChangedFields,
}

/// A form that a text must have: an address, a code.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What such a text is, as a refusal names it.
    pub what: &'static str,
    /// The spelling that is kept; none where the text is not of this form.
    pub read: fn(&str) -> Option<String>,
}

/// A field of an object, as data.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// Its name, in camelCase.
    pub name: &'static str,
    /// What it means, for clients.
    pub doc: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a record must have it.
    pub required: bool,
    /// Who may set it.
    pub writing: Writing,
    /// The default of a new record.
    pub preset: Option<Preset>,
    /// Whether lists can be filtered by it.
    pub filter: bool,
    /// Whether lists can be ordered by it.
    pub sort: bool,
    /// Whether no two live records of a workspace may share it.
    pub unique: bool,
    /// When two of its texts are the same.
    pub comparison: Comparison,
    /// The form that its texts have.
    pub form: Option<Form>,
    /// Whether it tells about a natural person.
    pub personal: bool,
    /// Whether only some roles may read it.
    pub sensitive: bool,
    /// A number that Kith gives out, one after the other in each workspace.
    pub serial: bool,
    /// The link that the record referred to gets in return: its name and meaning.
    pub inverse: Option<(&'static str, &'static str)>,
    /// The document is a predicate over the object that this choice names: `CONTACT` for contact.
    pub predicate_over: Option<&'static str>,
    /// The consequence of deleting the record referred to.
    pub on_delete: OnDelete,
    /// Whether its references form a tree: nothing stands above itself.
    pub hierarchy: bool,
    /// Whether it keeps its value while other records refer to the record by restricting references.
    pub fixed_in_use: bool,
    /// Whether it is a day that has come; a year of two digits is meant so.
    pub past: bool,
    /// Whether a change of nothing else makes no event.
    pub unlogged: bool,
    /// The part of a change that it shows, rendered when it is read.
    pub rendered: Option<ChangePart>,
}

/// A field of the object `O` that holds a `T`.
#[derive(Debug)]
pub struct Field<O, T> {
    /// The field as data.
    pub def: FieldDef,
    kind: PhantomData<fn() -> (O, T)>,
}

impl<O, T> Clone for Field<O, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<O, T> Copy for Field<O, T> {}

/// A member of the items of a list, which no record has as a field.
pub type Member<T> = Field<Item, T>;

/// An item of a list, in place of an object.
#[derive(Debug)]
pub enum Item {}

impl<O, T> Field<O, T> {
    const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        let scalar = !matches!(kind, Kind::List(_) | Kind::Document | Kind::AnyReference);
        let def = FieldDef {
            name,
            doc,
            kind,
            required: false,
            writing: Writing::Free,
            preset: None,
            filter: !matches!(kind, Kind::Document),
            sort: scalar,
            unique: false,
            comparison: Comparison::Folded,
            form: None,
            personal: false,
            sensitive: false,
            serial: false,
            inverse: None,
            predicate_over: None,
            on_delete: OnDelete::Keep,
            hierarchy: false,
            fixed_in_use: false,
            past: false,
            unlogged: false,
            rendered: None,
        };
        Self { def, kind: PhantomData }
    }

    pub(crate) const fn with(def: FieldDef) -> Self {
        Self { def, kind: PhantomData }
    }

    /// A record must have it.
    pub const fn required(self) -> Self {
        Self::with(FieldDef { required: true, ..self.def })
    }

    /// No two live records of a workspace may share it.
    pub const fn unique(self) -> Self {
        Self::with(FieldDef { unique: true, ..self.def })
    }

    /// It tells about a natural person.
    pub const fn personal(self) -> Self {
        Self::with(FieldDef { personal: true, ..self.def })
    }

    /// Only some roles may read it.
    pub const fn sensitive(self) -> Self {
        Self::with(FieldDef { sensitive: true, ..self.def })
    }

    /// It is set when the record is created and never again.
    pub const fn immutable(self) -> Self {
        Self::with(FieldDef { writing: Writing::Once, ..self.def })
    }

    /// After the record's creation only a command changes it.
    pub const fn by_command(self) -> Self {
        Self::with(FieldDef { writing: Writing::ByCommand, ..self.def })
    }

    /// Kith sets it.
    pub const fn computed(self) -> Self {
        Self::with(FieldDef { writing: Writing::Computed, ..self.def })
    }

    /// The default of a new record.
    pub const fn preset(self, preset: Preset) -> Self {
        Self::with(FieldDef { preset: Some(preset), ..self.def })
    }

    /// It keeps its value while other records refer to the record by restricting references, for what it says was
    /// true of them.
    pub const fn fixed_in_use(self) -> Self {
        Self::with(FieldDef { fixed_in_use: true, ..self.def })
    }

    /// A change of nothing else makes no event: it is written often, and followers do not wait for it.
    pub const fn unlogged(self) -> Self {
        Self::with(FieldDef { unlogged: true, ..self.def })
    }

    /// It shows a part of a change, rendered when it is read.
    pub const fn rendered(self, part: ChangePart) -> Self {
        Self::with(FieldDef { rendered: Some(part), ..self.def })
    }

    /// It is shown, but lists cannot be filtered or ordered by it: long texts.
    pub const fn opaque(self) -> Self {
        Self::with(FieldDef { filter: false, sort: false, ..self.def })
    }
}
