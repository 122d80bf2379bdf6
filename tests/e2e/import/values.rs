//! What cells become: keys as they are, days and instants as they are meant, items beside those that are there.

use serde_json::{Value as Json, json};

use super::{contacts, counts, error, errors, import, rehearse, start, store};
use crate::support::{on_both, text};

on_both! {
    async fn outside_ids_are_recognised_byte_for_byte(stage) {
        let owner = &stage.owner;
        let file = "Id,Name,Mail,Stage\n0015g00000AbCdE,Ann,ann@a.de,lead\n0015g00000AbCde,Bob,bob@a.de,lead\n";
        assert_eq!(counts(&rehearse(owner, "contact", file, &contacts()).await), [2, 0, 0, 0]);
        assert_eq!(counts(&import(owner, "contact", file, &contacts()).await), [2, 0, 0, 0]);
        assert_eq!(counts(&import(owner, "contact", file, &contacts()).await), [0, 0, 2, 0]);
        let other = file.replace("AbCdE", "aBCdE");
        assert_eq!(counts(&import(owner, "contact", other, &contacts()).await), [1, 0, 1, 0]);

        let company = json!({ "match": "externalRefs", "fields": {
            "externalRefs": { "list": [{ "system": { "constant": "sf" }, "id": { "column": "Id" } }] }, "name": { "column": "Id" } } });
        let file = "Id\n001AbC\n001Abc\n";
        assert_eq!(counts(&import(owner, "company", file, &company).await), [2, 0, 0, 0]);
        let [open, ..] = stage.pipeline().await;
        let deals = json!({ "fields": { "name": { "column": "Id" }, "stageId": { "constant": open },
            "companyId": { "column": "Id", "ref": { "object": "company", "system": "sf" } } } });
        assert_eq!(counts(&import(owner, "deal", file, &deals).await), [2, 0, 0, 0]);
        let list = owner.get("/v1/deals?include=company&fields=name,company.name").await.ok();
        for deal in list["items"].as_array().unwrap() {
            assert_eq!(deal["name"], deal["company"]["name"], "{list}");
        }
        let unknown = import(owner, "deal", "Id\n001abc\n", &deals).await;
        assert_eq!(errors(owner, &unknown).await, [error(1, "Id", "reference_not_found")]);
    }
}

on_both! {
    async fn contacts_are_recognised_by_their_addresses(stage) {
        let owner = &stage.owner;
        let of = |name: &str, mails: &[&str]| {
            let mails: Vec<_> = mails.iter().map(|mail| json!({ "address": mail })).collect();
            json!({ "givenName": name, "emails": mails })
        };
        owner.create("contacts", of("Ada", &["ada@example.org", "ada@münchen.de"])).await;
        owner.create("contacts", of("Twin", &["twins@example.org"])).await;
        owner.create("contacts", of("Twin", &["twins@example.org"])).await;
        let mapping = json!({ "match": "emails", "add": ["emails"], "fields": {
            "emails": { "list": [{ "address": { "column": "Mail" } }, { "address": { "column": "Other" } }] },
            "jobTitle": { "column": "Title" } } });
        let file = "Mail,Other,Title\n<ADA@xn--mnchen-3ya.de>,ada@new.org,Countess\nnew@example.org,NEW@example.org,New\n\
                    twins@example.org,,Twin\n,,Nobody\nnew@example.org,,Newer\n";
        let tried = rehearse(owner, "contact", file, &mapping).await;
        let job = import(owner, "contact", file, &mapping).await;
        assert_eq!(counts(&job), [1, 2, 0, 2]);
        assert_eq!(counts(&tried), counts(&job));
        assert_eq!(errors(owner, &job).await, [error(3, "Mail", "ambiguous_match"), error(4, "Mail", "blank_match")]);
        let ada = owner.get("/v1/contacts?filter[givenName]=ada").await.ok()["items"][0].take();
        let addresses: Vec<_> = ada["emails"].as_array().unwrap().iter().map(|mail| text(&mail["address"])).collect();
        assert_eq!(addresses, ["ada@example.org", "ada@münchen.de", "ada@new.org"]);
        assert_eq!(ada["jobTitle"], "Countess");
    }
}

on_both! {
    async fn items_are_added_where_the_mapping_says_so(stage) {
        let owner = &stage.owner;
        let tags: Vec<_> = ["a", "b"].into_iter().collect();
        for name in &tags {
            owner.create("tags", json!({ "name": name })).await;
        }
        let mapping = |add: Json| json!({ "match": "externalRefs", "add": add, "fields": {
            "externalRefs": contacts()["fields"]["externalRefs"], "givenName": { "column": "Name" },
            "phones": { "list": [{ "number": { "column": "Phone" }, "type": { "column": "Kind" } }] },
            "tagIds": { "column": "Tags", "split": { "on": " ", "take": "ALL" }, "ref": { "object": "tag", "by": "name" } } } });
        let import = async |file: &str, add: Json| counts(&import(owner, "contact", format!("Id,Name,Phone,Kind,Tags\n{file}\n"), &mapping(add)).await);
        assert_eq!(import("1,Ada,11,WORK,a", json!([])).await, [1, 0, 0, 0]);
        assert_eq!(import("1,Ada,22,WORK,b b", json!(["phones", "tagIds"])).await, [0, 1, 0, 0]);
        assert_eq!(import("1,Ada,11,WORK,a", json!(["phones", "tagIds"])).await, [0, 0, 1, 0]);
        assert_eq!(import("1,Ada,22,HOME,", json!(["phones"])).await, [0, 1, 0, 0]);
        let ada = owner.get("/v1/contacts").await.ok()["items"][0].take();
        let phones: Vec<_> = ada["phones"].as_array().unwrap().iter().map(|phone| (text(&phone["number"]), text(&phone["type"]))).collect();
        assert_eq!(phones, [("11".to_owned(), "WORK".to_owned()), ("22".to_owned(), "HOME".to_owned())]);
        assert_eq!(ada["tagIds"].as_array().unwrap().len(), 2);
        assert_eq!(import("1,Ada,33,WORK,", json!([])).await, [0, 1, 0, 0]);
        let file = store(owner, "a.csv", "Id,Name,Phone,Kind,Tags\n").await;
        let wrong = start(owner, "contact", &file, &mapping(json!(["givenName"]))).await;
        wrong.violates(422, "invalid", &[("invalid", "/mapping/add/0")]);
        let wrong = start(owner, "contact", &file, &mapping(json!(["emails"]))).await;
        wrong.violates(422, "invalid", &[("invalid", "/mapping/add/0")]);
    }
}

on_both! {
    async fn years_of_two_digits_are_those_meant(stage) {
        let owner = &stage.owner;
        let mapping = |options: Json| {
            let mut mapping = json!({ "fields": { "givenName": { "column": "Name" }, "birthday": { "column": "Day", "date": "%d.%m.%y" } } });
            for (name, value) in options.as_object().unwrap() {
                mapping["fields"]["birthday"][name] = value.clone();
            }
            mapping
        };
        let file = "Name,Day\na,10.12.55\nb,01.01.69\nc,31.12.70\nd,01.01.01\n";
        assert_eq!(counts(&import(owner, "contact", file, &mapping(json!({}))).await), [4, 0, 0, 0]);
        let days = async |object: &str, field: &str| {
            let list = owner.get(&format!("/v1/{object}?fields={field}&sort={field}&limit=50")).await.ok();
            list["items"].as_array().unwrap().iter().map(|item| text(&item[field])).collect::<Vec<_>>()
        };
        assert_eq!(days("contacts", "birthday").await, ["1955-12-10", "1969-01-01", "1970-12-31", "2001-01-01"]);
        let [open, ..] = stage.pipeline().await;
        let deals = |pivot: Option<i64>| {
            let mut day = json!({ "column": "Day", "date": "%d.%m.%y" });
            pivot.into_iter().for_each(|pivot| day["pivot"] = pivot.into());
            json!({ "fields": { "name": { "column": "Name" }, "stageId": { "constant": open }, "closeDate": day } })
        };
        assert_eq!(counts(&import(owner, "deal", file, &deals(None)).await), [4, 0, 0, 0]);
        assert_eq!(days("deals", "closeDate").await, ["1970-12-31", "2001-01-01", "2055-12-10", "2069-01-01"]);
        assert_eq!(counts(&import(owner, "deal", "Name,Day\ne,10.12.55\nf,01.01.54\n", &deals(Some(1955))).await), [2, 0, 0, 0]);
        assert_eq!(days("deals", "closeDate").await, ["1955-12-10", "1970-12-31", "2001-01-01", "2054-01-01", "2055-12-10", "2069-01-01"]);
    }
}

on_both! {
    async fn instants_are_meant_in_a_zone(stage) {
        let owner = &stage.owner;
        let mapping = |zone: &str| json!({ "fields": { "title": { "column": "Title" },
            "dueAt": { "column": "Due", "instant": "%Y-%m-%d %H:%M", "zone": zone } } });
        let file = "Title,Due\nwinter,2026-01-15 12:00\nsummer,2026-07-15 12:00\nskipped,2026-03-29 02:30\ndoubled,2026-10-25 02:30\n";
        let job = import(owner, "task", file, &mapping("Europe/Berlin")).await;
        assert_eq!(counts(&job), [2, 0, 0, 2]);
        assert_eq!(errors(owner, &job).await, [error(3, "Due", "invalid_instant"), error(4, "Due", "invalid_instant")]);
        let told = owner.get("/v1/job-errors?sort=row&limit=9").await.ok();
        let told: Vec<_> = told["items"].as_array().unwrap().iter().map(|error| text(&error["message"])).collect();
        assert!(told[0].contains("left out") && told[0].contains("Europe/Berlin"), "{told:?}");
        assert!(told[1].contains("comes twice"), "{told:?}");
        let list = owner.get("/v1/tasks?sort=dueAt&fields=title,dueAt").await.ok();
        let due: Vec<_> = list["items"].as_array().unwrap().iter().map(|task| text(&task["dueAt"])).collect();
        assert_eq!(due, ["2026-01-15T11:00:00.000Z", "2026-07-15T10:00:00.000Z"]);
    }
}
