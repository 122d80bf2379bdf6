//! Large files: they hold up nobody, and what nobody can reach any more is freed.

use kernel::{actor::Origin, time::Instant};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement, prelude::Uuid};
use serde_json::json;

use crate::support::{self, Stage, eventually, on_both, text};

/// How many pieces of files there are.
async fn pieces(stage: &Stage) -> i64 {
    let database = stage.database.connect().await;
    let question = "SELECT count(*) FROM file_chunks";
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), question)).await;
    row.unwrap().expect("a row").try_get_by_index(0).unwrap()
}

on_both! {
    async fn others_write_while_a_large_file_comes_in(stage) {
        let owner = &stage.owner;
        let content = vec![7_u8; 64 << 20];
        let request = owner.request(Method::POST, "/v1/files?name=large.bin");
        let request = request.header("content-type", "application/octet-stream").body(content);
        let upload = async {
            let stored = owner.send(request).await.ok();
            assert_eq!(stored["size"], 64 << 20);
            true
        };
        let create = async {
            eventually("the first pieces", async || (pieces(stage).await > 0).then_some(())).await;
            owner.create("contacts", json!({ "givenName": "Ada" })).await;
            false
        };
        tokio::pin!(upload);
        let upload_was_first = tokio::select! {
            first = &mut upload => first,
            first = create => first,
        };
        assert!(!upload_was_first, "the contact had to wait for the file");
        upload.await;
    }
}

on_both! {
    async fn a_deleted_file_is_freed_when_it_cannot_be_restored_any_more(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let (owner, kith) = (&stage.owner, &stage.server.kith);
        let mut files = Vec::new();
        for name in ["kept.txt", "deleted.txt"] {
            let request = owner.request(Method::POST, &format!("/v1/files?name={name}"));
            files.push(text(&owner.send(request.body(vec![7_u8; 600_000])).await.ok()["id"]));
        }
        assert_eq!(pieces(&stage).await, 6);
        owner.delete(&format!("/v1/files/{}", files[1])).await.ok();
        clock.forward(30 * 86_400 - 1);
        assert_eq!(kith.sweep_files().await.unwrap(), 0);
        let restore = format!("/v1/files/{}/restore", files[1]);
        owner.send(owner.request(Method::POST, &restore)).await.ok();
        owner.delete(&format!("/v1/files/{}", files[1])).await.ok();
        clock.forward(30 * 86_400);
        assert_eq!(kith.sweep_files().await.unwrap(), 1);
        assert_eq!(pieces(&stage).await, 3);
        owner.send(owner.request(Method::POST, &restore)).await.refused(404, "not_found");
        assert_eq!(owner.get(&format!("/v1/files/{}/content", files[0])).await.bytes.len(), 600_000);
        assert_eq!(kith.sweep_files().await.unwrap(), 0);
        stage.server.stop().await.unwrap();
    }
}

on_both! {
    async fn an_upload_that_never_ended_is_freed(stage) {
        let (stage, clock) = stage.at("2026-03-01T12:00:00Z").await;
        let kith = &stage.server.kith;
        let actor = kith.authenticate(&stage.owner.key, Origin::Api, "test".into()).await.unwrap().actor;
        let database = support::open(&support::configuration(&stage.database), app::registry()).await;
        let (file, begun) = (Uuid::from_u128(7), Instant::parse("2026-03-01T12:00:00Z").unwrap());
        database.begin_upload(actor.workspace, file, begun).await.unwrap();
        for position in 0..100 {
            database.keep_piece(actor.workspace, file, position, vec![7; 10]).await.unwrap();
        }
        clock.forward(86_400);
        assert_eq!(kith.sweep_files().await.unwrap(), 0);
        clock.forward(1);
        assert_eq!(kith.sweep_files().await.unwrap(), 1);
        assert_eq!((pieces(&stage).await, kith.sweep_files().await.unwrap()), (0, 0));
        stage.server.stop().await.unwrap();
    }
}
