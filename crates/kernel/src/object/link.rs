//! Links between records.

/// A link from the records of one object to those of another.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its name: `company`, `deals`.
    pub name: String,
    /// Its description, for clients.
    pub doc: String,
    /// The object it leads to.
    pub target: String,
    /// The path that it follows.
    pub path: Path,
}

/// The path of a link.
#[derive(Clone, Debug)]
pub enum Path {
    /// This record's field holds the other's id.
    One {
        /// The place of that field in this object.
        field: usize,
    },
    /// The other record's field holds this one's id.
    Many {
        /// The place of that field in the other object.
        field: usize,
    },
    /// A table between them holds both ids.
    Via(Via),
}

/// A table that connects two objects.
#[derive(Clone, Debug)]
pub struct Via {
    /// The table.
    pub table: String,
    /// Its column with this record's id.
    pub near: String,
    /// Its column with the other record's id.
    pub far: String,
    /// What the table holds.
    pub over: Over,
    /// Columns and the values they must have, where the table serves several objects.
    pub only: Vec<(String, String)>,
    /// Whether its rows are records that can be deleted.
    pub deletable: bool,
}

/// What a connecting table holds, which decides who may follow the link.
#[derive(Clone, Debug)]
pub enum Over {
    /// The items of the list at that place in this object.
    Near(usize),
    /// The items of the list at that place in the other object.
    Far(usize),
    /// The records of a third object, two of whose fields hold the ids.
    Records {
        /// The object.
        object: &'static str,
        /// The place of the field with this record's id.
        near: usize,
        /// The place of the field with the other record's id.
        far: usize,
    },
}

impl Link {
    /// Whether it leads to at most one record.
    pub fn is_one(&self) -> bool {
        matches!(self.path, Path::One { .. })
    }
}

/// A link that leads over this object's records from one object to another: company → affiliation → contact.
#[derive(Clone, Copy, Debug)]
pub struct Bridge {
    /// The field that holds the id of the record that gets the link.
    pub near: &'static str,
    /// The link's name.
    pub link: &'static str,
    /// The field that holds the id of the record it leads to.
    pub far: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
}
