//! How a field is stored: the one or two columns of each kind of value, on either database.

use sea_orm_migration::sea_orm::DbBackend;

/// A field of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The table whose records it refers to.
    pub target: Option<&'static str>,
    /// Whether that table is made by a later step, which then connects them.
    pub later: bool,
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Id,
    Text,
    Plain,
    Integer,
    Boolean,
    Date,
    Instant,
    Money,
    Bytes,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, target: None, later: false, kind, required: false }
}

/// The id of something that is not connected by the database.
pub const fn id(name: &'static str) -> Column {
    column(name, Kind::Id)
}

/// The id of a record of that table.
pub const fn reference(name: &'static str, target: &'static str) -> Column {
    Column { target: Some(target), ..id(name) }
}

/// Text that is found or ordered by; it has a second column with its folded form.
pub const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

/// Text that is only shown.
pub const fn long_text(name: &'static str) -> Column {
    column(name, Kind::Plain)
}

/// A word that is compared as it is.
pub const fn word(name: &'static str) -> Column {
    column(name, Kind::Plain)
}

/// One of a closed set of values.
pub const fn choice(name: &'static str) -> Column {
    column(name, Kind::Plain)
}

/// A list or a document, as JSON text.
pub const fn json(name: &'static str) -> Column {
    column(name, Kind::Plain)
}

/// A whole number, or a decimal in its scale.
pub const fn integer(name: &'static str) -> Column {
    column(name, Kind::Integer)
}

/// True or false.
pub const fn boolean(name: &'static str) -> Column {
    column(name, Kind::Boolean)
}

/// A calendar day.
pub const fn date(name: &'static str) -> Column {
    column(name, Kind::Date)
}

/// A point in time.
pub const fn instant(name: &'static str) -> Column {
    column(name, Kind::Instant)
}

/// An amount; it has a second column with its currency.
pub const fn money(name: &'static str) -> Column {
    column(name, Kind::Money)
}

/// Content.
pub const fn bytes(name: &'static str) -> Column {
    column(name, Kind::Bytes)
}

impl Column {
    /// It is never null.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// A later step makes the table it refers to, and connects them.
    pub const fn later(self) -> Self {
        Self { later: true, ..self }
    }

    /// The column by which it is found.
    pub fn found_by(&self) -> String {
        match self.kind {
            Kind::Text => format!("{}_folded", self.name),
            _ => self.name.to_owned(),
        }
    }

    /// Its columns, as `CREATE TABLE` wants them.
    pub fn definitions(&self, backend: DbBackend) -> Vec<String> {
        let null = if self.required { " NOT NULL" } else { "" };
        let define = |name: &str, kind| format!("\"{name}\" {}{null}", type_of(kind, backend));
        let mut definitions = vec![define(self.name, self.kind)];
        match self.kind {
            Kind::Text => definitions.push(define(&self.found_by(), Kind::Text)),
            Kind::Money if backend == DbBackend::Postgres => {
                definitions.push(format!("\"{}_currency\" char(3) COLLATE \"C\"{null}", self.name));
            }
            Kind::Money => definitions.push(define(&format!("{}_currency", self.name), Kind::Plain)),
            _ => {}
        }
        definitions
    }
}

// SQLite has neither instants nor days: microseconds since 1970 and `YYYY-MM-DD` have their order.
fn type_of(kind: Kind, backend: DbBackend) -> &'static str {
    let (postgres, sqlite) = match kind {
        Kind::Id => ("uuid", "uuid_blob"),
        // Bytewise order and prefixes, as SQLite has them.
        Kind::Text | Kind::Plain => ("text COLLATE \"C\"", "text"),
        Kind::Integer | Kind::Money => ("bigint", "integer"),
        Kind::Boolean => ("boolean", "boolean"),
        Kind::Date => ("date", "text"),
        Kind::Instant => ("timestamptz(6)", "integer"),
        Kind::Bytes => ("bytea", "blob"),
    };
    if backend == DbBackend::Postgres { postgres } else { sqlite }
}
