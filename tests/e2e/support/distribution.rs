//! Every statement stays within one workspace, so that PostgreSQL's tables can be distributed by it: the plan of each
//! statement has the condition at every table that it reads.

use std::collections::BTreeSet;

use persistence::recording::{self, Recorded};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::Value as Json;
use tokio::sync::Mutex;

/// The statements that reach several workspaces: those that this list has, a line each, and no others.
const EXCEPTIONS: &str = include_str!("../../golden/across_workspaces.sql");

/// Plans a statement for no particular values, and with the rights of the tables' owner, so that what the plan shows
/// stands in the statement, and not in a policy.
const PLAN: &str =
    "CREATE OR REPLACE FUNCTION pg_temp.plan(statement text, types text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    count integer;
    plan json;
BEGIN
    EXECUTE 'PREPARE planned' || types || ' AS ' || statement;
    SELECT cardinality(parameter_types) INTO count FROM pg_prepared_statements WHERE name = 'planned';
    EXECUTE 'EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) EXECUTE planned'
        || CASE WHEN count = 0 THEN '' ELSE '(NULL' || repeat(', NULL', count - 1) || ')' END INTO plan;
    DEALLOCATE planned;
    RETURN plan;
END $$";

/// The exceptions.
pub fn exceptions() -> BTreeSet<String> {
    EXCEPTIONS.lines().filter(|line| !line.is_empty() && !line.starts_with("--")).map(shape).collect()
}

/// A statement without the numbers of its parameters, and with one for each list of them.
fn shape(sql: &str) -> String {
    let mut parts = sql.split('$');
    let mut shape = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shape.push('$');
        shape.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    }
    while shape.contains("($, $") {
        shape = shape.replace("($, $", "($");
    }
    shape
}

/// The exceptions that this process has met.
static MET: Mutex<BTreeSet<String>> = Mutex::const_new(BTreeSet::new());

/// Checks the statements of this process, and gives the exceptions that it has met.
pub async fn check(database: &DatabaseConnection) -> BTreeSet<String> {
    // One test at a time, where several run in one process.
    let mut met = MET.lock().await;
    for sql in [PLAN, "SET plan_cache_mode = force_generic_plan"] {
        database.execute_unprepared(sql).await.expect("a setting");
    }
    let (exceptions, mut refused) = (exceptions(), Vec::new());
    for (sql, recorded) in recording::take() {
        // It reads none.
        if sql.contains(" SELECT * FROM unnest($1") {
            continue;
        }
        let scans = Plan::of(database, &sql, &recorded).await.unscoped(&recorded);
        if scans.is_empty() {
            continue;
        }
        let shape = shape(&sql);
        if exceptions.contains(&shape) {
            met.insert(shape);
        } else {
            refused.push(format!("{} is read without its workspace by\n{sql}", scans.join(", ")));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
    met.clone()
}

/// What of a plan matters here.
#[derive(Default)]
struct Plan {
    /// The aliases of the tables that are read.
    scans: BTreeSet<String>,
    /// What is known to be equal to the workspace of an alias.
    equal: Vec<(String, String)>,
}

impl Plan {
    async fn of(database: &DatabaseConnection, sql: &str, recorded: &Recorded) -> Self {
        let types = recorded.types.join(", ");
        let types = if types.is_empty() { types } else { format!("({types})") };
        let values = [sql.into(), types.into()];
        let statement =
            Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_temp.plan($1, $2)", values);
        let row = database.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        let explained: Json = row.expect("a plan").try_get_by_index(0).expect("a plan");
        let mut plan = Self::default();
        plan.walk(&explained[0]["Plan"]);
        plan
    }

    fn walk(&mut self, node: &Json) {
        let text = |key: &str| node[key].as_str().unwrap_or_default();
        if text("Node Type").ends_with("Scan") && !text("Relation Name").is_empty() {
            self.scans.insert(text("Alias").to_owned());
        }
        for (key, value) in node.as_object().into_iter().flatten() {
            if key.ends_with("Cond") || key.ends_with("Filter") {
                self.equal.extend(equalities(value.as_str().unwrap_or_default()));
            }
        }
        node["Plans"].as_array().into_iter().flatten().for_each(|child| self.walk(child));
    }

    /// The aliases that are not bound to the workspace, by a parameter or by another table that is.
    fn unscoped(self, recorded: &Recorded) -> Vec<String> {
        let is_workspace = |of: &str| {
            let place = of.strip_prefix('$').and_then(|place| place.parse().ok());
            place.is_some_and(|place: usize| {
                recorded.workspace.as_ref().is_none_or(|places| places.contains(&place))
            })
        };
        let mut bound: BTreeSet<&str> = BTreeSet::new();
        loop {
            let known = bound.len();
            for (alias, other) in &self.equal {
                if is_workspace(other) || bound.contains(other.as_str()) {
                    bound.insert(alias);
                }
            }
            if bound.len() == known {
                break;
            }
        }
        self.scans.iter().filter(|alias| !bound.contains(alias.as_str())).cloned().collect()
    }
}

/// The equalities of workspaces that have to hold for a condition: an alias, and a parameter or another alias.
fn equalities(condition: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in conjuncts(condition) {
        let Some((left, right)) = part.split_once(" = ") else { continue };
        for (one, other) in [(left, right), (right, left)] {
            let Some(alias) = alias(one) else { continue };
            let other = self::alias(other).unwrap_or_else(|| other.to_owned());
            found.push((alias, other));
        }
    }
    found
}

/// The alias in `alias.workspace_id`.
fn alias(column: &str) -> Option<String> {
    column.strip_suffix(".workspace_id").map(|alias| alias.trim_matches('"').to_owned())
}

/// What all has to hold: the parts of `((…) AND (…))`, or the condition itself.
fn conjuncts(condition: &str) -> Vec<&str> {
    let inner = unwrapped(condition);
    let (mut depth, mut begin, mut parts) = (0_usize, 0, Vec::new());
    for (place, letter) in inner.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 && inner[place..].starts_with(" AND ") => {
                parts.push(unwrapped(&inner[begin..place]));
                begin = place + " AND ".len();
            }
            _ => {}
        }
    }
    parts.push(unwrapped(&inner[begin..]));
    parts
}

fn unwrapped(text: &str) -> &str {
    text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text)
}
