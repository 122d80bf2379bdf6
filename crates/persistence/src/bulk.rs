//! Rows written many at a time, in the way that costs each database least. A statement with a parameter for
//! every value would cost more to write, to parse and to plan than its rows to store: PostgreSQL is sent one
//! array for each column, and SQLite statements of a few fixed lengths, which stay prepared. sea-query has
//! neither, so the few words of SQL are here.

use std::sync::Arc;

use kernel::{Error, Result};
use sea_orm::sea_query::{Value as Bound, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    Arguments as _, Postgres,
    encode::Encode,
    postgres::{PgArguments, PgHasArrayType},
    types::Type,
};

use crate::{
    dialect::{Dialect, Parameters},
    pool::PooledConnection,
};

/// The lengths of SQLite's statements, in rows; the last is one, so that they add up to any number.
const LENGTHS: [usize; 3] = [64, 8, 1];

/// Rows of one table that all have the same columns.
pub(crate) struct Rows {
    table: String,
    columns: Arc<[String]>,
    rows: Vec<Vec<Bound>>,
}

impl Rows {
    /// Rows with these columns, none yet.
    pub fn new(table: &str, columns: Arc<[String]>) -> Self {
        Self { table: table.to_owned(), columns, rows: Vec::new() }
    }

    /// Adds a row: a value for each column.
    pub fn push(&mut self, row: impl IntoIterator<Item = Bound>) {
        let mut values = Vec::with_capacity(self.columns.len());
        values.extend(row);
        self.rows.push(values);
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The columns.
    pub fn columns(&self) -> &Arc<[String]> {
        &self.columns
    }

    /// All values, row after row.
    pub fn values(&self) -> impl Iterator<Item = &Bound> {
        self.rows.iter().flatten()
    }

    /// All values, row after row.
    pub fn into_values(self) -> impl Iterator<Item = Bound> {
        self.rows.into_iter().flatten()
    }

    /// `INSERT INTO table (columns)`.
    pub fn head(&self) -> String {
        // Piece by piece: the formatter takes several times as long, and this is written for every row alone.
        let names: usize = self.columns.iter().map(|column| column.len() + 4).sum();
        let mut sql = String::with_capacity(self.table.len() + names + 32);
        for piece in ["INSERT INTO \"", &self.table, "\" ("] {
            sql.push_str(piece);
        }
        for (index, column) in self.columns.iter().enumerate() {
            for piece in [if index == 0 { "\"" } else { ", \"" }, column, "\""] {
                sql.push_str(piece);
            }
        }
        sql.push(')');
        sql
    }

    /// One statement for all rows.
    fn arrays(self) -> Result<(String, Parameters)> {
        let places: Vec<_> = (1..=self.columns.len()).map(|place| format!("${place}")).collect();
        let sql = format!("{} SELECT * FROM unnest({})", self.head(), places.join(", "));
        let mut columns: Vec<Vec<Bound>> =
            self.columns.iter().map(|_| Vec::with_capacity(self.rows.len())).collect();
        for row in self.rows {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let mut arguments = PgArguments::default();
        for column in columns {
            add(&mut arguments, column)?;
        }
        Ok((sql, Parameters::Arrays(arguments)))
    }

    /// As many rows as one of the lengths has, and the rest.
    fn next(&mut self, mark: impl Fn(&mut String, usize)) -> Option<(String, Parameters)> {
        let length = LENGTHS.into_iter().find(|length| *length <= self.rows.len())?;
        let rest = self.rows.split_off(length);
        let rows = std::mem::replace(&mut self.rows, rest);
        let width = self.columns.len();
        let mut sql = self.head();
        sql.push_str(" VALUES ");
        for row in 0..length {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 1..=width {
                if column > 1 {
                    sql.push_str(", ");
                }
                mark(&mut sql, row.saturating_mul(width).saturating_add(column));
            }
            sql.push(')');
        }
        Some((sql, Parameters::Values(SqlxValues(Values(rows.into_iter().flatten().collect())))))
    }
}

impl PooledConnection {
    /// Inserts the rows.
    pub async fn insert(&mut self, mut rows: Rows) -> Result<()> {
        match self.dialect() {
            Dialect::Postgres if rows.rows.len() > 1 => {
                let (sql, parameters) = rows.arrays()?;
                self.run_prepared(sql, parameters).await?;
            }
            dialect => {
                let mark = |sql: &mut String, place: usize| match dialect {
                    Dialect::Sqlite => sql.push('?'),
                    Dialect::Postgres => sql.push_str(&format!("${place}")),
                };
                while let Some((sql, parameters)) = rows.next(mark) {
                    self.run_prepared(sql, parameters).await?;
                }
            }
        }
        Ok(())
    }
}

/// Adds the values of a column as an array. They are all of one type, nulls too.
fn add(arguments: &mut PgArguments, column: Vec<Bound>) -> Result<()> {
    macro_rules! array {
        ($variant:ident) => {{
            let value = |value| if let Bound::$variant(value) = value { value } else { None };
            add_array(arguments, column.into_iter().map(value).collect())
        }};
    }
    match column.first() {
        Some(Bound::Bool(_)) => array!(Bool),
        Some(Bound::BigInt(_)) => array!(BigInt),
        Some(Bound::String(_)) => array!(String),
        Some(Bound::Uuid(_)) => array!(Uuid),
        Some(Bound::ChronoDate(_)) => array!(ChronoDate),
        Some(Bound::ChronoDateTimeUtc(_)) => array!(ChronoDateTimeUtc),
        other => Err(Error::internal(format!("no column holds values like {other:?}"))),
    }
}

fn add_array<T>(arguments: &mut PgArguments, values: Vec<Option<T>>) -> Result<()>
where
    T: for<'q> Encode<'q, Postgres> + Type<Postgres> + PgHasArrayType + 'static,
{
    arguments.add(values).map_err(|error| Error::internal(error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    fn rows(count: i64) -> Rows {
        let mut rows = Rows::new("cars", ["id", "name"].map(str::to_owned).into());
        (0..count).for_each(|id| rows.push([id.into(), Bound::String(None)]));
        rows
    }

    #[test]
    fn lengths_add_up() {
        let mut all = rows(64 + 64 + 8 + 1);
        let mut seen = Vec::new();
        while let Some((sql, Parameters::Values(SqlxValues(Values(values))))) =
            all.next(|sql, _| sql.push('?'))
        {
            assert_eq!(sql.matches('?').count(), values.len());
            seen.push((values.len() / 2, values.into_iter().step_by(2).next()));
        }
        let expected = [(64, 0_i64), (64, 64), (8, 128), (1, 136)];
        assert_eq!(seen, expected.map(|(length, first)| (length, Some(Bound::from(first)))));
    }

    #[test]
    fn a_single_row_is_a_plain_statement() {
        let Some((sql, Parameters::Values(_))) =
            rows(1).next(|sql, place| sql.push_str(&format!("${place}")))
        else {
            panic!("there is a row")
        };
        assert_eq!(sql, "INSERT INTO \"cars\" (\"id\", \"name\") VALUES ($1, $2)");
        assert!(rows(0).next(|sql, _| sql.push('?')).is_none());
    }

    #[test]
    fn columns_become_arrays() {
        let Ok((sql, Parameters::Arrays(arguments))) = rows(500).arrays() else { panic!("there are arrays") };
        assert_eq!(sql, "INSERT INTO \"cars\" (\"id\", \"name\") SELECT * FROM unnest($1, $2)");
        assert_eq!(arguments.len(), 2);
    }
}
