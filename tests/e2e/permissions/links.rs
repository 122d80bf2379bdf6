//! Links and rules under roles that the built-in ones are not: a link that may not be followed is refused whichever
//! way it is asked for, and rules see what their caller does not.

use kernel::{
    object::Action,
    role::{Grant, Objects, Role, Rows},
};
use serde_json::{Value as Json, json};

use crate::support::{Caller, Reply, Stage, on_both, text};

static EVERYTHING: Role = Role {
    name: "OWNER",
    doc: "Everything.",
    grants: &[Grant::new(Objects::Any, Action::ALL, Rows::All)],
    reads_sensitive: true,
};

/// Reads no field of some links, no record of others, and no connecting record.
static CLERK: Role = Role {
    name: "AGENT",
    doc: "Everything but some links.",
    grants: &[
        Grant::new(Objects::Named(&["affiliation", "product", "stageChange"]), &[], Rows::All),
        Grant::new(Objects::Named(&["deal"]), Action::ALL, Rows::All)
            .hiding(&["contactId"])
            .locking(&["amount"]),
        Grant::new(Objects::Named(&["contact"]), Action::ALL, Rows::All).hiding(&["tagIds"]),
        Grant::new(Objects::Named(&["activity"]), Action::ALL, Rows::All).hiding(&["subjects"]),
        Grant::new(Objects::Any, Action::ALL, Rows::All),
    ],
    reads_sensitive: true,
};

const ROLES: [&Role; 2] = [&EVERYTHING, &CLERK];

/// The links that the clerk may not follow, and the code of the refusal.
const REFUSED: &[(&str, &str, &str)] = &[
    ("deal", "contact", "field_forbidden"),
    ("contact", "deals", "field_forbidden"),
    ("contact", "tags", "field_forbidden"),
    ("contact", "activities", "field_forbidden"),
    ("contact", "companies", "forbidden"),
    ("company", "contacts", "forbidden"),
    ("deal", "stageChanges", "forbidden"),
    ("lineItem", "product", "forbidden"),
];

/// A record of each of these objects.
struct Desk {
    stage: Stage,
    clerk: Caller,
    contact: String,
    company: String,
    deal: String,
    line_item: String,
    product: String,
    stages: [String; 3],
}

impl Desk {
    async fn of(stage: &Stage, field_by_field: bool) -> Self {
        let stage = stage.with_roles(&ROLES, field_by_field).await;
        let (clerk, stages) = (stage.user("AGENT").await, stage.pipeline().await);
        let made = async |objects: &str, input| text(&stage.owner.create(objects, input).await["id"]);
        let contact = made("contacts", json!({ "familyName": "Adler" })).await;
        let company = made("companies", json!({ "name": "Acme" })).await;
        made("affiliations", json!({ "contactId": contact, "companyId": company })).await;
        let deal = json!({ "name": "Big", "stageId": stages[0], "contactId": contact });
        let deal = made("deals", deal).await;
        let product = made("products", json!({ "name": "Hammer" })).await;
        let item = json!({ "dealId": deal, "productId": product, "name": "My hammer" });
        let line_item = made("line-items", item).await;
        Self { clerk, contact, company, deal, line_item, product, stages, stage }
    }

    fn id(&self, object: &str) -> &str {
        match object {
            "contact" => &self.contact,
            "company" => &self.company,
            "deal" => &self.deal,
            _ => &self.line_item,
        }
    }
}

fn code(reply: &Reply) -> String {
    let body = reply.json();
    let code = body.get("code").unwrap_or(&body["errors"][0]["extensions"]["code"]);
    code.as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
}

on_both! {
    async fn links_that_may_not_be_followed_are_refused_at_both_doors(stage) {
        let desk = Desk::of(stage, false).await;
        let (clerk, registry) = (&desk.clerk, desk.stage.server.kith.registry());
        for &(name, link, expected) in REFUSED {
            let object = registry.object(name).unwrap();
            let is_one = object.link(link).unwrap().1.is_one();
            let (path, id) = (format!("/v1/{}", object.path), desk.id(name));
            let asked = if is_one { json!({}) } else { json!({ "some": {} }) };
            let predicate: Json = json!({ link: asked });
            for reply in [
                clerk.get(&format!("{path}?include={link}")).await,
                clerk.get(&format!("{path}?fields={link}.id")).await,
                clerk.get(&format!("{path}/{id}?include={link}")).await,
                clerk.post(&format!("{path}/search"), &json!({ "include": [link] })).await,
                clerk.post(&format!("{path}/search"), &json!({ "where": predicate })).await,
                clerk.post(&format!("{path}/search"), &json!({ "where": { "not": predicate } })).await,
            ] {
                assert_eq!(code(&reply), expected, "{name}.{link}: {reply}");
                assert_eq!(reply.status.as_u16(), 403, "{name}.{link}: {reply}");
            }
            let part = if is_one { format!("{link} {{ id }}") } else { format!("{link}(first: 1) {{ totalCount }}") };
            let (plural, type_name) = (object.plural, &object.type_name);
            for (query, variables) in [
                (format!("{{ {plural}(first: 1) {{ nodes {{ {part} }} }} }}"), json!({})),
                (format!("{{ {name}(id: {id:?}) {{ {part} }} }}"), json!({})),
                (
                    format!("mutation {{ update{type_name}(id: {id:?}, input: {{}}) {{ {name} {{ {part} }} }} }}"),
                    json!({}),
                ),
                (
                    format!("query($where: {type_name}Filter) {{ {plural}(first: 1, where: $where) {{ totalCount }} }}"),
                    json!({ "where": predicate }),
                ),
            ] {
                let reply = clerk.graphql_reply(&query, variables).await;
                assert_eq!(code(&reply), expected, "{query}: {reply}");
                assert!(reply.json()["data"].is_null(), "{query}: {reply}");
            }
        }
        let contact = &desk.contact;
        let reply = clerk.get(&format!("/v1/contacts/{contact}/overview")).await;
        assert_eq!(reply.status.as_u16(), 403, "{reply}");
        for (panel, expected) in
            [("companies", "forbidden"), ("openDeals", "field_forbidden"), ("tags", "field_forbidden")]
        {
            let query = format!("{{ contactOverview(id: {contact:?}) {{ {panel} {{ id }} }} }}");
            assert_eq!(code(&clerk.graphql_reply(&query, json!({})).await), expected, "{panel}");
        }
        let query = format!("{{ contactOverview(id: {contact:?}) {{ contact {{ id }} openTasks {{ id }} }} }}");
        let seen = clerk.graphql(&query, json!({})).await;
        assert_eq!(seen["contactOverview"]["contact"]["id"], contact.as_str());
        desk.stage.end().await;
    }
}

on_both! {
    async fn links_that_may_not_be_followed_are_refused_by_resolvers(stage) {
        let desk = Desk::of(stage, true).await;
        let registry = desk.stage.server.kith.registry();
        for &(name, link, expected) in REFUSED {
            let object = registry.object(name).unwrap();
            let is_one = object.link(link).unwrap().1.is_one();
            let part = if is_one { format!("{link} {{ id }}") } else { format!("{link}(first: 1) {{ totalCount }}") };
            let query = format!("{{ {name}(id: {:?}) {{ {part} }} }}", desk.id(name));
            assert_eq!(code(&desk.clerk.graphql_reply(&query, json!({})).await), expected, "{query}");
        }
        let query = format!("{{ contactOverview(id: {:?}) {{ companies {{ id }} }} }}", desk.contact);
        assert_eq!(code(&desk.clerk.graphql_reply(&query, json!({})).await), "forbidden");
        desk.stage.end().await;
    }
}

on_both! {
    async fn fields_that_may_be_read_are_not_therefore_written(stage) {
        let desk = Desk::of(stage, false).await;
        let path = format!("/v1/deals/{}", desk.deal);
        let amount = json!({ "amount": { "amount": "5", "currency": "EUR" } });
        desk.stage.owner.patch(&path, &amount).await.ok();
        assert_eq!(desk.clerk.get(&path).await.ok()["amount"]["currency"], "EUR");
        for (body, pointer) in [(amount, "/amount"), (json!({ "contactId": null }), "/contactId")] {
            let reply = desk.clerk.patch(&path, &body).await;
            let fault = &reply.json()["errors"][0];
            assert_eq!((&fault["code"], &fault["pointer"]), (&json!("field_forbidden"), &json!(pointer)), "{reply}");
        }
        desk.stage.end().await;
    }
}

on_both! {
    async fn events_tell_nothing_of_fields_that_may_not_be_read(stage) {
        let desk = Desk::of(stage, false).await;
        let objects = async |caller: &Caller| {
            let query = "{ events(first: 100) { nodes { object } } }";
            let events = caller.graphql(query, json!({})).await;
            let nodes = events["events"]["nodes"].as_array().unwrap().clone();
            nodes.iter().map(|event| text(&event["object"])).collect::<Vec<_>>()
        };
        let (owner, clerk) = (objects(&desk.stage.owner).await, objects(&desk.clerk).await);
        for object in ["deal", "contact", "product", "stageChange"] {
            assert!(owner.iter().any(|known| known == object), "{owner:?}");
            assert!(!clerk.iter().any(|known| known == object), "{clerk:?}");
        }
        assert!(clerk.iter().any(|known| known == "company"), "{clerk:?}");
        desk.stage.end().await;
    }
}

on_both! {
    async fn rules_see_what_their_caller_does_not(stage) {
        let desk = Desk::of(stage, false).await;
        // The name is taken over from the product, which the clerk does not see.
        let path = format!("/v1/line-items/{}", desk.line_item);
        assert_eq!(desk.clerk.patch(&path, &json!({ "name": null })).await.ok()["name"], "Hammer");
        // Nor can the clerk refer to it anew.
        let item = json!({ "dealId": desk.deal, "productId": desk.product });
        let fault = desk.clerk.post("/v1/line-items", &item).await.json()["errors"][0].clone();
        assert_eq!((&fault["code"], &fault["pointer"]), (&json!("reference_not_found"), &json!("/productId")));
        // The move is written down, although the clerk neither makes nor reads such records.
        let path = format!("/v1/deals/{}/move", desk.deal);
        let request = desk.clerk.request(reqwest::Method::POST, &path).header("if-match", "\"1\"");
        desk.clerk.send(request.json(&json!({ "stageId": desk.stages[1] }))).await.ok();
        let moves = desk.stage.owner.get(&format!("/v1/stage-changes?filter[dealId]={}", desk.deal)).await.ok();
        assert_eq!(moves["items"].as_array().unwrap().len(), 2, "{moves}");
        assert_eq!(desk.clerk.get("/v1/stage-changes").await.status.as_u16(), 403);
        desk.stage.end().await;
    }
}
