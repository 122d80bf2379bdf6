//! Requests that run while the access changes: none that begins after a key has ended is answered, and all that
//! are done are done once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use futures::future::{join, join_all};
use serde_json::json;

use super::{Newcomer, Pair, request::Request};
use crate::support::{eventually, on_both, text};

/// How often a request is sent once the key has ended.
const LATE: usize = 5;

/// How many answers there are before it does.
const EARLY: usize = 25;

/// What those who ask and the one who ends the key know of each other.
#[derive(Default)]
struct Race {
    answers: AtomicUsize,
    ended: AtomicBool,
}

/// Sends a request again and again until some time after the key has ended, and says how often it was done.
async fn ask_on(newcomer: &Newcomer, request: &Request, race: &Race) -> u64 {
    let (mut done, mut late) = (0, 0);
    while late < LATE {
        let is_late = race.ended.load(SeqCst);
        let reply = request.ask(&newcomer.there).await;
        race.answers.fetch_add(1, SeqCst);
        if reply.status.as_u16() == request.status {
            assert!(!is_late, "{} was answered after the end: {reply}", request.name());
            done += 1;
        } else {
            assert_eq!(request.complain(&reply), None);
        }
        late += usize::from(is_late);
    }
    done
}

on_both! {
    async fn nothing_is_answered_after_the_end(stage) {
        let pair = Pair::of(stage).await;
        let contact = text(&stage.owner.create("contacts", json!({ "givenName": "Ada" })).await["id"]);
        let total = async || {
            let made = stage.owner.get("/v1/companies?count=true&limit=1").await.ok();
            made["page"]["totalCount"].as_u64().unwrap()
        };
        for round in 0..12 {
            let newcomer = pair.newcomer().await;
            let requests = [
                Request::get(format!("/v1/contacts/{contact}")),
                Request::get("/v1/contacts?include=companies"),
                Request::get("/v1/teams"),
                Request::graphql("query($id: ID!) { contact(id: $id) { id } }", json!({ "id": contact })),
                Request::post("/v1/companies", &json!({ "name": "Acme" })).creating(),
            ];
            let (before, last, race) = (total().await, pair.last().await, Race::default());
            let end = async {
                eventually("answers", async || (race.answers.load(SeqCst) >= EARLY).then_some(())).await;
                match round % 3 {
                    0 => pair.revoke(&newcomer).await,
                    1 => pair.change_user(&newcomer, json!({ "active": false })).await,
                    _ => drop(stage.owner.delete(&format!("/v1/users/{}", newcomer.here.user)).await.ok()),
                }
                race.ended.store(true, SeqCst);
            };
            let asking = join_all(requests.iter().map(|request| ask_on(&newcomer, request, &race)));
            let ((), done) = join(end, asking).await;
            assert!(done.iter().sum::<u64>() > 0, "{done:?}");
            // What was said to be created is there, and nothing else.
            assert_eq!(total().await - before, done[4]);
            assert_eq!(pair.last().await - last, done[4] + 1);
        }
        pair.end().await;
    }
}

on_both! {
    async fn all_is_done_once_while_others_come_and_go(stage) {
        let pair = Pair::of(stage).await;
        let newcomer = pair.newcomer().await;
        let (changes, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let changing = async {
            while !over.load(SeqCst) {
                let number = changes.fetch_add(1, SeqCst);
                pair.change_settings(json!({ "name": format!("Acme {number}") })).await;
            }
        };
        let write = async |writer: usize| {
            let mut ids = Vec::new();
            for number in 0..30 {
                let input = json!({ "givenName": format!("{writer}"), "familyName": format!("{number}") });
                // With links, the answer is read after the record was written.
                let shown = ["", "?include=companies"][number % 2];
                let made = newcomer.there.create(&format!("contacts{shown}"), input).await;
                let path = format!("/v1/contacts/{}", text(&made["id"]));
                assert_eq!(newcomer.there.get(&format!("{path}{shown}")).await.ok(), made);
                let change = newcomer.there.patch(&path, &json!({ "givenName": "Ada" })).await.ok();
                assert_eq!(change["version"], 2);
                ids.push(text(&made["id"]));
                // SQLite lets waiting processes in by chance; each is to have its turn.
                eventually("changes", async || (changes.load(SeqCst) >= number / 2).then_some(())).await;
            }
            ids
        };
        let before = pair.last().await;
        let writing = async {
            let ids = join_all((0..3).map(write)).await;
            over.store(true, SeqCst);
            ids.concat()
        };
        let (ids, ()) = join(writing, changing).await;
        assert_eq!(stage.owner.get("/v1/contacts?count=true").await.ok()["page"]["totalCount"], ids.len());
        let changes = changes.load(SeqCst) + 2 * ids.len();
        assert_eq!(pair.last().await - before, u64::try_from(changes).unwrap());
        let events = stage.owner.events().await;
        for (number, event) in (1..).zip(&events) {
            assert_eq!(event["seq"], number, "{event}");
        }
        pair.end().await;
    }
}
