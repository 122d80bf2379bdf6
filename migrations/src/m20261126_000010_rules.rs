//! What holds among several records, held by the database too, after what broke it before is mended: default
//! pipelines, main affiliations, contacts who belong to a company twice at a time, deals whose outcome was touched;
//! and of which object the subjects of activities are.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

pub struct Rules;

impl MigrationName for Rules {
    fn name(&self) -> &str {
        "m20261126_000010_rules"
    }
}

/// When something happened last in the row's workspace: a step has no clock.
const LATELY: &str = "coalesce((SELECT occurred_at FROM events \
                      WHERE events.workspace_id = affiliations.workspace_id ORDER BY seq DESC LIMIT 1), updated_at)";

/// Leaves the flag to the oldest of those that have it.
fn keep_oldest(table: &str, flag: &str, same: &str) -> String {
    format!(
        "UPDATE {table} SET \"{flag}\" = false, version = version + 1 WHERE \"{flag}\" AND deleted_at IS NULL \
         AND EXISTS (SELECT 1 FROM {table} AS other WHERE other.workspace_id = {table}.workspace_id{same} \
         AND other.\"{flag}\" AND other.deleted_at IS NULL \
         AND (other.created_at, other.id) < ({table}.created_at, {table}.id))"
    )
}

fn statements(backend: DbBackend) -> Vec<String> {
    let same_pair = "other.workspace_id = affiliations.workspace_id AND other.contact_id = affiliations.contact_id \
                     AND other.company_id = affiliations.company_id AND other.\"to\" IS NULL \
                     AND other.deleted_at IS NULL";
    // A TypeID ends in 26 characters behind an underscore.
    let subject_object = match backend {
        DbBackend::Postgres => "left(CAST(a.subjects AS jsonb) ->> CAST(\"position\" AS integer), -27)",
        _ => "substr(a.subjects ->> \"position\", 1, length(a.subjects ->> \"position\") - 27)",
    };
    let text = if backend == DbBackend::Postgres { "text COLLATE \"C\"" } else { "text" };
    let plain = [
        // Before the flags: one that goes has none.
        format!(
            "UPDATE affiliations SET deleted_at = {LATELY}, version = version + 1 \
             WHERE \"to\" IS NULL AND deleted_at IS NULL AND EXISTS (SELECT 1 FROM affiliations AS other \
             WHERE {same_pair} AND (other.\"primary\" AND NOT affiliations.\"primary\" \
             OR other.\"primary\" = affiliations.\"primary\" \
             AND (other.created_at, other.id) < (affiliations.created_at, affiliations.id)))"
        ),
        "DELETE FROM external_refs WHERE object = 'affiliation' AND EXISTS (SELECT 1 FROM affiliations AS a \
         WHERE a.workspace_id = external_refs.workspace_id AND a.id = external_refs.record_id \
         AND a.deleted_at IS NOT NULL)"
            .to_owned(),
        "DELETE FROM record_tags WHERE object = 'affiliation' AND EXISTS (SELECT 1 FROM affiliations AS a \
         WHERE a.workspace_id = record_tags.workspace_id AND a.id = record_tags.record_id \
         AND a.deleted_at IS NOT NULL)"
            .to_owned(),
        keep_oldest("affiliations", "primary", " AND other.contact_id = affiliations.contact_id"),
        keep_oldest("pipelines", "is_default", ""),
        "CREATE UNIQUE INDEX pipelines_one_default_key ON pipelines (workspace_id) \
         WHERE is_default AND deleted_at IS NULL"
            .to_owned(),
        "CREATE UNIQUE INDEX affiliations_one_primary_key ON affiliations (workspace_id, contact_id) \
         WHERE \"primary\" AND deleted_at IS NULL"
            .to_owned(),
        "CREATE UNIQUE INDEX affiliations_lasting_key ON affiliations (workspace_id, contact_id, company_id) \
         WHERE \"to\" IS NULL AND deleted_at IS NULL"
            .to_owned(),
        "UPDATE deals SET probability = 100, version = version + 1 WHERE status = 'WON' AND probability <> 100"
            .to_owned(),
        "UPDATE deals SET probability = 0, version = version + 1 WHERE status = 'LOST' AND probability <> 0"
            .to_owned(),
        "UPDATE deals SET lost_reason = NULL, lost_reason_folded = NULL, version = version + 1 \
         WHERE status <> 'LOST' AND lost_reason IS NOT NULL"
            .to_owned(),
        format!("ALTER TABLE activity_subjects ADD COLUMN subject_id_object {text} NOT NULL DEFAULT ''"),
        format!(
            "UPDATE activity_subjects SET subject_id_object = coalesce((SELECT {subject_object} FROM activities AS a \
             WHERE a.workspace_id = activity_subjects.workspace_id AND a.id = activity_subjects.record_id), '')"
        ),
    ];
    plain.into()
}

#[async_trait::async_trait]
impl MigrationTrait for Rules {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = statements(manager.get_database_backend()).join(";\n");
        manager.get_connection().execute_unprepared(&statements).await?;
        Ok(())
    }

    // SQLite would otherwise keep half of a step that fails.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sea_orm_migration::sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

    use crate::{Migrator, testing::on_postgres};

    /// Values as a database writes them.
    struct Words {
        backend: super::DbBackend,
    }

    impl Words {
        fn id(&self, number: u8) -> String {
            match self.backend {
                super::DbBackend::Postgres => {
                    format!("'00000000-0000-0000-0000-0000000000{number:02x}'::uuid")
                }
                _ => format!("x'000000000000000000000000000000{number:02x}'"),
            }
        }

        fn instant(&self, second: i64) -> String {
            match self.backend {
                super::DbBackend::Postgres => format!("to_timestamp({second})"),
                _ => format!("{}", second * 1_000_000),
            }
        }
    }

    /// What an earlier release let happen.
    fn broken(words: &Words) -> Vec<String> {
        let (one, id, at) = (words.id(1), |number| words.id(number), |second| words.instant(second));
        let stamps = |second| format!("1, {}, {}", at(second), at(second));
        let insert = |table: &str, columns: &str, values: String| {
            format!(
                "INSERT INTO {table} (workspace_id, id, {columns}, version, created_at, updated_at) VALUES ({one}, {values})"
            )
        };
        let pipeline = |number, second| {
            let values = format!("{}, '{number}', '{number}', true, {}", id(number), stamps(second));
            insert("pipelines", "name, name_folded, is_default", values)
        };
        let tie = |number, company, primary, second| {
            let values =
                format!("{}, {}, {}, {primary}, {}", id(number), id(50), id(company), stamps(second));
            insert("affiliations", "contact_id, company_id, \"primary\"", values)
        };
        let deal = |number, status, probability| {
            let values = format!(
                "{}, 'x', 'x', {}, '{status}', {probability}, 'y', 'y', 'PIPELINE', {}",
                id(number),
                id(60),
                stamps(1)
            );
            insert(
                "deals",
                "name, name_folded, stage_id, status, probability, lost_reason, lost_reason_folded, forecast_category",
                values,
            )
        };
        let about = "[\"line_item_01h455vb4pex5vsknk084sn02q\",\"contact_01h455vb4pex5vsknk084sn02q\"]";
        let subject = |position| {
            format!(
                "INSERT INTO activity_subjects (workspace_id, record_id, position, subject_id) \
                 VALUES ({one}, {}, {position}, {})",
                id(30),
                id(31)
            )
        };
        vec![
            format!(
                "INSERT INTO events (workspace_id, id, seq, type, type_folded, object, object_folded, record_id, \
                 record_id_folded, op, version, occurred_at, origin, request_id, request_id_folded, changed_fields, changes) \
                 VALUES ({one}, {}, 1, '', '', '', '', '', '', '', 1, {}, '', '', '', '', '')",
                id(2),
                at(100)
            ),
            pipeline(11, 2),
            pipeline(12, 1),
            tie(21, 41, false, 1),
            tie(22, 41, true, 2),
            tie(23, 42, true, 1),
            deal(71, "WON", 5),
            deal(72, "LOST", 0),
            deal(73, "OPEN", 40),
            insert(
                "activities",
                "type, occurred_at, subjects",
                format!("{}, 'NOTE', {}, '{about}', {}", id(30), at(1), stamps(1)),
            ),
            subject(0),
            subject(1),
        ]
    }

    async fn rows(database: &DatabaseConnection, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let rows = database.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    async fn is_mended(database: &DatabaseConnection) {
        use sea_orm_migration::MigratorTrait;
        let words = Words { backend: database.get_database_backend() };
        Migrator::up(database, Some(9)).await.unwrap();
        let unbound = match words.backend {
            super::DbBackend::Postgres => "SET session_replication_role = replica",
            _ => "PRAGMA foreign_keys = OFF",
        };
        let statements = [vec![unbound.to_owned()], broken(&words)].concat();
        database.execute_unprepared(&statements.join(";\n")).await.unwrap();
        Migrator::up(database, None).await.unwrap();

        let defaults = "SELECT name FROM pipelines WHERE is_default";
        assert_eq!(rows(database, defaults).await, ["12"], "the oldest stays");
        let live = "SELECT CAST(created_at = updated_at AND \"primary\" AS text) FROM affiliations \
                    WHERE deleted_at IS NULL AND \"primary\"";
        assert_eq!(rows(database, live).await.len(), 1);
        let ties = "SELECT CAST(count(*) AS text) FROM affiliations WHERE deleted_at IS NULL";
        assert_eq!(rows(database, ties).await, ["2"]);
        let deals =
            "SELECT status || ' ' || probability || ' ' || coalesce(lost_reason, '-') FROM deals ORDER BY id";
        assert_eq!(rows(database, deals).await, ["WON 100 -", "LOST 0 y", "OPEN 40 -"]);
        let about = "SELECT subject_id_object FROM activity_subjects ORDER BY position";
        assert_eq!(rows(database, about).await, ["line_item", "contact"]);
    }

    #[tokio::test]
    async fn what_was_broken_is_mended_on_sqlite() {
        is_mended(&Database::connect("sqlite::memory:").await.unwrap()).await;
    }

    #[tokio::test]
    async fn what_was_broken_is_mended_on_postgres() {
        on_postgres("rules", is_mended).await;
    }
}
