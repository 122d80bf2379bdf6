//! Lists inside records: one item is added, changed or removed without touching the others, on both doors, also by
//! many at once.

use futures::future::join_all;
use serde_json::{Value as Json, json};

use super::{CREATE_CONTACT, UPDATE_CONTACT};
use crate::support::{Caller, on_both, text};

/// A contact with items in its lists; its path.
async fn contact(caller: &Caller) -> String {
    let ada = json!({
        "givenName": "Ada", "externalRefs": [{ "system": "shop", "id": "1" }],
        "emails": [{ "address": "ada@home.org", "type": "HOME" }, { "address": "ada@work.org" }],
        "phones": [{ "number": "1", "country": "GB" }], "addresses": [{ "city": "Bonn" }],
    });
    format!("/v1/contacts/{}", text(&caller.create("contacts", ada).await["id"]))
}

fn mail(address: &str, kind: &str, primary: bool) -> Json {
    json!({ "address": address, "type": kind, "primary": primary })
}

on_both! {
    async fn items_are_added_changed_and_removed(stage) {
        let owner = &stage.owner;
        let path = contact(owner).await;
        let change = async |change: Json| owner.patch(&path, &change).await.ok();

        let added = change(json!({ "addEmails": [{ "address": "ada@new.org", "type": "OTHER" }], "jobTitle": "Countess" })).await;
        let three = json!([mail("ada@home.org", "HOME", true), mail("ada@work.org", "WORK", false), mail("ada@new.org", "OTHER", false)]);
        assert_eq!((&added["emails"], &added["jobTitle"], &added["version"]), (&three, &json!("Countess"), &json!(2)));
        // What is there already and does not differ is no change; what is not there need not be removed.
        let same = json!({ "addEmails": [{ "address": "ADA@new.org" }], "removeEmails": [{ "address": "nobody@new.org" }] });
        assert_eq!(change(same).await["version"], 2);
        // An item that is there is changed in what is given.
        let changed = change(json!({ "addEmails": [{ "address": "ada@work.org", "primary": true }, { "address": "ada@home.org", "type": "OTHER" }] })).await;
        let other = json!([mail("ada@home.org", "OTHER", false), mail("ada@work.org", "WORK", true), mail("ada@new.org", "OTHER", false)]);
        assert_eq!(changed["emails"], other);
        // Where the primary one goes, the first is it.
        let removed = change(json!({ "removeEmails": [{ "address": "Ada@Work.org" }], "addExternalRefs": [{ "system": "erp", "id": "1" }] })).await;
        assert_eq!(removed["emails"], json!([mail("ada@home.org", "OTHER", true), mail("ada@new.org", "OTHER", false)]));
        assert_eq!(removed["externalRefs"], json!([{ "system": "shop", "id": "1" }, { "system": "erp", "id": "1" }]));
        let found = owner.get("/v1/contacts?filter[emails.some.address]=ada@work.org&fields=id").await.ok();
        assert_eq!(found["items"], json!([]));
        let cleared = change(json!({ "removePhones": [{ "number": "1" }], "removeAddresses": [{ "city": "bonn" }] })).await;
        assert_eq!((&cleared["phones"], &cleared["addresses"]), (&json!([]), &json!([])));

        let tag = async |name: &str| owner.create("tags", json!({ "name": name })).await["id"].clone();
        let (vip, old) = (tag("vip").await, tag("old").await);
        change(json!({ "addTagIds": [vip, old] })).await;
        let tagged = change(json!({ "removeTagIds": [vip], "addTagIds": [old] })).await;
        assert_eq!(tagged["tagIds"], json!([old]));
        let company = text(&owner.create("companies", json!({ "name": "Acme", "domains": ["a.org"] })).await["id"]);
        let company = owner.patch(&format!("/v1/companies/{company}"), &json!({ "addDomains": ["B.org"], "removeDomains": ["A.ORG"] })).await.ok();
        assert_eq!(company["domains"], json!(["b.org"]));
    }
}

on_both! {
    async fn both_doors_change_items(stage) {
        let owner = &stage.owner;
        let path = contact(owner).await;
        let id = path.rsplit('/').next().unwrap();
        let input = json!({
            "addEmails": [{ "address": "ada@new.org" }], "removeEmails": [{ "address": "ada@home.org" }],
            "removeExternalRefs": [{ "system": "shop", "id": "1" }], "addExternalRefs": [{ "system": "erp", "id": "A" }],
        });
        let data = owner.graphql(UPDATE_CONTACT, json!({ "id": id, "input": input })).await;
        assert_eq!(data["updateContact"]["userErrors"], json!([]), "{data}");
        let shown = owner.get(&path).await.ok();
        assert_eq!(shown["emails"], json!([mail("ada@work.org", "WORK", true), mail("ada@new.org", "WORK", false)]));
        assert_eq!(shown["externalRefs"], json!([{ "system": "erp", "id": "A" }]));
        for wrong in [json!({ "addEmails": [{ "type": "WORK" }] }), json!({ "removeEmails": [{ "address": "a@b.org", "type": "WORK" }] }), json!({ "addScore": 1 })] {
            let variables = json!({ "id": id, "input": wrong });
            assert_eq!(owner.graphql_reply(UPDATE_CONTACT, variables).await.json()["data"], Json::Null);
        }
        let both = json!({ "emails": [], "addEmails": [{ "address": "a@b.org" }] });
        let variables = json!({ "id": id, "input": both });
        owner.mutation_violates(UPDATE_CONTACT, variables, &[("invalid", "/addEmails")]).await;
        let create = json!({ "input": { "givenName": "Eve", "addEmails": [{ "address": "a@b.org" }] } });
        owner.graphql_reply(CREATE_CONTACT, create).await.graphql_refused(400, "invalid_query");
    }
}

on_both! {
    async fn wrong_items_are_told_where_they_stand(stage) {
        let owner = &stage.owner;
        let path = contact(owner).await;
        let before = owner.get(&path).await.ok();
        let refused = async |change: Json, violations: &[(&str, &str)]| {
            let reply = owner.patch(&path, &change).await;
            let code = reply.json()["code"].as_str().unwrap().to_owned();
            reply.violates(reply.status.as_u16(), &code, violations);
        };
        refused(json!({ "addEmails": [{ "address": "nope" }, {}], "lifecycle": "LED" }),
            &[("wrong_type", "/addEmails/0/address"), ("required", "/addEmails/1/address"), ("unknown_value", "/lifecycle")]).await;
        refused(json!({ "addEmails": { "address": "a@b.org" }, "removePhones": [1] }),
            &[("wrong_type", "/addEmails"), ("wrong_type", "/removePhones/0")]).await;
        refused(json!({ "removeEmails": [{ "address": "a@b.org", "type": "WORK" }], "addGivenName": 1 }),
            &[("unknown_field", "/removeEmails/0/type"), ("unknown_field", "/addGivenName")]).await;
        refused(json!({ "emails": null, "removeEmails": [] }), &[("invalid", "/removeEmails")]).await;
        refused(json!({ "addEmails": [mail("a@b.org", "WORK", true), mail("c@d.org", "WORK", true)] }), &[("invalid", "/addEmails")]).await;
        refused(json!({ "addEmails": [mail("a@b.org", "WORK", false), mail("A@b.org", "HOME", false)] }), &[("not_unique", "/addEmails/1")]).await;
        refused(json!({ "emails": [mail("a@b.org", "WORK", false), mail("A@b.org", "HOME", false)] }), &[("not_unique", "/emails/1")]).await;
        refused(json!({ "addTagIds": ["tag_01h455vb4pex5vsknk084sn02q"] }), &[("reference_not_found", "/tagIds/0")]).await;
        let many: Vec<_> = (0..51).map(|number| json!({ "number": number.to_string() })).collect();
        refused(json!({ "addPhones": many }), &[("out_of_range", "/addPhones")]).await;
        let others: Vec<_> = (100..150).map(|number| json!({ "number": number.to_string() })).collect();
        refused(json!({ "addPhones": others }), &[("out_of_range", "/addPhones")]).await;
        owner.post("/v1/contacts", &json!({ "givenName": "Eve", "addPhones": [] })).await.violates(422, "unknown_field", &[("unknown_field", "/addPhones")]);
        assert_eq!(owner.get(&path).await.ok()["emails"], before["emails"]);
    }
}

on_both! {
    async fn what_many_add_at_once_stays(stage) {
        let owner = &stage.owner;
        let path = contact(owner).await;
        let add = async |number: usize| {
            let change = json!({ "addExternalRefs": [{ "system": "crm", "id": format!("x{number}") }], "addPhones": [{ "number": format!("+{number}") }] });
            owner.patch(&path, &change).await.ok();
        };
        join_all((0..8).map(add)).await;
        let shown = owner.get(&path).await.ok();
        let count = |list: &str| shown[list].as_array().unwrap().len();
        assert_eq!((count("externalRefs"), count("phones"), &shown["version"]), (9, 9, &json!(9)));
    }
}
