//! Import: files become records; rows with errors cost no other row its place; nothing is lost or done twice.

mod growth;
mod hands;
mod rights;
mod turns;

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value as Json, json};

use crate::support::{Backend, Caller, Fresh, Reply, Stage, eventually, on_both, text};

mod files;
mod values;

/// Stores a file and gives its id.
async fn store(caller: &Caller, name: &str, content: impl Into<Vec<u8>>) -> String {
    let request = caller.request(Method::POST, &format!("/v1/files?name={name}"));
    let stored = caller.send(request.header("content-type", "text/csv").body(content.into())).await;
    text(&stored.ok()["id"])
}

async fn start(caller: &Caller, object: &str, file: &str, mapping: &Json) -> Reply {
    let body = json!({ "object": object, "fileId": file, "mapping": mapping });
    caller.post("/v1/jobs/import", &body).await
}

/// Starts an import and waits for its end.
pub async fn import(caller: &Caller, object: &str, content: impl Into<Vec<u8>>, mapping: &Json) -> Json {
    let file = store(caller, "rows.csv", content).await;
    ended(caller, &start(caller, object, &file, mapping).await).await
}

/// Tries an import without writing.
async fn rehearse(caller: &Caller, object: &str, content: impl Into<Vec<u8>>, mapping: &Json) -> Json {
    let file = store(caller, "rows.csv", content).await;
    let body = json!({ "object": object, "fileId": file, "mapping": mapping, "dryRun": true });
    ended(caller, &caller.post("/v1/jobs/import", &body).await).await
}

/// Rows of so many tickets, which are recognised by nothing: one that was written twice is there twice.
fn tickets(count: usize) -> (String, Json) {
    let mut file = "Subject\n".to_owned();
    (0..count).for_each(|number| file.push_str(&format!("Ticket {number}\n")));
    (file, json!({ "fields": { "subject": { "column": "Subject" } } }))
}

/// How many tickets there are.
pub async fn tickets_of(caller: &Caller) -> u64 {
    let answer = caller.graphql("{ tickets(first: 1) { totalCount } }", json!({})).await;
    answer["tickets"]["totalCount"].as_u64().expect("a number")
}

/// Waits until the first tickets are there.
pub async fn first_tickets(caller: &Caller) {
    eventually("tickets", async || (tickets_of(caller).await > 0).then_some(())).await;
}

pub async fn ended(caller: &Caller, started: &Reply) -> Json {
    assert_eq!(started.status.as_u16(), 202, "{started}");
    let location = started.header("location").expect("a location");
    eventually("the job's end", async || {
        let job = caller.get(location).await.ok();
        (!matches!(job["state"].as_str(), Some("QUEUED" | "RUNNING"))).then_some(job)
    })
    .await
}

/// Created, updated, unchanged and rejected rows, of a job that has done its work.
pub fn counts(job: &Json) -> [u64; 4] {
    assert_eq!(job["state"], "SUCCEEDED", "{job}");
    let count = |name: &str| job[name].as_u64().expect("a number");
    let counts = ["rowsCreated", "rowsUpdated", "rowsUnchanged", "rowsRejected"].map(count);
    assert_eq!(counts.iter().sum::<u64>(), count("rowsRead"), "{job}");
    counts
}

/// The errors of a job: row, column and code, in the order of the rows.
pub async fn errors(caller: &Caller, job: &Json) -> Vec<(u64, String, String)> {
    let path = format!("/v1/job-errors?filter[jobId]={}&sort=row&limit=200", text(&job["id"]));
    let page = caller.get(&path).await.ok();
    let word = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let error =
        |error: &Json| (error["row"].as_u64().expect("a row"), word(&error["column"]), word(&error["code"]));
    page["items"].as_array().expect("items").iter().map(error).collect()
}

fn error(row: u64, column: &str, code: &str) -> (u64, String, String) {
    (row, column.to_owned(), code.to_owned())
}

fn contacts() -> Json {
    json!({
        "match": "externalRefs",
        "fields": {
            "externalRefs": { "list": [{ "system": { "constant": "shop" }, "id": { "column": "Id" } }] },
            "givenName": { "column": "Name" },
            "emails": { "list": [{ "address": { "column": "Mail" } }] },
            "lifecycle": { "column": "Stage", "map": { "lead": "LEAD", "client": "CUSTOMER" } }
        }
    })
}

on_both! {
    async fn rows_become_records_and_stay_the_same(stage) {
        let owner = &stage.owner;
        let file = "Id,Name,Mail,Stage\n1,Ann,ann@a.de,lead\n2,Bob,bob@a.de,client\n3,Cid,cid@a.de,lead\n";
        assert_eq!(counts(&import(owner, "contact", file, &contacts()).await), [3, 0, 0, 0]);
        let before = owner.events().await.len();
        assert_eq!(counts(&import(owner, "contact", file, &contacts()).await), [0, 0, 3, 0]);
        let about = |event: &&Json| event["object"] == "contact";
        let events = owner.events().await;
        assert_eq!(events.iter().skip(before).filter(about).count(), 0, "what is unchanged has no event");
        assert_eq!(events.iter().filter(about).filter(|event| event["origin"] == "IMPORT").count(), 3);

        let changed = "Id,Name,Mail,Stage\n2,Bob,bob@b.de,client\n4,Dan,dan@a.de,lead\n3,Cid,cid@a.de,lead\n";
        assert_eq!(counts(&import(owner, "contact", changed, &contacts()).await), [1, 1, 1, 0]);
        let bob = owner.get("/v1/contacts?filter[givenName]=bob").await.ok()["items"][0].take();
        assert_eq!((&bob["version"], &bob["emails"][0]["address"]), (&json!(2), &json!("bob@b.de")));
    }
}

on_both! {
    async fn rows_with_errors_cost_no_other_row_its_place(stage) {
        let owner = &stage.owner;
        let mut mapping = contacts();
        mapping["fields"]["ownerId"] = json!({ "column": "Owner", "ref": { "object": "user", "by": "name" } });
        owner.create("users", json!({ "name": "Twin" })).await;
        owner.create("users", json!({ "name": "twin" })).await;
        let file = "Id,Name,Mail,Stage,Owner\n1,Ann,ann@a.de,lead,\n2,Bob,bob,lead,\n3,Cid,cid@a.de,friend,\n\
                    4,Dan,dan@a.de,lead,Nobody\n5,Eve,eve@a.de,lead,Twin\n,Fay,fay@a.de,lead,\n7,Gus,gus@a.de,lead,,x\n\
                    8,Hal,hal@a.de,client,Olivia Owner\n";
        let tried = rehearse(owner, "contact", file, &mapping).await;
        let job = import(owner, "contact", file, &mapping).await;
        assert_eq!(counts(&job), [2, 0, 0, 6]);
        assert_eq!(counts(&tried), counts(&job));
        let expected = [
            error(2, "Mail", "wrong_type"),
            error(3, "Stage", "unmapped_value"),
            error(4, "Owner", "reference_not_found"),
            error(5, "Owner", "ambiguous_match"),
            error(6, "Id", "blank_match"),
            error(7, "", "cell_count"),
        ];
        assert_eq!(errors(owner, &job).await, expected);
        assert_eq!(errors(owner, &tried).await, expected);
    }
}

on_both! {
    async fn rows_may_belong_together(stage) {
        let owner = &stage.owner;
        let mapping = json!({ "match": "name", "fields": {
            "name": { "column": "Name" },
            "parentId": { "column": "Parent", "ref": { "object": "company", "by": "name" } },
            "employeeCount": { "column": "Size", "type": "INTEGER" }
        } });
        // Two rows are about Acme; both daughters refer to rows above them; Orphan's parent never comes.
        let file = "Name,Parent,Size\nAcme,,10\nDaughter,Acme,5\nacme,,20\nGrandchild,Daughter,1\nOrphan,Nowhere,1\n";
        let job = import(owner, "company", file, &mapping).await;
        assert_eq!(counts(&job), [3, 1, 0, 1]);
        assert_eq!(errors(owner, &job).await, [error(5, "Parent", "reference_not_found")]);
        let acme = owner.get("/v1/companies?filter[name]=acme&include=subsidiaries").await.ok()["items"][0].take();
        assert_eq!((&acme["employeeCount"], &acme["name"]), (&json!(20), &json!("acme")));
        assert_eq!(acme["subsidiaries"][0]["name"], "Daughter");

        let keeping = json!({ "match": "name", "existing": "KEEP", "fields": mapping["fields"] });
        let other = "Name,Parent,Size\nAcme,,99\nNew,,1\nNew,,2\n";
        assert_eq!(counts(&import(owner, "company", other, &keeping).await), [1, 0, 2, 0]);
        assert_eq!(owner.get("/v1/companies?filter[name]=acme").await.ok()["items"][0]["employeeCount"], 20);
    }
}

on_both! {
    async fn a_dry_run_tells_what_would_be(stage) {
        let owner = &stage.owner;
        let mapping = json!({ "match": "name", "fields": {
            "name": { "column": "Name" },
            "parentId": { "column": "Parent", "ref": { "object": "company", "by": "name" } }
        } });
        // More than a batch, so that rows are about and refer to what an earlier batch would have made.
        let mut file = "Name,Parent\nAcme,\n".to_owned();
        (0..1_100).for_each(|number| file.push_str(&format!("Company {number},Acme\n")));
        file.push_str("Company 7,Acme\nLost,Nowhere\n");
        let tried = rehearse(owner, "company", file.as_str(), &mapping).await;
        assert_eq!(counts(&tried), [1_101, 1, 0, 1]);
        assert_eq!(owner.graphql("{ companies(first: 1, deleted: INCLUDE) { totalCount } }", json!({})).await["companies"]["totalCount"], 0);
        // In earnest the second row about company 7 finds it as it should be; only that cannot be foretold.
        assert_eq!(counts(&import(owner, "company", file, &mapping).await), [1_101, 0, 1, 1]);
    }
}

on_both! {
    async fn an_import_may_do_what_its_actor_may(stage) {
        let owner = &stage.owner;
        let agent = stage.user("AGENT").await;
        let mut mapping = contacts();
        mapping["fields"]["ownerId"] = json!({ "column": "Owner", "ref": { "object": "user", "by": "name" } });
        let file = "Id,Name,Mail,Stage,Owner\n1,Ann,a@a.de,lead,\n2,Bob,b@a.de,lead,Olivia Owner\n3,Cid,c@a.de,lead,A AGENT\n";
        // A row that would leave the agent's sight is refused, the others around it are not.
        let job = import(&agent, "contact", file, &mapping).await;
        assert_eq!(counts(&job), [2, 0, 0, 1]);
        assert_eq!(errors(&agent, &job).await, [error(2, "", "forbidden")]);
        // What the agent does not see it does not find; that it is there is all it learns.
        let theirs = "Id,Name,Mail,Stage\n9,Zoe,z@a.de,lead\n";
        assert_eq!(counts(&import(owner, "contact", theirs, &contacts()).await), [1, 0, 0, 0]);
        let job = import(&agent, "contact", theirs, &contacts()).await;
        assert_eq!(errors(&agent, &job).await, [error(1, "Id", "not_unique")]);

        let file = store(owner, "rows.csv", "Id\n1\n").await;
        start(&agent, "contact", &file, &contacts()).await.violates(422, "reference_not_found", &[("reference_not_found", "/fileId")]);
        let reader = stage.user("READ_ONLY").await;
        start(&reader, "contact", &file, &contacts()).await.refused(403, "forbidden");
        start(&agent, "stage", &store(&agent, "rows.csv", "Id\n1\n").await, &json!({ "fields": { "name": { "column": "Id" } } }))
            .await
            .refused(403, "forbidden");
    }
}

on_both! {
    async fn what_is_wrong_for_every_row_is_told_before_the_first(stage) {
        let owner = &stage.owner;
        let file = store(owner, "rows.csv", "Id,Name\n1,Ann\n").await;
        let mapping = json!({ "match": "addresses", "fields": {
            "addresses": { "column": "Id" },
            "fullName": { "column": "Name" },
            "shoeSize": { "column": "Name" },
            "ownerId": { "column": "Name", "ref": { "object": "user", "by": "shoeSize" } }
        } });
        start(owner, "contact", &file, &mapping).await.violates(422, "invalid", &[
            ("invalid", "/mapping/match"),
            ("read_only", "/mapping/fields/fullName"),
            ("unknown_field", "/mapping/fields/shoeSize"),
            ("unknown_field", "/mapping/fields"),
        ]);
        let unreadable = json!({ "fields": { "givenName": {} } });
        start(owner, "contact", &file, &unreadable).await.violates(422, "invalid", &[("invalid", "/mapping/fields/givenName")]);
        start(owner, "unicorn", &file, &contacts()).await.violates(422, "unknown_value", &[("unknown_value", "/object")]);
        let nameless = store(owner, "rows", "Id\n1\n").await;
        start(owner, "contact", &nameless, &contacts()).await.violates(422, "required", &[("required", "/format")]);

        // The file itself is read by the job.
        let job = ended(owner, &start(owner, "contact", &file, &contacts()).await).await;
        assert_eq!((&job["state"], &job["detail"]), (&json!("FAILED"), &json!("the file has no column Mail, Stage; it has Id, Name, parted by “,”")));
        owner.command(&format!("jobs/{}/cancel", text(&job["id"])), json!({})).await.refused(409, "illegal_state");
    }
}

on_both! {
    async fn a_job_goes_on_where_another_server_left_it(stage) {
        let (file, mapping) = tickets(6_000);
        let first = Stage::over(Arc::clone(&stage.database), |_| {}).await;
        let mut owner = first.owner.clone();
        let file = store(&owner, "rows.csv", file).await;
        let started = start(&owner, "ticket", &file, &mapping).await;
        first_tickets(&owner).await;
        first.server.stop().await.unwrap();
        owner.url.clone_from(&stage.owner.url);
        assert_eq!(counts(&ended(&owner, &started).await), [6_000, 0, 0, 0]);
        assert_eq!(tickets_of(&owner).await, 6_000);
    }
}

on_both! {
    /// A job is cancelled while it runs, and writes nothing after that.
    async fn a_cancelled_job_stops(backend: Backend) {
        let stage = Stage::over(Arc::new(Fresh::new(backend).await), |config| config.jobs = 1).await;
        let owner = &stage.owner;
        let (file, mapping) = tickets(20_000);
        let started = start(owner, "ticket", &store(owner, "rows.csv", file).await, &mapping).await;
        let id = text(&started.json()["job"]["id"]);
        first_tickets(owner).await;
        let cancelled = owner.command(&format!("jobs/{id}/cancel"), json!({})).await.ok()["job"].take();
        assert_eq!(cancelled["state"], "CANCELLED");
        let there = tickets_of(owner).await;
        assert_eq!((&cancelled["rowsRead"], &cancelled["rowsCreated"]), (&json!(there), &json!(there)));
        // One job runs at a time: when the next has ended, nobody is at work on the cancelled one any more.
        assert_eq!(counts(&import(owner, "ticket", "Subject\nThe next\n", &mapping).await), [1, 0, 0, 0]);
        assert_eq!(tickets_of(owner).await, there + 1);
        assert_eq!(owner.get(&format!("/v1/jobs/{id}")).await.ok()["state"], "CANCELLED");
        stage.end().await;
    }
}

on_both! {
    async fn a_job_ends_with_its_key(stage) {
        let owner = &stage.owner;
        let mapping = json!({ "fields": { "subject": { "column": "Subject" } } });
        let mut long = "Subject\n".to_owned();
        (0..20_000).for_each(|number| long.push_str(&format!("Ticket {number}\n")));
        let long = store(owner, "rows.csv", long).await;
        // As many long jobs as are worked on at a time keep the next one waiting.
        let mut before = Vec::new();
        for _ in 0..2 {
            before.push(text(&start(owner, "ticket", &long, &mapping).await.json()["job"]["id"]));
        }
        let input = json!({ "name": "a key", "userId": owner.user, "role": "OWNER" });
        let issued = owner.command("api-keys/issue", input).await.ok();
        let mut other = owner.clone();
        other.key = text(&issued["secret"]);
        let short = store(&other, "rows.csv", "Subject\nNever\n").await;
        let started = start(&other, "ticket", &short, &mapping).await;
        owner.command(&format!("api-keys/{}/revoke", text(&issued["apiKey"]["id"])), json!({})).await.ok();
        for id in before {
            owner.command(&format!("jobs/{id}/cancel"), json!({})).await.ok();
        }
        let job = ended(owner, &started).await;
        assert_eq!((&job["state"], &job["rowsRead"]), (&json!("FAILED"), &json!(0)), "{job}");
        assert_eq!(job["detail"], "the key that started the job is no longer good");
    }
}

on_both! {
    async fn graphql_starts_imports_too(stage) {
        let owner = &stage.owner;
        let file = store(owner, "rows.jsonl", "{\"Id\": 1, \"Name\": \"Ann\", \"Stage\": \"lead\"}\n").await;
        let mutation = "mutation($input: StartImportInput!) {
            startImport(input: $input) { job { id state } userErrors { code field } }
        }";
        let input = json!({ "object": "contact", "fileId": file, "mapping": contacts() });
        let payload = owner.graphql(mutation, json!({ "input": input })).await["startImport"].take();
        assert_eq!(payload["userErrors"], json!([]));
        let id = text(&payload["job"]["id"]);
        let query = "query($id: ID!) { job(id: $id) { state rowsCreated errors(first: 1) { totalCount } } }";
        let job = eventually("the job's end", async || {
            let job = owner.graphql(query, json!({ "id": id })).await["job"].take();
            (!matches!(job["state"].as_str(), Some("QUEUED" | "RUNNING"))).then_some(job)
        })
        .await;
        assert_eq!(job, json!({ "state": "SUCCEEDED", "rowsCreated": 1, "errors": { "totalCount": 0 } }));
    }
}

#[tokio::test]
async fn a_row_that_took_too_long_is_tried_again() {
    let database = Arc::new(Fresh::new(Backend::Postgres).await);
    let limit = Duration::from_secs(1);
    let stage = Stage::over(Arc::clone(&database), |config| config.statement_timeout = limit).await;
    drop(database);
    let admin = stage.database.connect().await;
    for sql in [
        "CREATE SEQUENCE slow",
        "GRANT USAGE ON SEQUENCE slow TO kith_app",
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('slow') IN (1, 2) THEN PERFORM pg_sleep(5); END IF; RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION slow()",
    ] {
        admin.execute_unprepared(sql).await.expect(sql);
    }
    // The batch takes too long, then the first row alone, and then both are quick.
    let mapping = json!({ "fields": { "givenName": { "column": "name" } } });
    let job = import(&stage.owner, "contact", "name\nAda\nBea\n", &mapping).await;
    assert_eq!(counts(&job), [2, 0, 0, 0], "{job}");
    admin.close().await.expect("an end");
    stage.end().await;
}
