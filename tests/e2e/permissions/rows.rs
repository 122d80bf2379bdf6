//! A role whose records are those for which a predicate holds: others are found by no operation, no link, no count and no
//! import, at both doors, and nothing is written that would leave the role's sight.

use kernel::{
    access::{Access, Policy},
    object::Action,
    role::{Grant, Objects, Role, Rows},
};
use serde_json::{Value as Json, json};

use super::matrix;
use crate::{
    conformance::{
        doors::{Asked, Call, Door},
        maker::Maker,
        oracle,
        world::{self, World},
    },
    import::{counts, import},
    support::{Caller, Reply, Stage, on_both, text},
};

static EVERYTHING: Role = Role {
    name: "OWNER",
    doc: "Everything.",
    grants: &[Grant::new(Objects::Any, Action::ALL, Rows::All)],
    reads_sensitive: true,
};

const DEALS: &str = r#"{"stage":{"pipeline":{"name":{"eq":"Sales"}}},"status":{"ne":"LOST"}}"#;
const CONTACTS: &str = r#"{"tags":{"some":{"name":{"eq":"VIP"}}}}"#;

/// Works on the deals of one pipeline and the contacts with a tag.
static CLERK: Role = Role {
    name: "AGENT",
    doc: "One pipeline, some contacts.",
    grants: &[
        Grant::new(Objects::Named(&["deal"]), Action::ALL, Rows::Matching(DEALS)),
        Grant::new(Objects::Named(&["contact"]), Action::ALL, Rows::Matching(CONTACTS)),
        // The clerk does not read what the predicate asks for.
        Grant::new(Objects::Named(&["pipeline"]), &[], Rows::All),
        Grant::new(Objects::Any, Action::ALL, Rows::All),
    ],
    reads_sensitive: true,
};

/// Works on the deals of its own, and reads events of all records.
static SELLER: Role = Role {
    name: "READ_ONLY",
    doc: "Own deals.",
    grants: &[
        Grant::new(Objects::Named(&["deal"]), Action::ALL, Rows::Own),
        Grant::new(Objects::Any, Action::ALL, Rows::All),
    ],
    reads_sensitive: true,
};

const ROLES: [&Role; 3] = [&EVERYTHING, &CLERK, &SELLER];

/// Records inside and outside of what the clerk reaches.
struct Desk {
    stage: Stage,
    clerk: Caller,
    vip: String,
    company: String,
    /// Stages of the clerk's pipeline and of another.
    stages: [String; 2],
    /// A deal in each.
    deals: [String; 2],
    /// A contact with the tag and one without.
    contacts: [String; 2],
}

impl Desk {
    async fn of(stage: &Stage, field_by_field: bool) -> Self {
        let stage = stage.with_roles(&ROLES, field_by_field).await;
        let (clerk, [inside, ..]) = (stage.user("AGENT").await, stage.pipeline().await);
        let made = async |objects: &str, input| text(&stage.owner.create(objects, input).await["id"]);
        let other = made("pipelines", json!({ "name": "Renewals" })).await;
        let outside = json!({ "pipelineId": other, "name": "New", "kind": "OPEN", "position": 0 });
        let stages = [inside, made("stages", outside).await];
        let vip = made("tags", json!({ "name": "VIP" })).await;
        let company = made("companies", json!({ "name": "Acme" })).await;
        let deal = |name: &str, stage: &str| json!({ "name": name, "stageId": stage, "companyId": company });
        let deals =
            [made("deals", deal("In", &stages[0])).await, made("deals", deal("Out", &stages[1])).await];
        let contact = |name: &str, tags: Json| json!({ "familyName": name, "tagIds": tags });
        let contacts = [
            made("contacts", contact("Adler", json!([vip]))).await,
            made("contacts", contact("Bär", json!([]))).await,
        ];
        for contact in &contacts {
            made("affiliations", json!({ "contactId": contact, "companyId": company })).await;
        }
        Self { clerk, vip, company, stages, deals, contacts, stage }
    }
}

fn ids(list: &Json) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap()).collect()
}

on_both! {
    async fn reads_find_what_matches_and_nothing_else(stage) {
        for field_by_field in [false, true] {
            let desk = Desk::of(stage, field_by_field).await;
            let clerk = &desk.clerk;
            for (path, plural, [inside, outside]) in
                [("/v1/deals", "deals", &desk.deals), ("/v1/contacts", "contacts", &desk.contacts)]
            {
                let list = clerk.get(&format!("{path}?count=true")).await.ok();
                assert_eq!(ids(&list["items"]), [inside.as_str()]);
                assert_eq!(list["page"]["totalCount"], 1, "{list}");
                let others = json!({ "where": { "not": { "id": { "eq": inside } } } });
                let found = clerk.post(&format!("{path}/search"), &others).await.ok();
                assert_eq!(ids(&found["items"]), [""; 0]);
                clerk.get(&format!("{path}/{inside}")).await.ok();
                clerk.get(&format!("{path}/{outside}")).await.refused(404, "not_found");
                // Along a link, and as what a filter asks for.
                let link = format!("/v1/companies/{}?include={plural}", desk.company);
                assert_eq!(ids(&clerk.get(&link).await.ok()[plural]), [inside.as_str()]);
                let query = format!(
                    "query($outside: ID!) {{ {plural}(first: 9) {{ totalCount nodes {{ id }} }}
                     companies(first: 9) {{ nodes {{ {plural}(first: 9) {{ totalCount nodes {{ id }} }} }} }}
                     asked: companies(first: 9, where: {{ {plural}: {{ some: {{ id: {{ eq: $outside }} }} }} }}) {{ totalCount }}
                     counted: companies(first: 9, where: {{ {plural}: {{ count: {{ eq: 1 }} }} }}) {{ totalCount }} }}"
                );
                let seen = clerk.graphql(&query, json!({ "outside": outside })).await;
                for list in [&seen[plural], &seen["companies"]["nodes"][0][plural]] {
                    assert_eq!(list["totalCount"], 1, "{seen}");
                    assert_eq!(ids(&list["nodes"]), [inside.as_str()]);
                }
                assert_eq!(seen["asked"]["totalCount"], 0, "{seen}");
                assert_eq!(seen["counted"]["totalCount"], 1, "{seen}");
            }
            let me = clerk.get("/v1/me").await.ok();
            let deals = me["permissions"].as_array().unwrap().iter().find(|of| of["object"] == "deal").unwrap();
            assert_eq!(deals["rows"], "MATCHING");
            let told = clerk.graphql("{ me { permissions { object rows } } }", json!({})).await;
            assert!(told["me"]["permissions"].as_array().unwrap().contains(&json!({ "object": "deal", "rows": "MATCHING" })));
            desk.stage.end().await;
        }
    }
}

on_both! {
    async fn the_role_sees_what_the_oracle_says(stage) {
        let desk = Desk::of(stage, false).await;
        let registry = desk.stage.server.kith.registry();
        let (all, seen) = (World::seen_by(registry, &desk.stage.owner).await, World::seen_by(registry, &desk.clerk).await);
        for (name, predicate) in [("deal", DEALS), ("contact", CONTACTS)] {
            let object = registry.object(name).unwrap();
            let predicate: Json = serde_json::from_str(predicate).unwrap();
            let expected = all.rows(name).iter().filter(|row| oracle::holds(&all, object, row, &predicate));
            let expected: Vec<_> = expected.map(|row| &row["id"]).collect();
            assert_eq!(seen.rows(name).iter().map(|row| &row["id"]).collect::<Vec<_>>(), expected);
            assert!(!expected.is_empty() && expected.len() < all.rows(name).len());
        }
        desk.stage.end().await;
    }
}

on_both! {
    async fn no_operation_reaches_what_does_not_match(stage) {
        let desk = Desk::of(stage, false).await;
        let kith = &desk.stage.server.kith;
        let mut maker = Maker::new(kith.registry(), &desk.stage.owner);
        let version = Some(1);
        for (object, [inside, outside]) in [("deal", &desk.deals), ("contact", &desk.contacts)] {
            let mut asked = 0;
            for call in Call::all(kith).into_iter().filter(|call| call.object.name == object && call.is_on_record()) {
                let input = world::input(&call, &mut maker).await;
                for door in [Door::Rest, Door::Graphql] {
                    let input = input.clone();
                    let asked_of = Asked { id: outside.clone(), version, input, ..Asked::default() };
                    assert_eq!(call.ask(&desk.clerk, door, &asked_of).await.code(), "not_found", "{}", call.name());
                    asked += 1;
                }
            }
            assert!(asked >= 6, "{asked}");
            desk.clerk.get(&format!("/v1/{object}s/{inside}")).await.ok();
        }
        desk.stage.end().await;
    }
}

on_both! {
    async fn nothing_is_written_out_of_sight(stage) {
        let desk = Desk::of(stage, false).await;
        let clerk = &desk.clerk;
        let [deal, contact] = [&desk.deals[0], &desk.contacts[0]];
        let denied = |reply: Reply| drop(reply.refused(403, "forbidden"));
        denied(clerk.post("/v1/deals", &json!({ "name": "New", "stageId": desk.stages[1] })).await);
        denied(clerk.post("/v1/contacts", &json!({ "familyName": "New" })).await);
        denied(clerk.patch(&format!("/v1/contacts/{contact}"), &json!({ "tagIds": [] })).await);
        let lose = clerk.request(reqwest::Method::POST, &format!("/v1/deals/{deal}/lose"));
        let lose = lose.header("if-match", "\"1\"").json(&json!({ "lostReason": "Price" }));
        denied(clerk.send(lose).await);
        let mutation = "mutation($id: ID!) { updateContact(id: $id, input: { tagIds: [] }) { contact { id } userErrors { code } } }";
        let reply = clerk.graphql_reply(mutation, json!({ "id": contact })).await.json();
        assert_eq!(reply["data"]["updateContact"]["userErrors"][0]["code"], "forbidden", "{reply}");
        for path in [format!("/v1/contacts/{contact}"), format!("/v1/deals/{deal}")] {
            assert_eq!(clerk.get(&path).await.ok()["version"], 1);
        }
        // What stays in sight is written; what is out of sight cannot be referred to.
        clerk.create("contacts", json!({ "familyName": "New", "tagIds": [desk.vip] })).await;
        clerk.patch(&format!("/v1/contacts/{contact}"), &json!({ "givenName": "Ada" })).await.ok();
        let hidden = json!({ "name": "New", "stageId": desk.stages[0], "contactId": desk.contacts[1] });
        let reply = clerk.post("/v1/deals", &hidden).await.json();
        assert_eq!(reply["errors"][0]["code"], "reference_not_found", "{reply}");
        let known = json!({ "name": "New", "stageId": desk.stages[0], "contactId": contact });
        clerk.create("deals", known).await;
        desk.stage.end().await;
    }
}

on_both! {
    async fn imports_neither_find_nor_make_what_does_not_match(stage) {
        let desk = Desk::of(stage, false).await;
        let tagged = |tags: Json| {
            json!({ "match": "familyName", "fields": { "familyName": { "column": "Name" },
                "givenName": { "column": "First" }, "tagIds": { "constant": tags } } })
        };
        let rows = "Name,First\nAdler,Ada\nBär,Bea\n";
        // The first is found, the second is not, and so is made.
        let job = import(&desk.clerk, "contact", rows, &tagged(json!([desk.vip]))).await;
        assert_eq!(counts(&job), [1, 1, 0, 0], "{job}");
        let job = import(&desk.clerk, "contact", "Name,First\nCole,Cy\n", &tagged(json!([]))).await;
        assert_eq!(counts(&job), [0, 0, 0, 1], "{job}");
        let hidden = desk.stage.owner.get(&format!("/v1/contacts/{}", desk.contacts[1])).await.ok();
        assert_eq!((&hidden["version"], &hidden["givenName"]), (&json!(1), &Json::Null));
        desk.stage.end().await;
    }
}

on_both! {
    async fn events_of_records_that_are_not_all_in_sight_are_not_told(stage) {
        let desk = Desk::of(stage, false).await;
        let seller = desk.stage.user("READ_ONLY").await;
        let objects = async |caller: &Caller| {
            let events = caller.graphql("{ events(first: 100) { nodes { object } } }", json!({})).await;
            let nodes = events["events"]["nodes"].as_array().unwrap().clone();
            nodes.iter().map(|event| text(&event["object"])).collect::<Vec<_>>()
        };
        let (owner, clerk) = (objects(&desk.stage.owner).await, objects(&desk.clerk).await);
        let seller = objects(&seller).await;
        let tells = |events: &[String], object: &str| events.iter().any(|known| known == object);
        for object in ["deal", "contact", "company"] {
            assert!(tells(&owner, object), "{owner:?}");
            assert_eq!(tells(&clerk, object), object == "company", "{object}: {clerk:?}");
            assert_eq!(tells(&seller, object), object != "deal", "{object}: {seller:?}");
        }
        desk.stage.end().await;
    }
}

const fn lost(grants: &'static [Grant]) -> Role {
    Role { name: "AGENT", doc: "Lost.", grants, reads_sensitive: true }
}

const fn deals(predicate: &'static str) -> Grant {
    Grant::new(Objects::Named(&["deal"]), Action::ALL, Rows::Matching(predicate))
}

#[test]
fn a_predicate_that_cannot_be_read_closes_its_object() {
    static LOST: [Role; 4] = [
        lost(&[deals("")]),
        lost(&[deals(r#"{"nope":{"eq":1}}"#)]),
        lost(&[deals(r#"{"amount":{"eq":"x"}}"#)]),
        lost(&[deals(r#"{"createdAt":{"gt":{"relative":"-P1D"}}}"#)]),
    ];
    let registry = app::registry();
    let place = registry.object("deal").unwrap().place;
    for role in &LOST {
        let access = Access::new(role, &registry, &[]);
        assert_eq!(access.faults().len(), 1, "{role:?}");
        assert!(Action::ALL.iter().all(|action| !access.objects()[place].allows(*action)), "{role:?}");
    }
    assert!(app::policy(&registry).roles().iter().all(|access| access.faults().is_empty()));
}

#[test]
fn the_access_matrix_shows_the_predicate() {
    let registry = app::registry();
    let policy = Policy::new(&registry, &ROLES, &[]);
    let deal = registry.object("deal").unwrap();
    let access = &policy.role("AGENT").unwrap().objects()[deal.place];
    let line = matrix::line(deal, access);
    assert_eq!(line, format!("matching read create update delete | only records with {DEALS}"));
}
