//! The differences between SQLite and PostgreSQL, in one place: how values are bound and read, and the few
//! statements that only one of them understands.

use std::fmt::{self, Write as _};

use kernel::{
    Error, Result, Value,
    field::Kind,
    money::{Currency, Money, parse_currency},
    time::{Instant, parse_date},
    value::Cell,
};
use sea_orm::sea_query::{
    Expr, Func, PostgresQueryBuilder, QueryBuilder, QueryStatementWriter, SqlWriter, SqliteQueryBuilder,
    Value as Bound, Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    Row as _,
    postgres::{PgArguments, PgRow},
    sqlite::SqliteRow,
};
use uuid::Uuid;

/// The database behind the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Embedded, one file.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

/// A row as the driver gives it.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// The parameters of a statement, as one of the databases takes them.
pub(crate) enum Parameters {
    /// One for each value.
    Values(SqlxValues),
    /// One for each column of PostgreSQL.
    Arrays(PgArguments),
}

impl Dialect {
    /// The value as a parameter of a statement; null with the type of its column.
    pub fn bind(self, kind: Kind, value: &Value) -> Bound {
        match (value, self) {
            (Value::Null, _) => self.null(kind),
            (Value::Boolean(value), _) => (*value).into(),
            (Value::Integer(value), _) => (*value).into(),
            (Value::Text(text) | Value::Json(text), _) => text.as_str().into(),
            (Value::Id(id), _) => (*id).into(),
            (Value::Date(date), Self::Postgres) => (*date).into(),
            (Value::Date(date), Self::Sqlite) => date.to_string().into(),
            (Value::Instant(at), Self::Postgres) => at.utc().into(),
            (Value::Instant(at), Self::Sqlite) => at.0.into(),
            (Value::Money(money), _) => money.minor.into(),
        }
    }

    fn null(self, kind: Kind) -> Bound {
        match (kind, self) {
            (Kind::Boolean, _) => Bound::Bool(None),
            (Kind::Integer(..) | Kind::Decimal | Kind::Money, _) => Bound::BigInt(None),
            (Kind::Id | Kind::Reference(_) | Kind::AnyReference, _) => Bound::Uuid(None),
            (Kind::Date, Self::Postgres) => Bound::ChronoDate(None),
            (Kind::Instant, Self::Postgres) => Bound::ChronoDateTimeUtc(None),
            (Kind::Instant, Self::Sqlite) => Bound::BigInt(None),
            _ => Bound::String(None),
        }
    }

    /// An instant as a parameter.
    pub fn instant(self, at: Instant) -> Bound {
        self.bind(Kind::Instant, &Value::Instant(at))
    }

    /// Begins a transaction; on SQLite one that may write, or it would be refused when another one wrote.
    pub fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// The greater of two values that are there.
    pub fn greatest(self, one: Expr, other: Expr) -> Expr {
        let name = match self {
            Self::Sqlite => "max",
            Self::Postgres => "greatest",
        };
        Func::cust(name).arg(one).arg(other).into()
    }

    /// Whether readers of rows about to be changed have to lock them; on SQLite there is one writer.
    pub fn locks_rows(self) -> bool {
        self == Self::Postgres
    }
}

/// A statement that can be written in the SQL of both databases.
pub trait Statement: QueryStatementWriter + Sync {}
impl<S: QueryStatementWriter + Sync> Statement for S {}

/// The statement as the database wants it.
pub fn build(dialect: Dialect, statement: &impl Statement) -> (String, SqlxValues) {
    let mut text = Text { sql: String::with_capacity(1_024), values: Vec::new() };
    match dialect {
        Dialect::Sqlite => statement.build_collect_into(SqliteQueryBuilder, &mut text),
        Dialect::Postgres => statement.build_collect_into(PostgresQueryBuilder, &mut text),
    }
    (text.sql, SqlxValues(Values(text.values)))
}

/// The text of a statement, with its limits written out. A limit that is a parameter makes both databases plan a
/// prepared statement anew at every execution: PostgreSQL because it guesses that a tenth of all rows is wanted,
/// SQLite because it looks at the value.
struct Text {
    sql: String,
    values: Vec<Bound>,
}

impl SqlWriter for Text {
    fn push_param<T: QueryBuilder>(&mut self, value: Bound, builder: &T) {
        // Nothing but a limit is a number without a sign.
        if let Bound::BigUnsigned(Some(limit)) = value {
            return self.number(limit);
        }
        self.values.push(value);
        let (placeholder, is_numbered) = builder.placeholder();
        self.sql.push_str(placeholder);
        if is_numbered {
            self.number(self.values.len());
        }
    }

    fn as_writer(&mut self) -> &mut dyn fmt::Write {
        self
    }
}

impl Text {
    fn number(&mut self, number: impl fmt::Display) {
        // To write into a string does not fail.
        let _ = write!(self.sql, "{number}");
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.sql.push_str(text);
        Ok(())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

/// PostgreSQL sends instants as microseconds since 2000, here in those since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl Row {
    /// Reads a column, whose type the statement decides: it is not looked at again with every value.
    pub fn get<'r, T>(&'r self, index: usize) -> Result<T>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Decode<'r, sqlx::Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get_unchecked(index),
            Self::Postgres(row) => row.try_get_unchecked(index),
        }
        .map_err(|error| Error::internal(error))
    }

    /// The number of bytes of a column's text.
    pub fn len_of(&self, index: usize) -> Result<usize> {
        Ok(self.get::<Option<&[u8]>>(index)?.map_or(0, <[u8]>::len))
    }

    /// Reads a value of that kind from the columns that begin at this one.
    pub fn cell(&self, index: usize, kind: Kind) -> Result<Cell<'_>> {
        let cell = match kind {
            Kind::Id | Kind::Reference(_) | Kind::AnyReference => {
                self.get::<Option<Uuid>>(index)?.map(Cell::Id)
            }
            Kind::Integer(..) | Kind::Decimal => self.get::<Option<i64>>(index)?.map(Cell::Integer),
            Kind::Boolean => self.get::<Option<bool>>(index)?.map(Cell::Boolean),
            Kind::Text(_) | Kind::Choice(_) => self.get::<Option<&str>>(index)?.map(Cell::Text),
            Kind::List(_) | Kind::Document => self.get::<Option<&str>>(index)?.map(Cell::Json),
            Kind::Money => match self.get::<Option<i64>>(index)? {
                Some(minor) => Some(Cell::Money(Money { minor, currency: self.currency(index + 1)? })),
                None => None,
            },
            Kind::Date => self.date(index)?.map(Cell::Date),
            Kind::Instant => self.instant(index)?.map(Cell::Instant),
        };
        Ok(cell.unwrap_or(Cell::Null))
    }

    /// Reads a currency.
    pub fn currency(&self, index: usize) -> Result<Currency> {
        let code = self.get::<Option<&str>>(index)?.unwrap_or_default();
        parse_currency(code).ok_or_else(|| Error::internal(format!("currency {code:?}")))
    }

    fn date(&self, index: usize) -> Result<Option<chrono::NaiveDate>> {
        match self {
            Self::Sqlite(_) => Ok(self.get::<Option<&str>>(index)?.and_then(parse_date)),
            Self::Postgres(row) => row.try_get(index).map_err(|error| Error::internal(error)),
        }
    }

    /// Reads an instant.
    pub fn instant(&self, index: usize) -> Result<Option<Instant>> {
        let micros: Option<i64> = self.get(index)?;
        Ok(micros.map(|micros| match self {
            Self::Sqlite(_) => Instant(micros),
            Self::Postgres(_) => Instant(micros.saturating_add(POSTGRES_EPOCH)),
        }))
    }
}
