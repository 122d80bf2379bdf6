//! Texts are compared in another form: the ids of other systems as they are, numbers and addresses without case, the
//! signs of scripts other than Latin, Greek and Cyrillic as letters.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use kernel::text::Comparison;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

/// The columns whose texts are not compared as people read them.
const COMPARISONS: &[(&str, &str, Comparison)] = &[
    ("external_refs", "id", Comparison::Exact),
    ("events", "request_id", Comparison::Exact),
    ("products", "sku", Comparison::IgnoringCase),
    ("companies", "website", Comparison::IgnoringCase),
    ("users", "email", Comparison::Address),
    ("contact_emails", "address", Comparison::Address),
    ("company_domains", "domain", Comparison::Address),
];

/// The columns of which no two live rows have the same text, and within what.
const UNIQUE: &[(&str, &str, Option<&str>)] = &[
    ("teams", "name", None),
    ("users", "email", None),
    ("tags", "name", None),
    ("pipelines", "name", None),
    ("stages", "name", Some("pipeline_id")),
    ("products", "name", None),
    ("products", "sku", None),
    ("segments", "name", None),
];

/// Whether no other outside id would become the same.
const FREE_PAIR: &str = "AND NOT EXISTS (SELECT 1 FROM external_refs AS other
    WHERE other.workspace_id = external_refs.workspace_id AND other.object = external_refs.object
    AND other.system_folded = forms.form AND other.id_folded = external_refs.id_folded)";

/// So many texts are put in by one statement.
const AT_ONCE: usize = 500;

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m20261126_000011_texts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        // A new database has nothing to be compared.
        if rows(database, "SELECT 1 AS one FROM workspaces LIMIT 1").await?.is_empty() {
            return Ok(());
        }
        let text = match database.get_database_backend() {
            DbBackend::Postgres => "text COLLATE \"C\"",
            _ => "text",
        };
        let sql = format!("CREATE TEMPORARY TABLE forms (text {text}, form {text})");
        database.execute_unprepared(&sql).await?;
        for (table, column) in folded_columns(database).await? {
            let place = |(other, name, _): &&(&str, &str, Comparison)| *other == table && *name == column;
            let comparison =
                COMPARISONS.iter().find(place).map_or(Comparison::Folded, |(.., comparison)| *comparison);
            rewrite(database, &table, &column, comparison).await?;
        }
        database.execute_unprepared("DROP TABLE forms").await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Every column that has a second one with the form in which its texts are compared.
async fn folded_columns(database: &impl ConnectionTrait) -> Result<Vec<(String, String)>, DbErr> {
    let sql = match database.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text AS tbl, column_name::text AS col FROM information_schema.columns
             WHERE table_schema = current_schema() AND column_name LIKE '%\\_folded' ORDER BY 1, 2"
        }
        _ => {
            "SELECT list.name AS tbl, part.name AS col FROM sqlite_master AS list, pragma_table_info(list.name) AS part
             WHERE list.type = 'table' AND part.name LIKE '%!_folded' ESCAPE '!' ORDER BY 1, 2"
        }
    };
    let mut columns = Vec::new();
    for row in rows(database, sql).await? {
        let (table, folded): (String, String) = (row.try_get("", "tbl")?, row.try_get("", "col")?);
        columns.extend(folded.strip_suffix("_folded").map(|column| (table, column.to_owned())));
    }
    Ok(columns)
}

/// Writes the forms of a column's texts anew where they differ.
async fn rewrite(
    database: &impl ConnectionTrait,
    table: &str,
    column: &str,
    comparison: Comparison,
) -> Result<(), DbErr> {
    if comparison == Comparison::Exact {
        let sql = format!(
            "UPDATE \"{table}\" SET \"{column}_folded\" = \"{column}\" WHERE \"{column}_folded\" <> \"{column}\""
        );
        database.execute_unprepared(&sql).await?;
        return Ok(());
    }
    // The plain form of text that is all ASCII stays as it is, but for its kinds of white space.
    let octets = match database.get_database_backend() {
        DbBackend::Postgres => format!("octet_length(\"{column}\")"),
        _ => format!("length(CAST(\"{column}\" AS blob))"),
    };
    let sql = format!(
        "SELECT DISTINCT \"{column}\" AS text, \"{column}_folded\" AS form FROM \"{table}\"
         WHERE {octets} <> length(\"{column}\") OR \"{column}_folded\" <> lower(\"{column}\") ORDER BY 1"
    );
    let mut texts: Vec<(String, String)> = Vec::new();
    for row in rows(database, &sql).await? {
        texts.push((row.try_get("", "text")?, row.try_get("", "form")?));
    }
    let unique = UNIQUE.iter().find(|(other, name, _)| *other == table && *name == column);
    let forms = changed(&texts, comparison, unique.is_some());
    for forms in forms.chunks(AT_ONCE) {
        let mut insert = Query::insert();
        insert.into_table(Alias::new("forms")).columns(["text", "form"].map(Alias::new));
        for (text, form) in forms {
            insert.values_panic([(*text).into(), form.as_ref().into()]);
        }
        database.execute(&insert).await?;
    }
    if forms.is_empty() {
        return Ok(());
    }
    // What another row has already is left to it; the row is found by its old form until its text is changed.
    let free = unique.map(|(_, _, scope)| {
        let scope = scope.map(|scope| format!("AND other.\"{scope}\" = \"{table}\".\"{scope}\""));
        format!(
            "AND NOT EXISTS (SELECT 1 FROM \"{table}\" AS other WHERE other.workspace_id = \"{table}\".workspace_id
             AND other.\"{column}_folded\" = forms.form AND other.deleted_at IS NULL AND other.id <> \"{table}\".id {})",
            scope.unwrap_or_default()
        )
    });
    let sql = format!(
        "UPDATE \"{table}\" SET \"{column}_folded\" = forms.form FROM forms
         WHERE forms.text = \"{table}\".\"{column}\" {} {}",
        free.unwrap_or_default(),
        // The pair of system and id is unique too.
        if (table, column) == ("external_refs", "system") { FREE_PAIR } else { "" }
    );
    database.execute_unprepared(&sql).await?;
    database.execute_unprepared("DELETE FROM forms").await?;
    Ok(())
}

/// The texts that get another form. Of unique ones that would become the same, only those that were the same already
/// do: the first, in the order of the texts.
fn changed<'t>(
    texts: &'t [(String, String)],
    comparison: Comparison,
    unique: bool,
) -> Vec<(&'t str, Cow<'t, str>)> {
    let mut holders: HashMap<Cow<'t, str>, &str> = HashMap::new();
    let mut forms = BTreeMap::new();
    for (text, old) in texts {
        let form = comparison.form(text);
        let holder = holders.entry(form.clone()).or_insert(old);
        if form != *old && (!unique || holder == old) {
            forms.insert(text.as_str(), form);
        }
    }
    forms.into_iter().collect()
}

async fn rows(
    database: &impl ConnectionTrait,
    sql: &str,
) -> Result<Vec<sea_orm_migration::sea_orm::QueryResult>, DbErr> {
    database.query_all_raw(Statement::from_string(database.get_database_backend(), sql)).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sea_orm_migration::{
        MigratorTrait,
        sea_orm::{Database, DatabaseConnection},
    };

    use super::*;
    use crate::{Migrator, testing::on_postgres};

    /// An id as the database spells it.
    fn id(database: &DatabaseConnection, number: usize) -> String {
        match database.get_database_backend() {
            DbBackend::Postgres => format!("'00000000-0000-0000-0000-{number:012}'"),
            _ => format!("X'{number:032}'"),
        }
    }

    async fn insert(database: &DatabaseConnection, table: &str, values: &str) {
        let at = if database.get_database_backend() == DbBackend::Postgres { "now()" } else { "0" };
        let sql = format!(
            "INSERT INTO {table} (workspace_id, id, name, name_folded, version, created_at, updated_at)
             VALUES ({}, {values}, 1, {at}, {at})",
            id(database, 1)
        );
        database.execute_unprepared(&sql).await.unwrap();
    }

    async fn form_of(database: &DatabaseConnection, sql: &str) -> Vec<(String, String)> {
        let shown = rows(database, sql).await.unwrap().into_iter();
        shown.map(|row| (row.try_get("", "text").unwrap(), row.try_get("", "form").unwrap())).collect()
    }

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(text, form)| ((*text).to_owned(), (*form).to_owned())).collect()
    }

    async fn forms_are_written_anew(database: &DatabaseConnection) {
        Migrator::up(database, Some(9)).await.unwrap();
        insert(database, "workspaces", &format!("{}, 'Łódź', 'łodz'", id(database, 1))).await;
        let tags = [
            ("राम", "रम", "राम"),
            ("đa", "đa", "đa"),
            ("da", "da", "da"),
            ("ðo", "ðo", "do"),
            ("đo", "đo", "đo"),
            ("Ärger", "arger", "arger"),
            ("Łódź", "łodz", "lodz"),
        ];
        for (number, (name, old, _)) in tags.iter().enumerate() {
            insert(database, "tags", &format!("{}, '{name}', '{old}'", id(database, 10 + number))).await;
        }
        for (position, (key, old)) in [("AbC", "abc"), ("é", "e"), ("x", "x")].into_iter().enumerate() {
            let id = id(database, 1);
            let sql = format!(
                "INSERT INTO external_refs
                 (workspace_id, object, record_id, position, system, system_folded, id, id_folded)
                 VALUES ({id}, 'contact', {id}, {position}, 'SF', 'sf', '{key}', '{old}')"
            );
            database.execute_unprepared(&sql).await.unwrap();
        }
        Migrator::up(database, None).await.unwrap();
        let shown = form_of(database, "SELECT name AS text, name_folded AS form FROM tags ORDER BY id").await;
        assert_eq!(shown, owned(&tags.map(|(name, _, form)| (name, form))));
        let refs = "SELECT id AS text, id_folded AS form FROM external_refs ORDER BY position";
        assert_eq!(form_of(database, refs).await, owned(&[("AbC", "AbC"), ("é", "é"), ("x", "x")]));
        let systems = "SELECT system AS text, system_folded AS form FROM external_refs LIMIT 1";
        assert_eq!(form_of(database, systems).await, owned(&[("SF", "sf")]));
        let workspaces = "SELECT name AS text, name_folded AS form FROM workspaces";
        assert_eq!(form_of(database, workspaces).await, owned(&[("Łódź", "lodz")]));
    }

    #[tokio::test]
    async fn sqlite_writes_forms_anew_where_they_differ() {
        forms_are_written_anew(&Database::connect("sqlite::memory:").await.unwrap()).await;
    }

    #[tokio::test]
    async fn postgres_writes_forms_anew_where_they_differ() {
        on_postgres("migrations_texts", forms_are_written_anew).await;
    }
}
