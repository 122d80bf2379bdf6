//! Records to ask for, and a request of every kind about them.

use reqwest::Method;
use serde_json::json;

use super::request::Request;
use crate::support::{Caller, text};

/// An id that no contact has.
const NOBODY: &str = "contact_01h455vb4pex5vsknk084sn02q";

/// A query for one record.
const ONE: &str = "query($id: ID!) { contact(id: $id) { id givenName } }";

/// Some records.
pub struct World {
    nonce: String,
    contact: String,
    changed: String,
    doomed: [String; 2],
    gone: String,
    task: String,
    segment: String,
    file: String,
}

impl World {
    /// Makes it. Its name is part of those that no two records share.
    pub async fn new(owner: &Caller, nonce: &str) -> Self {
        let contact = async |name: &str| {
            text(&owner.create("contacts", json!({ "givenName": name, "familyName": nonce })).await["id"])
        };
        let segment = json!({ "name": format!("All {nonce}"), "object": "CONTACT", "where": {} });
        let named = |kind: &str| json!({ "name": format!("{kind} {nonce}") });
        let company = text(&owner.create("companies", named("Acme")).await["id"]);
        owner.create("products", named("Wheel")).await;
        let upload = owner.request(Method::POST, "/v1/files?name=a.txt").header("content-type", "text/plain");
        let world = Self {
            nonce: nonce.to_owned(),
            contact: contact("Ada").await,
            changed: contact("Bea").await,
            doomed: [contact("Cleo").await, contact("Dora").await],
            gone: contact("Eve").await,
            task: text(&owner.create("tasks", json!({ "title": "Call" })).await["id"]),
            segment: text(&owner.create("segments", segment).await["id"]),
            file: text(&owner.send(upload.body("some bytes")).await.ok()["id"]),
        };
        owner.delete(&format!("/v1/contacts/{}", world.gone)).await.ok();
        let affiliation = json!({ "contactId": world.contact, "companyId": company });
        owner.create("affiliations", affiliation).await;
        world
    }

    /// Requests that read.
    pub fn reading(&self) -> Vec<Request> {
        let Self { contact, segment, file, .. } = self;
        let id = json!({ "id": contact });
        let one = json!({ "where": { "id": { "eq": contact } } });
        let none = json!({ "where": { "givenName": { "eq": "Nobody" } } });
        vec![
            Request::get(format!("/v1/contacts/{contact}")),
            Request::head(format!("/v1/contacts/{contact}")),
            Request::get(format!("/v1/contacts/{contact}")).with("if-none-match", "\"1\"").answered(304),
            Request::get(format!("/v1/contacts/{contact}?include=companies,tags&fields=fullName")),
            Request::get(format!("/v1/contacts/{contact}/overview")),
            Request::get(format!("/v1/contacts/{NOBODY}")).answered(404),
            Request::get(format!("/v1/contacts/{NOBODY}/overview")).answered(404),
            Request::get("/v1/contacts"),
            Request::get("/v1/contacts?count=true&limit=1&sort=givenName&include=companies"),
            Request::get("/v1/job-errors"),
            Request::get("/v1/tickets?count=true&include=requester&filter[subject]=Nothing"),
            Request::get("/v1/events?limit=5&sort=seq"),
            Request::get(format!("/v1/segments/{segment}/members?sort=createdAt&limit=1")),
            Request::get(format!("/v1/files/{file}/content")),
            Request::post("/v1/contacts/search", &one),
            Request::query("/v1/contacts", &one),
            Request::post("/v1/contacts/search", &none),
            Request::graphql(ONE, id.clone()),
            Request::graphql("query($id: ID!) { contact(id: $id) { fullName } }", json!({ "id": NOBODY })),
            Request::graphql("query($id: ID!) { node(id: $id) { id __typename } }", id.clone()),
            Request::graphql(
                "query($id: ID!) { contact(id: $id) { companies(first: 2) { nodes { name } } } }",
                id.clone(),
            ),
            Request::graphql(
                "query($id: ID!) { contactOverview(id: $id) { contact { id } tags { name } } }",
                id,
            ),
            Request::graphql("{ contacts(first: 2) { nodes { id } totalCount } }", json!({})),
            Request::graphql("{ jobErrors(first: 2) { nodes { id } totalCount } }", json!({})),
            Request::graphql("{ __typename a: jobErrors(first: 1) { totalCount } }", json!({})),
        ]
    }

    /// Requests that write, those that change something last.
    pub fn writing(&self) -> Vec<Request> {
        let Self { nonce, contact, changed, doomed: [by_rest, by_graphql], gone, task, .. } = self;
        let create = "mutation($input: CreateContactInput!) { createContact(input: $input)
            { contact { id } userErrors { code } } }";
        let delete = "mutation($id: ID!) { deleteContact(id: $id) { contact { id } userErrors { code } } }";
        let named = |name: &str| json!({ "givenName": name, "familyName": nonce });
        let long = json!({ "title": "Read", "description": "x".repeat(90_000) });
        let address = |number| json!({ "address": format!("{number}@{nonce}.example") });
        let wide = json!({ "givenName": "Wide", "emails": (0..50).map(address).collect::<Vec<_>>() });
        let nobody = format!("/v1/contacts/{NOBODY}");
        vec![
            Request::post("/v1/products", &json!({ "name": format!("Wheel {nonce}") })).answered(409),
            Request::post(
                "/v1/contacts",
                &json!({ "givenName": "Ada", "ownerId": "user_01h455vb4pex5vsknk084sn02q" }),
            )
            .answered(422),
            Request::post("/v1/tasks", &json!({})).answered(422),
            Request::patch(nobody.clone(), &named("Zoe")).answered(404),
            Request::delete(nobody).answered(404),
            Request::delete(format!("/v1/contacts/{contact}")).with("if-match", "\"7\"").answered(412),
            Request::patch(format!("/v1/contacts/{contact}"), &json!({})),
            Request::patch(format!("/v1/contacts/{contact}"), &json!({ "givenName": "Ada" })),
            Request::post("/v1/contacts", &named("New")).creating(),
            Request::post("/v1/contacts?include=companies&fields=fullName", &named("Newer")).creating(),
            Request::post("/v1/tickets", &json!({ "subject": "Broken" })).creating(),
            Request::post("/v1/tasks", &long).creating(),
            Request::post("/v1/contacts", &wide).creating(),
            // It refers to nothing, so that nothing is read before it is written.
            Request::post("/v1/teams", &json!({ "name": format!("Team {nonce}") })).creating(),
            Request::post("/v1/pipelines", &json!({ "name": format!("Pipeline {nonce}") })).creating(),
            Request::graphql(create, json!({ "input": named("Newest") })).writing(1),
            Request::patch(format!("/v1/contacts/{changed}"), &named("Bella")).writing(1),
            Request::delete(format!("/v1/contacts/{by_rest}")),
            Request::graphql(delete, json!({ "id": by_graphql })).writing(1),
            Request::post(format!("/v1/contacts/{gone}/restore"), &json!({})).writing(1),
            Request::post(format!("/v1/tasks/{task}/complete"), &json!({})).writing(1),
            Request::post("/v1/users", &json!({ "name": "Nina" })).creating(),
        ]
    }

    /// Requests that are refused before the database is asked for anything.
    pub fn wrong(&self) -> Vec<Request> {
        let path = format!("/v1/contacts/{}", self.contact);
        vec![
            Request::get("/v1/contacts/x").answered(404),
            Request::get(format!("{path}?fields=nope")).answered(422),
            Request::get("/v1/contacts?nope=1").answered(400),
            Request::get("/v1/contacts?cursor=nope").answered(400),
            Request::get("/v1/contacts?filter[nope]=1").answered(422),
            Request::post_text("/v1/contacts/search", r#"{"where":{"nope":1}}"#).answered(422),
            Request::post_text("/v1/contacts", r#"{"givenName":1}"#).answered(422),
            Request::post_text("/v1/contacts", r#"{"nope":1}"#).answered(422),
            Request::post_text("/v1/contacts", "{").answered(400),
            Request::post_text("/v1/contacts", "{}").with("content-type", "text/plain").answered(415),
            Request::patch(&path, &json!({ "nope": 1 })).answered(422),
            Request::patch("/v1/contacts/x", &json!({})).answered(404),
            Request::delete("/v1/contacts/x").answered(404),
            Request::graphql(ONE, json!({ "id": 7 })).answered(400),
            Request::graphql(ONE, json!({ "id": "x" })).answered(400),
            Request::graphql(ONE, json!({ "id": [] })).answered(400),
            Request::graphql(ONE, json!({})).answered(400),
            Request::graphql("{ nope }", json!({})).answered(400),
            Request::graphql("{", json!({})).answered(400),
            Request::graphql("query($a: Nope) { __typename }", json!({})).answered(400),
            Request::post_text("/graphql", r#"{"nope":1}"#).answered(400),
        ]
    }

    /// Requests that GraphQL answers without asking the database.
    pub fn of_no_record(&self) -> Vec<Request> {
        vec![
            Request::graphql(ONE, json!({ "id": self.contact })),
            Request::graphql("{ __typename }", json!({})),
            Request::graphql("{ __schema { queryType { name } } }", json!({})),
            Request::graphql("{ __type(name: \"Contact\") { name } }", json!({})),
        ]
    }
}
