//! A full disk: writes are refused as what they are, reads go on, and nothing is lost.

use std::{
    fs,
    process::{Command, Stdio},
    sync::Arc,
};

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::support::{Backend, Fresh, Stage, text};

/// A small file system of its own; none where this process may not make one.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path());
        let done = mount.stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then(|| Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_lets_reads_go_on() {
    let Some(disk) = Disk::new("24m") else {
        eprintln!("no file system can be mounted here");
        return;
    };
    let database = Arc::new(Fresh::at(disk.0.path()));
    let stage = Stage::over(Arc::clone(&database), |_| {}).await;
    let owner = &stage.owner;
    let long = "lorem ipsum ".repeat(8_000);
    let input = json!({ "subject": "A ticket", "description": long, "resolution": long });
    let mut written = 0;
    let refused = loop {
        let reply = owner.post("/v1/tickets", &input).await;
        if !reply.status.is_success() {
            break reply;
        }
        written += 1;
        assert!(written < 1_000, "the disk is never full");
    };
    refused.refused(507, "storage_full");
    let create = "mutation($input: CreateTicketInput!) { createTicket(input: $input) { ticket { id } userErrors { code } } }";
    let told = owner.graphql_reply(create, json!({ "input": input })).await.json();
    assert_eq!(told["errors"][0]["extensions"]["code"], "storage_full", "{told}");
    for _ in 0..10 {
        owner.post("/v1/tickets", &input).await.refused(507, "storage_full");
    }
    let counted = owner.get("/v1/tickets?limit=1&count=true").await.ok();
    assert_eq!(counted["page"]["totalCount"], written, "reads go on, and nothing is lost");

    // With room again, all is as before.
    let room = Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.0.path()).status();
    assert!(room.unwrap().success());
    let ticket = text(&owner.create("tickets", input).await["id"]);
    owner.get(&format!("/v1/tickets/{ticket}")).await.ok();
    stage.server.stop().await.unwrap();
    assert!(fs::read_dir(disk.0.path()).unwrap().count() > 0);
}

#[tokio::test]
async fn a_full_disk_of_postgres_is_told_as_such() {
    let stage = Stage::new(Backend::Postgres).await;
    let admin = stage.database.connect().await;
    for sql in [
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION no_room()",
    ] {
        admin.execute_unprepared(sql).await.unwrap();
    }
    stage.owner.post("/v1/contacts", &json!({ "givenName": "Ada" })).await.refused(507, "storage_full");
    stage.owner.get("/v1/contacts").await.ok();
    admin.close().await.unwrap();
    stage.end().await;
}
