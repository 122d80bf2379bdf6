//! Trees: companies, teams and users above each other, without a way round.

use futures::future::join_all;
use serde_json::{Value as Json, json};

use crate::{
    import::{counts, errors, import},
    support::{Caller, on_both, text},
};

async fn made(owner: &Caller, objects: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(text(&owner.create(objects, json!({ "name": format!("{number}") })).await["id"]));
    }
    ids
}

/// Whether somebody stands above themself.
async fn has_a_way_round(owner: &Caller, objects: &str, field: &str) -> bool {
    let page = owner.get(&format!("/v1/{objects}?fields=id,{field}&limit=200")).await.ok();
    let items = page["items"].as_array().unwrap();
    let above = |id: &Json| items.iter().find(|item| item["id"] == *id).map(|item| item[field].clone());
    items.iter().any(|item| {
        let mut at = item["id"].clone();
        (0..items.len()).any(|_| {
            at = above(&at).unwrap_or_default();
            at == item["id"]
        })
    })
}

on_both! {
    async fn nothing_stands_above_itself(stage) {
        let owner = &stage.owner;
        for (objects, field) in [("companies", "parentId"), ("teams", "parentId"), ("users", "managerId")] {
            let ids = made(owner, objects, 4).await;
            let place = async |below: usize, above: usize| {
                owner.patch(&format!("/v1/{objects}/{}", ids[below]), &json!({ field: ids[above] })).await
            };
            for below in 0..3 {
                place(below, below + 1).await.ok();
            }
            let before = owner.trace().await;
            let pointer = format!("/{field}");
            for above in [3, 2, 0] {
                let problem = place(3, above).await.violates(422, "invalid", &[("invalid", &pointer)]);
                let mut path: Vec<_> = ids[above..].to_vec();
                path.insert(0, ids[3].clone());
                assert_eq!(problem["errors"][0]["meta"]["path"], json!(path), "{problem}");
            }
            assert_eq!(owner.trace().await, before);
            place(2, 2).await.violates(422, "invalid", &[("invalid", &pointer)]);
            place(0, 3).await.ok();
        }
    }
}

on_both! {
    async fn nothing_stands_above_itself_whoever_is_fastest(stage) {
        let owner = &stage.owner;
        let ids = made(owner, "companies", 5).await;
        for _ in 0..4 {
            let place = async |(below, above): (usize, usize)| {
                let path = format!("/v1/companies/{}", ids[below]);
                owner.patch(&path, &json!({ "parentId": ids[above] })).await
            };
            let pairs = (0..5).map(|below| (below, (below + 1) % 5)).chain((0..5).map(|below| (below, (below + 2) % 5)));
            let replies = join_all(pairs.map(place)).await;
            assert!(replies.iter().all(|reply| [200, 422].contains(&reply.status.as_u16())), "{replies:?}");
            assert!(!has_a_way_round(owner, "companies", "parentId").await);
            let free = async |id: &String| {
                owner.patch(&format!("/v1/companies/{id}"), &json!({ "parentId": null })).await.ok()
            };
            join_all(ids.iter().map(free)).await;
        }
    }
}

on_both! {
    async fn a_tree_has_a_greatest_depth(stage) {
        let owner = &stage.owner;
        let mut above = Json::Null;
        for level in 0..100 {
            let company = owner.create("companies", json!({ "name": format!("{level}"), "parentId": above })).await;
            above = company["id"].clone();
        }
        let deep = owner.post("/v1/companies", &json!({ "name": "deep", "parentId": above })).await;
        deep.violates(422, "out_of_range", &[("out_of_range", "/parentId")]);
    }
}

on_both! {
    async fn rows_do_not_lead_round(stage) {
        let owner = &stage.owner;
        made(owner, "companies", 3).await;
        let mapping = json!({ "match": "name", "fields": {
            "name": { "column": "Name" },
            "parentId": { "column": "Parent", "ref": { "object": "company", "by": "name" } },
        } });
        let job = import(owner, "company", "Name,Parent\n0,1\n1,2\n2,0\n", &mapping).await;
        assert_eq!(counts(&job), [0, 2, 0, 1]);
        assert_eq!(errors(owner, &job).await, [(3, "Parent".to_owned(), "invalid".to_owned())]);
        assert!(!has_a_way_round(owner, "companies", "parentId").await);
    }
}
