//! Lists of values.

use super::FieldDef;

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
