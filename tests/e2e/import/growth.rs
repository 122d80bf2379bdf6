//! An import has the store know how its tables have grown: what it plans later suits what is there.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::json;

use super::{contacts, counts, import};
use crate::support::{Backend, Stage, on_both};

async fn number(database: &DatabaseConnection, question: &str) -> i64 {
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, question)).await;
    row.unwrap().expect("a row").try_get_by_index(0).unwrap()
}

/// How many rows PostgreSQL takes each of the written tables to have, the least of them.
async fn least_known(stage: &Stage) -> i64 {
    let question = "SELECT min(reltuples)::bigint FROM pg_class WHERE relkind = 'r'
        AND relname IN ('contacts', 'contact_emails', 'external_refs', 'events')";
    number(&stage.database.connect().await, question).await
}

fn file(count: usize) -> String {
    let row = |number| format!("{number},Ann {number},ann{number}@example.org,lead\n");
    "Id,Name,Mail,Stage\n".to_owned() + &(0..count).map(row).collect::<String>()
}

on_both! {
    async fn tables_that_have_grown_are_looked_at(stage) {
        assert_eq!(counts(&import(&stage.owner, "contact", file(1_200), &contacts()).await), [1_200, 0, 0, 0]);
        if stage.database.backend == Backend::Postgres {
            assert!(least_known(stage).await >= 1_200);
        }
    }
}

on_both! {
    async fn so_are_those_that_another_workspace_had_filled(stage) {
        let stranger = stage.stranger().await;
        for owner in [&stage.owner, &stranger] {
            assert_eq!(counts(&import(owner, "contact", file(1_200), &contacts()).await), [1_200, 0, 0, 0]);
        }
        if stage.database.backend == Backend::Postgres {
            let known = "SELECT array_length(most_common_vals::text::text[], 1)::bigint FROM pg_stats
                WHERE tablename = 'contacts' AND attname = 'workspace_id'";
            assert_eq!(number(&stage.database.connect().await, known).await, 2);
        }
        // Those of the one without what the other has, too.
        let without = json!({ "activities": { "none": {} }, "companies": { "none": {} } });
        let query = "query($where: ContactFilter) { contacts(first: 1, where: $where) { totalCount } }";
        let answer = stranger.graphql(query, json!({ "where": without })).await;
        assert_eq!(answer["contacts"]["totalCount"], 1_200);
    }
}
