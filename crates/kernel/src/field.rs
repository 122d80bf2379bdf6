//! Fields as typed constants: what a member of a record is called, what it may hold, who may set it,
//! and the sentence clients read about it.

use std::marker::PhantomData;

use chrono::NaiveDate;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    money::Money,
    object::ObjectType,
    reference::OnDelete,
    text::Comparison,
    time::Instant,
    value::{Choice, Choices, Decimal, Ref},
};

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

/// A list of values or of small groups of values; the whole list is kept with the record, and every item
/// once more in a table of its own, by which it is found.
#[derive(Debug)]
pub struct List {
    /// The type of an item, for clients: `Email`.
    pub name: &'static str,
    /// The table that indexes the items.
    pub table: &'static str,
    /// Whether several objects share that table, told apart by its column `object`.
    pub shared: bool,
    /// What an item has; a list of plain values has one unnamed member.
    pub members: &'static [FieldDef],
    /// Whether an item is the plain value of its one member.
    pub plain: bool,
    /// How many items there may be.
    pub max: usize,
    /// The members by which an item is told from the record's others.
    pub key: &'static [&'static str],
    /// Whether no two live records (of one object) may have an item of the same key.
    pub unique: bool,
    /// A boolean member that exactly one item has: Kith gives it to the first where nobody has it.
    pub primary: Option<&'static str>,
}

impl List {
    /// A list of groups of values.
    pub const fn of(name: &'static str, table: &'static str, members: &'static [FieldDef]) -> Self {
        Self {
            name,
            table,
            shared: false,
            members,
            plain: false,
            max: 50,
            key: &[],
            unique: false,
            primary: None,
        }
    }

    /// A list of plain values.
    pub const fn plain(name: &'static str, table: &'static str, member: &'static [FieldDef]) -> Self {
        Self { plain: true, ..Self::of(name, table, member) }
    }

    /// Shares its table with other objects.
    pub const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// No two items of a record have the same values of these members. Plain values are told apart without it.
    pub const fn key(self, members: &'static [&'static str]) -> Self {
        Self { key: members, ..self }
    }

    /// No two live records of an object may have an item of the same key.
    pub const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// Exactly one item has this member set.
    pub const fn primary(self, member: &'static str) -> Self {
        Self { primary: Some(member), ..self }
    }
}

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

impl<O> Field<O, String> {
    /// Text of at most `max` characters.
    pub const fn text(name: &'static str, max: u32, doc: &'static str) -> Self {
        Self::new(name, Kind::Text(max), doc)
    }

    /// When two of its texts are the same; without this, case and accents make no difference.
    pub const fn compared(self, comparison: Comparison) -> Self {
        Self::with(FieldDef { comparison, ..self.def })
    }

    /// Its texts have that form, and are kept in the form's spelling.
    pub const fn form(self, form: Form) -> Self {
        Self::with(FieldDef { form: Some(form), ..self.def })
    }
}

impl<O> Field<O, i64> {
    /// A whole number between two bounds, both included.
    pub const fn integer(name: &'static str, min: i64, max: i64, doc: &'static str) -> Self {
        Self::new(name, Kind::Integer(min, max), doc)
    }

    /// A number that Kith gives out, one after the other in each workspace, from 1.
    pub const fn serial(name: &'static str, doc: &'static str) -> Self {
        let plain = Self::integer(name, 1, i64::MAX, doc).computed();
        Self::with(FieldDef { serial: true, unique: true, ..plain.def })
    }
}

impl<O> Field<O, Decimal> {
    /// A decimal number with four decimals.
    pub const fn decimal(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Decimal, doc)
    }
}

impl<O> Field<O, bool> {
    /// True or false.
    pub const fn boolean(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Boolean, doc)
    }
}

impl<O> Field<O, NaiveDate> {
    /// A calendar day.
    pub const fn date(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Date, doc)
    }

    /// It is a day that has come, today at the latest; a year of two digits is meant so.
    pub const fn past(self) -> Self {
        Self::with(FieldDef { past: true, ..self.def })
    }
}

impl<O> Field<O, Instant> {
    /// A point in time.
    pub const fn instant(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Instant, doc)
    }
}

impl<O> Field<O, Money> {
    /// An amount with its currency.
    pub const fn money(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Money, doc)
    }
}

impl<O, C: Choices> Field<O, C> {
    /// One of a closed set of values.
    pub const fn choice(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Choice(C::ALL), doc)
    }
}

impl<O> Field<O, String> {
    /// One of these values, which whoever makes the registry knows.
    pub const fn one_of(name: &'static str, choices: &'static [Choice], doc: &'static str) -> Self {
        Self::new(name, Kind::Choice(choices), doc)
    }
}

impl<O> Field<O, Uuid> {
    /// The record's own id.
    pub(crate) const fn own_id(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Id, doc).required().immutable()
    }

    /// The id of a record of the object of that name, which is not known here as a type.
    pub(crate) const fn reference_to(name: &'static str, object: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Reference(object), doc)
    }

    /// The id of a record of any object: a member of a list only.
    pub const fn any_reference(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::AnyReference, doc)
    }
}

impl<O, To: ObjectType> Field<O, Ref<To>> {
    /// The id of another record. Its name ends in `Id`; without that ending it names the link to the record.
    pub const fn reference(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Reference(To::NAME), doc)
    }

    /// It refers to a record of the same object that stands above this one; nothing stands above itself.
    pub const fn hierarchy(self) -> Self {
        Self::with(FieldDef { hierarchy: true, ..self.def })
    }

    /// The record referred to gets this link back.
    pub const fn inverse(self, link: &'static str, doc: &'static str) -> Self {
        Self::with(FieldDef { inverse: Some((link, doc)), ..self.def })
    }
}

impl<O> Field<O, Json> {
    /// Several values, in order.
    pub const fn list(name: &'static str, list: &'static List, doc: &'static str) -> Self {
        Self::new(name, Kind::List(list), doc)
    }

    /// A JSON document.
    pub const fn document(name: &'static str, doc: &'static str) -> Self {
        Self::new(name, Kind::Document, doc)
    }

    /// The document is a predicate over the object that the choice in this field names.
    pub const fn predicate_over<C>(self, object: Field<O, C>) -> Self {
        Self::with(FieldDef { predicate_over: Some(object.def.name), ..self.def })
    }

    /// The records referred to by the list's items get this link back.
    pub const fn listed_as(self, link: &'static str, doc: &'static str) -> Self {
        Self::with(FieldDef { inverse: Some((link, doc)), ..self.def })
    }
}
