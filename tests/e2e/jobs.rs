//! Jobs of any kind: registered in one line, started by a command, shown, cancelled, continued and done once.

use std::{sync::Arc, time::Duration};

use app::{
    Context, Kith, UnitOfWork,
    command::{Command, Produced, Registered, Spec},
    job::{Interruption, JobRun, JobType, RegisteredJob},
};
use kernel::{
    Code, Error, Result, Value,
    object::Action,
    time::{Clock, Instant},
    value::Choice,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    import::{counts, ended, first_tickets, import, tickets_of},
    support::{Caller, Fresh, Reply, Stage, on_both, text},
};

/// Opens tickets, one in each step.
#[derive(Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OpenTickets {
    /// The number of tickets.
    count: i64,
}

/// The result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    last_subject: String,
}

impl Command for OpenTickets {
    const SPEC: Spec =
        Spec::starting_job("job", "openTickets", "open-tickets", "Starts to open tickets.").creating();
    type On = ();

    async fn run(self, work: &mut UnitOfWork, (): ()) -> Result<Produced> {
        Ok(vec![work.start_job(&self).await?.into()])
    }
}

impl JobType for OpenTickets {
    const KIND: Choice = Choice { name: "OPEN_TICKETS", doc: "Opens tickets." };
    type Checkpoint = Option<String>;
    type Output = Opened;

    async fn run(self, mut run: JobRun<'_, Self>) -> Result<Opened, Interruption> {
        if self.count < 0 {
            return Err(Error::new(Code::IllegalState, "there are no such tickets").into());
        }
        while run.progress.read < self.count {
            let mut work = run.begin().await?;
            let permit = work.permit("ticket", Action::Create)?;
            let place = permit.object().index("subject").expect("a subject");
            let subject = format!("Ticket {}", run.progress.read);
            work.create(&permit, vec![(place, Value::Text(subject.clone()))]).await?;
            run.checkpoint = Some(subject);
            run.progress.read += 1;
            run.progress.created += 1;
            run.commit(work).await?;
        }
        Ok(Opened { last_subject: run.checkpoint.unwrap_or_default() })
    }
}

/// More than are opened while another server starts.
const MANY: i64 = 1_500;

static KINDS: [Choice; 2] = [
    Choice { name: "IMPORT", doc: "Creates or updates a record for each row of a file." },
    OpenTickets::KIND,
];

/// A server that knows the job, and runs so many at a time.
async fn knowing(database: &Arc<Fresh>, jobs: usize, context: Context) -> Stage {
    let (mut commands, mut registered) = (app::all_commands(), app::all_jobs());
    commands.push(Registered::of::<OpenTickets>());
    registered.push(RegisteredJob::of::<OpenTickets>());
    let kith = |store| Kith::with(store, context, commands, registered);
    Stage::of(Arc::clone(database), |config| config.jobs = jobs, app::registry_of(&KINDS), kith).await
}

async fn open(caller: &Caller, count: i64) -> Reply {
    caller.post("/v1/jobs/open-tickets", &json!({ "count": count })).await
}

/// So many tickets are there, each once.
async fn opened_once(caller: &Caller, count: i64, job: &Json) {
    assert_eq!(counts(job), [count.unsigned_abs(), 0, 0, 0]);
    assert_eq!(job["result"], json!({ "lastSubject": format!("Ticket {}", count - 1) }), "{job}");
    assert_eq!(tickets_of(caller).await, count.unsigned_abs());
}

on_both! {
    async fn a_job_is_done_and_has_a_result(stage) {
        let knowing = knowing(&stage.database, 1, Context::system()).await;
        let owner = &knowing.owner;
        let started = open(owner, 20).await;
        let job = ended(owner, &started).await;
        assert_eq!((&job["kind"], &job["request"]), (&json!("OPEN_TICKETS"), &json!({ "count": 20 })));
        opened_once(owner, 20, &job).await;
        let query = "query($id: ID!) { job(id: $id) { kind state result } }";
        let shown = owner.graphql(query, json!({ "id": job["id"] })).await;
        let result = json!({ "lastSubject": "Ticket 19" });
        assert_eq!(shown["job"], json!({ "kind": "OPEN_TICKETS", "state": "SUCCEEDED", "result": result }));
        let document = owner.get("/openapi.json").await.ok();
        assert_eq!(document["components"]["schemas"]["JobKind"]["enum"], json!(["IMPORT", "OPEN_TICKETS"]));
        let events = owner.events().await;
        let made = events.iter().filter(|event| event["object"] == "ticket");
        assert!(made.clone().count() == 20 && made.clone().all(|event| event["origin"] == "JOB"), "{events:?}");

        let job = ended(owner, &open(owner, -1).await).await;
        assert_eq!((&job["state"], &job["detail"]), (&json!("FAILED"), &json!("there are no such tickets")));
        assert_eq!(job["result"], Json::Null);
        knowing.server.stop().await.unwrap();
    }
}

on_both! {
    async fn a_job_shows_its_progress_until_it_is_cancelled(stage) {
        let knowing = knowing(&stage.database, 1, Context::system()).await;
        let owner = &knowing.owner;
        let path = text(&json!(open(owner, 1_000_000).await.header("location").expect("a location")));
        let job = loop {
            let job = owner.get(&path).await.ok();
            if job["rowsCreated"] != 0 {
                break job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(job["state"], "RUNNING");
        owner.command(&format!("jobs/{}/cancel", text(&job["id"])), json!({})).await.ok();
        let there = tickets_of(owner).await;
        // The runner is free again for the next.
        assert_eq!(ended(owner, &open(owner, 0).await).await["state"], "SUCCEEDED");
        let job = owner.get(&path).await.ok();
        assert_eq!((&job["state"], &job["rowsCreated"]), (&json!("CANCELLED"), &json!(there)));
        assert_eq!(tickets_of(owner).await, there);
        knowing.server.stop().await.unwrap();
    }
}

/// A clock by which every lease is long over.
struct Late;

impl Clock for Late {
    fn now(&self) -> Instant {
        Instant::parse("2199-01-01T00:00:00Z").expect("an instant")
    }
}

on_both! {
    async fn a_job_taken_from_one_that_works_on_it_is_done_once(stage) {
        let slow = knowing(&stage.database, 1, Context::system()).await;
        let owner = &slow.owner;
        let started = open(owner, MANY).await;
        first_tickets(owner).await;
        let late = knowing(&stage.database, 1, Context { clock: Arc::new(Late), ..Context::system() }).await;
        let job = ended(owner, &started).await;
        opened_once(owner, MANY, &job).await;
        assert!(text(&job["finishedAt"]).starts_with("2199"), "{job}");
        for other in [slow, late] {
            other.server.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn a_job_goes_on_where_a_server_starts_again(stage) {
        let first = knowing(&stage.database, 1, Context::system()).await;
        let mut owner = first.owner.clone();
        let started = open(&owner, MANY).await;
        first_tickets(&owner).await;
        first.server.stop().await.unwrap();
        let second = knowing(&stage.database, 1, Context::system()).await;
        owner.url.clone_from(&second.owner.url);
        assert!(tickets_of(&owner).await < MANY.unsigned_abs(), "the job was done too soon to be continued");
        opened_once(&owner, MANY, &ended(&owner, &started).await).await;
        second.server.stop().await.unwrap();
    }
}

on_both! {
    /// The job is run again from its last step when it was refused because the workspace's access had changed.
    async fn a_job_goes_on_when_the_access_of_others_changes(stage) {
        let knowing = knowing(&stage.database, 1, Context::system()).await;
        let owner = &knowing.owner;
        let started = open(owner, 200).await;
        first_tickets(owner).await;
        for number in 0..5 {
            owner.create("users", json!({ "name": format!("Number {number}") })).await;
        }
        opened_once(owner, 200, &ended(owner, &started).await).await;
        knowing.server.stop().await.unwrap();
    }
}

on_both! {
    /// The stage's own server does not know the job, as if it were of an older release.
    async fn a_job_of_an_unknown_kind_is_left_alone(stage) {
        let idle = knowing(&stage.database, 0, Context::system()).await;
        let owner = &idle.owner;
        let started = open(owner, 3).await;
        // It waits longer, and its workspace has had no turn.
        let mapping = json!({ "fields": { "subject": { "column": "Subject" } } });
        assert_eq!(counts(&import(&stage.owner, "ticket", "Subject\nCall\n", &mapping).await), [1, 0, 0, 0]);
        let path = started.header("location").expect("a location");
        assert_eq!(owner.get(path).await.ok()["state"], "QUEUED");
        let there = Caller::new(&stage.owner.url, &owner.key, &owner.user);
        assert_eq!(there.get(path).await.ok()["kind"], "OPEN_TICKETS");

        let able = knowing(&stage.database, 1, Context::system()).await;
        opened_once(owner, 3, &ended(owner, &started).await).await;
        for other in [idle, able] {
            other.server.stop().await.unwrap();
        }
    }
}
