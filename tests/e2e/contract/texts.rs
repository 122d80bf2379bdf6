//! Texts as they come from outside: an identifier is compared as it is, what people write without case and accents,
//! blank text is no value, and what has a form is kept in one spelling.

use serde_json::{Value as Json, json};

use super::{CREATE_CONTACT, UPDATE_CONTACT};
use crate::support::{Caller, on_both};

/// The names under which the contacts are found.
async fn found(caller: &Caller, predicate: Json) -> Vec<String> {
    let list =
        caller.get_where("/v1/contacts?fields=givenName&sort=createdAt&limit=200", predicate).await.ok();
    let name = |item: &Json| item["givenName"].as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(name).collect()
}

on_both! {
    async fn outside_ids_are_compared_byte_for_byte(stage) {
        let owner = &stage.owner;
        let of = |id: &str| json!({ "givenName": id, "externalRefs": [{ "system": "shop", "id": id }] });
        let ids = ["cus_Ab", "cus_aB", "cafe", "café", "CAFE", "a b", "a\tb", "ﬁ", "fi", "100%", "100_"];
        for id in ids {
            owner.create("contacts", of(id)).await;
        }
        for id in ids {
            owner.post("/v1/contacts", &of(id)).await.refused(409, "not_unique");
        }
        let asked = |how: &str, operand: Json| json!({ "externalRefs": { "some": { "id": { how: operand } } } });
        for id in ids {
            assert_eq!(found(owner, asked("eq", id.into())).await, [id]);
            assert_eq!(found(owner, asked("in", json!([id, "nobody"]))).await, [id]);
        }
        assert_eq!(found(owner, asked("startsWith", "cus_A".into())).await, ["cus_Ab"]);
        assert_eq!(found(owner, asked("contains", "AF".into())).await, ["CAFE"]);
        assert_eq!(found(owner, asked("endsWith", "fe".into())).await, ["cafe"]);
        assert_eq!(found(owner, asked("matches", "b".into())).await, ["a b"]);
        assert_eq!(found(owner, asked("lt", "CB".into())).await, ["CAFE", "100%", "100_"]);
        // The name of the system is a name.
        let shouted = json!({ "givenName": "Eve", "externalRefs": [{ "system": "SHOP", "id": "cafe" }] });
        owner.post("/v1/contacts", &shouted).await.refused(409, "not_unique");
    }
}

on_both! {
    async fn stock_keeping_numbers_ignore_case_alone(stage) {
        let owner = &stage.owner;
        let product = |name: &str, sku: &str| json!({ "name": name, "sku": sku });
        owner.create("products", product("One", "ab-1")).await;
        owner.create("products", product("Two", "áb-1")).await;
        owner.create("products", product("Three", "ab 1")).await;
        for sku in ["AB-1", "ÁB-1", "a\u{301}b-1", "Ab 1"] {
            owner.post("/v1/products", &product("Four", sku)).await.refused(409, "not_unique");
        }
        let list = owner.get("/v1/products?filter[sku]=AB-1&fields=name").await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    }
}

on_both! {
    async fn only_accents_of_latin_greek_and_cyrillic_are_ignored(stage) {
        let owner = &stage.owner;
        let tag = |name: &str| json!({ "name": name });
        for name in [
            "राम", "रोम", "नमस्ते", "नमसत", "ホテル", "ボテル", "かき", "がき", "はは", "ぱぱ", "ขาว", "ข้าว", "מלך", "מֶלֶךְ", "كتب",
            "كَتَبَ", "한", "하", "தமிழ", "தமிழ்",
        ] {
            owner.create("tags", tag(name)).await;
        }
        for (name, other) in [
            ("Ångström", "angstrom"), ("Đà Nẵng", "da nang"), ("Łódź", "LODZ"), ("Øre", "ore"), ("Ħal", "hal"),
            ("Straße", "STRASSE"), ("Ёлка", "елка"), ("Άλφα", "αλφα"), ("ŧŦ", "tt"), ("Ærø", "aero"),
            ("Þór", "thor"), ("ガ", "ｶﾞ"), ("ﬁne", "FINE"), ("Œuvre", "oeuvre"), ("❤\u{fe0f}", "❤"),
        ] {
            owner.create("tags", tag(name)).await;
            owner.post("/v1/tags", &tag(other)).await.refused(409, "not_unique");
        }
        for (how, operand, names) in [
            ("eq", "नमसत", vec!["नमसत"]),
            ("startsWith", "か", vec!["かき"]),
            ("contains", "ホ", vec!["ホテル"]),
            ("eq", "lodz", vec!["Łódź"]),
            ("contains", "nang", vec!["Đà Nẵng"]),
        ] {
            let list = owner.get_where("/v1/tags?fields=name", json!({ "name": { how: operand } })).await.ok();
            let shown: Vec<_> = list["items"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
            assert_eq!(shown, names, "{how} {operand}");
        }
    }
}

on_both! {
    async fn blank_text_is_no_value(stage) {
        let owner = &stage.owner;
        let blanks = ["", " ", "\u{200b}", "\u{feff}\t\u{a0}", "\u{3000}\u{2060}\n"];
        let [open, ..] = stage.pipeline().await;
        let deal = |name: &str| json!({ "name": name, "stageId": open });
        let named = [
            "teams", "tags", "products", "companies", "pipelines", "users",
        ];
        for blank in blanks {
            let required = [("required", "/name")];
            for objects in named {
                let input = json!({ "name": blank });
                owner.post(&format!("/v1/{objects}"), &input).await.violates(422, "required", &required);
            }
            owner.post("/v1/deals", &deal(blank)).await.violates(422, "required", &required);
            let subject = json!({ "subject": blank });
            owner.post("/v1/tickets", &subject).await.violates(422, "required", &[("required", "/subject")]);
            owner.post("/v1/tasks", &json!({ "title": blank })).await.violates(422, "required", &[("required", "/title")]);
            let items = json!({ "givenName": "Ada", "externalRefs": [{ "system": "shop", "id": blank }],
                "emails": [{ "address": blank }], "phones": [{ "number": blank }] });
            let missing = [
                ("required", "/externalRefs/0/id"), ("required", "/emails/0/address"), ("required", "/phones/0/number"),
            ];
            owner.post("/v1/contacts", &items).await.violates(422, "required", &missing);
            let plain = json!({ "name": "Acme", "domains": [blank] });
            owner.post("/v1/companies", &plain).await.violates(422, "required", &[("required", "/domains/0")]);
            let nameless = [("required", "/givenName")];
            let input = json!({ "input": { "givenName": blank, "familyName": blank } });
            owner.mutation_violates(CREATE_CONTACT, input, &nameless).await;
        }
        for blank in blanks {
            // Two without a number are no two with the same.
            let product = owner.create("products", json!({ "name": format!("P{}", blank.len()), "sku": blank })).await;
            assert_eq!(product["sku"], Json::Null);
            let company = owner.create("companies", json!({ "name": "Acme", "phone": blank, "industry": blank })).await;
            assert_eq!((&company["phone"], &company["industry"]), (&Json::Null, &Json::Null));
        }
        let team = owner.create("teams", json!({ "name": "\u{200b} Acme\u{a0}Ltd \u{feff}\n" })).await;
        assert_eq!(team["name"], "Acme\u{a0}Ltd");
        let ada = owner.create("contacts", json!({ "givenName": " Ada ", "familyName": "\t" })).await;
        assert_eq!((&ada["givenName"], &ada["familyName"], &ada["fullName"]), (&json!("Ada"), &Json::Null, &json!("Ada")));
        let path = format!("/v1/contacts/{}", ada["id"].as_str().unwrap());
        let same = owner.patch(&path, &json!({ "givenName": "Ada\u{200b}", "jobTitle": " " })).await.ok();
        assert_eq!(same["version"], 1);
        let cleared = [("required", "/givenName")];
        owner.patch(&path, &json!({ "givenName": " " })).await.violates(422, "required", &cleared);
        let update = json!({ "id": ada["id"], "input": { "givenName": "\u{200b}" } });
        owner.mutation_violates(UPDATE_CONTACT, update, &cleared).await;
        // Commands read texts in the same way.
        let convert = format!("{path}/convert");
        owner.post(&convert, &json!({ "dealName": " " })).await.violates(422, "required", &[("required", "/dealName")]);
        let key = json!({ "name": "\u{200b}", "userId": owner.user, "role": "OWNER" });
        owner.post("/v1/api-keys/issue", &key).await.violates(422, "required", &[("required", "/name")]);
        let made = owner.post(&convert, &json!({ "dealName": " A deal ", "companyName": "\t" })).await.ok();
        assert_eq!((&made["deal"]["name"], &made["company"]), (&json!("A deal"), &Json::Null));
    }
}

/// An address as it is kept, or none where it is refused.
const ADDRESSES: &[(&str, Option<&str>)] = &[
    ("ada@example.org\u{200b}", Some("ada@example.org")),
    ("\u{feff} bea@example.org;", Some("bea@example.org")),
    ("<cea@example.org>", Some("cea@example.org")),
    ("mailto:dea@example.org", Some("dea@example.org")),
    ("MAILTO:eva@Example.ORG , ", Some("eva@example.org")),
    ("O'Neil+x@example.org", Some("O'Neil+x@example.org")),
    ("jörg@münchen.de", Some("jörg@münchen.de")),
    ("eva@xn--mnchen-3ya.de", Some("eva@münchen.de")),
    ("नमस्ते@हिन्दी.भारत", Some("नमस्ते@हिन्दी.भारत")),
    ("ada@example", None),
    ("ada@.org", None),
    ("ada@example..org", None),
    ("ada@-x.org", None),
    ("ada@example.org.", None),
    ("ada@example.com:25", None),
    ("Ada<ada@example.org>", None),
    ("ada@a@example.org", None),
    ("ada lovelace@example.org", None),
    (".ada@example.org", None),
    ("a..da@example.org", None),
    ("ada.@example.org", None),
    ("a,da@example.org", None),
    ("ada@exa_mple.org", None),
    ("ada@192.168.0.1", None),
    ("@example.org", None),
    ("ada@", None),
];

on_both! {
    async fn addresses_are_cleaned_or_refused(stage) {
        let owner = &stage.owner;
        for (given, kept) in ADDRESSES {
            let reply = owner.post("/v1/contacts", &json!({ "emails": [{ "address": given }] })).await;
            match kept {
                Some(kept) => assert_eq!(reply.ok()["emails"][0]["address"], *kept, "{given}"),
                None => drop(reply.violates(422, "wrong_type", &[("wrong_type", "/emails/0/address")])),
            }
        }
        let long = |local: usize, labels: usize| format!("{}@{}org", "a".repeat(local), "b23456789.".repeat(labels));
        let user = |email: String| json!({ "name": "A user", "email": email });
        assert!(owner.create("users", user(long(64, 18))).await["id"].is_string());
        for email in [long(65, 1), long(64, 19), format!("a@{}.org", "b".repeat(64))] {
            owner.post("/v1/users", &user(email)).await.violates(422, "wrong_type", &[("wrong_type", "/email")]);
        }
        // Both spellings of a domain lead to the address, and no accent is lost.
        let asked = |address: &str| json!({ "emails": { "some": { "address": { "eq": address } } } });
        let count = async |address: &str| {
            let list = owner.get_where("/v1/contacts?fields=id", asked(address)).await.ok();
            list["items"].as_array().unwrap().len()
        };
        assert_eq!(count("JÖRG@xn--mnchen-3ya.de").await, 1);
        assert_eq!(count("eva@MÜNCHEN.de").await, 1);
        assert_eq!(count("jorg@munchen.de").await, 0);
        let twice = json!({ "emails": [{ "address": "ada@münchen.de" }, { "address": "Ada@xn--mnchen-3ya.de" }] });
        owner.post("/v1/contacts", &twice).await.violates(409, "not_unique", &[("not_unique", "/emails/1")]);
        owner.create("users", user("ann@münchen.de".to_owned())).await;
        owner.post("/v1/users", &user("ANN@xn--mnchen-3ya.de".to_owned())).await.refused(409, "not_unique");
    }
}

on_both! {
    async fn domains_are_of_every_script(stage) {
        let owner = &stage.owner;
        let company = |domain: &str| json!({ "name": domain, "domains": [domain] });
        for (given, kept) in [
            ("हिन्दी.भारत", "हिन्दी.भारत"),
            ("ร้าน.ไทย", "ร้าน.ไทย"),
            ("mu\u{308}nchen.DE", "münchen.de"),
            ("xn--mnchen-3ya.de", "münchen.de"),
            ("Example。com", "example.com"),
            (" Example.COM ", "example.com"),
        ] {
            assert_eq!(owner.create("companies", company(given)).await["domains"], json!([kept]), "{given}");
        }
        for wrong in ["example", "https://example.com", "a@b.de", "a..de", "-a.de", "a-.de", "a b.de", "a.de/", "xn--a.de", "127.0.0.1"] {
            owner.post("/v1/companies", &company(wrong)).await.violates(422, "wrong_type", &[("wrong_type", "/domains/0")]);
        }
        for (how, operand, count) in [
            ("containsAny", json!(["xn--mnchen-3ya.de"]), 2),
            ("containsAny", json!(["MÜNCHEN.de"]), 2),
            ("containsAny", json!(["munchen.de"]), 0),
            ("containsAll", json!(["xn--j2bd4cyah0f.xn--h2brj9c"]), 1),
        ] {
            let asked = json!({ "domains": { how: operand } });
            let list = owner.get_where("/v1/companies?fields=name", asked).await.ok();
            assert_eq!(list["items"].as_array().unwrap().len(), count, "{how} {operand}");
        }
        for (given, kept) in [
            ("HTTPS://Münche\u{301}n.de/Pfad?q=1", Some("https://münchén.de/Pfad?q=1")),
            ("http://example.com:8080", Some("http://example.com:8080")),
            ("https:///x", None),
            ("https://", None),
            ("ftp://example.com", None),
            ("https://a b.de", None),
        ] {
            let reply = owner.post("/v1/companies", &json!({ "name": "W", "website": given })).await;
            match kept {
                Some(kept) => assert_eq!(reply.ok()["website"], kept, "{given}"),
                None => drop(reply.violates(422, "wrong_type", &[("wrong_type", "/website")])),
            }
        }
    }
}

on_both! {
    async fn instants_are_kept_to_the_millisecond(stage) {
        let owner = &stage.owner;
        let task = json!({ "title": "Call", "dueAt": "2026-01-02T03:04:05.123999+01:00" });
        let task = owner.create("tasks", task).await;
        assert_eq!(task["dueAt"], "2026-01-02T02:04:05.123Z");
        let asked = json!({ "dueAt": { "eq": "2026-01-02T02:04:05.123456789Z" } });
        let list = owner.get_where("/v1/tasks?fields=id", asked).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    }
}

on_both! {
    async fn a_day_that_a_zone_left_out_begins_where_the_next_does(stage) {
        let owner = &stage.owner;
        let path = format!("/v1/workspaces/{}", owner.get("/v1/workspaces?fields=id").await.ok()["items"][0]["id"].as_str().unwrap());
        owner.patch(&path, &json!({ "timeZone": "Pacific/Apia" })).await.ok();
        owner.create("tasks", json!({ "title": "Before", "dueAt": "2011-12-30T09:59:59Z" })).await;
        owner.create("tasks", json!({ "title": "After", "dueAt": "2011-12-30T10:00:00Z" })).await;
        let list = owner.get("/v1/tasks?filter[dueAt][gte]=2011-12-30&fields=title").await.ok();
        assert_eq!(list["items"], json!([{ "title": "After" }]), "{list}");
    }
}
