//! What the server does for clients that are slow, many, or gone, while others wait.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value as Json, json};
use tokio::task::spawn_blocking;

use crate::support::{Backend, Caller, Fresh, Stage, on_both};

/// Sends bytes to the server as they are.
fn send(url: &str, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    stream
}

/// All that the server sends until it ends the connection.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is ended while more was on its way may be reset.
    stream.read_to_end(&mut answer).ok();
    String::from_utf8(answer).unwrap()
}

fn create(caller: &Caller) -> String {
    let body = r#"{"name":"Gone"}"#;
    format!(
        "POST /v1/companies HTTP/1.1\r\nhost: kith\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        caller.key,
        body.len()
    )
}

on_both! {
    async fn what_is_no_request_is_told_so_like_every_error(stage) {
        let url = stage.server.url.clone();
        let heads = ["GET /livez\r\n\r\n".to_owned(), format!("GET /livez HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000))];
        for (head, code, status) in [(&heads[0], "malformed", 400), (&heads[1], "too_large", 413)] {
            let (url, head) = (url.clone(), head.clone());
            let answer = spawn_blocking(move || rest(send(&url, &head))).await.unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert!(head.contains("application/problem+json"), "{head}");
            let body: Json = serde_json::from_str(body).unwrap();
            assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(status)));
            assert!(body["requestId"].as_str().is_some_and(|id| id.starts_with("request_")));
        }
    }
}

on_both! {
    async fn the_head_of_every_request_has_to_arrive_in_time(stage) {
        let url = stage.server.url.clone();
        let begun = Instant::now();
        let answer = spawn_blocking(move || {
            let mut stream = send(&url, "GET /livez HTTP/1.1\r\nhost: kith\r\n\r\n");
            let mut first = [0; 16];
            stream.read_exact(&mut first).unwrap();
            let mut trickle = stream.try_clone().unwrap();
            for byte in "GET /livez HTTP/1.1\r\nhost: ki".bytes() {
                if trickle.write_all(&[byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(500));
                if begun.elapsed() > Duration::from_secs(7) {
                    break;
                }
            }
            rest(stream)
        });
        let answer = answer.await.unwrap();
        assert!(answer.contains("alive") && !answer.contains("HTTP/1.1"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(15), "the connection stayed open");
    }
}

#[tokio::test]
async fn an_address_holds_so_many_connections() {
    let database = Arc::new(Fresh::new(Backend::Sqlite).await);
    let stage = Stage::over(database, |config| config.connections_per_address = Some(3)).await;
    let url = stage.server.url.clone();
    spawn_blocking(move || {
        let held: Vec<_> = (0..3).map(|_| send(&url, "GET /livez HTTP/1.1\r\nhost: kith\r\n\r\n")).collect();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(
            rest(send(&url, "GET /livez HTTP/1.1\r\nhost: kith\r\n\r\n")),
            "",
            "the fourth is refused"
        );
        drop(held);
        let again = "GET /livez HTTP/1.1\r\nhost: kith\r\nconnection: close\r\n\r\n";
        let answered = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            rest(send(&url, again)).contains("alive")
        });
        assert!(answered, "places come free again");
    })
    .await
    .unwrap();
    stage.end().await;
}

/// Keeps everybody from writing companies, until it is told to end.
async fn block(stage: &Stage) -> sea_orm::DatabaseConnection {
    let connection = stage.database.connect().await;
    let lock = match stage.database.backend {
        Backend::Sqlite => "BEGIN IMMEDIATE",
        Backend::Postgres => "BEGIN; LOCK TABLE companies IN ACCESS EXCLUSIVE MODE",
    };
    connection.execute_unprepared(lock).await.unwrap();
    connection
}

on_both! {
    async fn who_has_gone_is_not_worked_for(stage) {
        let stage = Stage::over(Arc::clone(&stage.database), |_| {}).await;
        let blocked = block(&stage).await;
        let (url, request) = (stage.server.url.clone(), create(&stage.owner));
        spawn_blocking(move || {
            let clients: Vec<_> = (0..60).map(|_| send(&url, &request)).collect();
            std::thread::sleep(Duration::from_millis(300));
            drop(clients);
            std::thread::sleep(Duration::from_millis(300));
        })
        .await
        .unwrap();
        blocked.execute_unprepared("ROLLBACK").await.unwrap();
        // Those that were at work when their clients went may have come to their end.
        let made = stage.owner.create("companies", json!({ "name": "Here" })).await;
        assert!(made["id"].is_string());
        // A server stops when nothing is at work any more.
        stage.server.stop().await.unwrap();
        let written = "SELECT count(*) FROM companies WHERE name = 'Gone'";
        let written = Statement::from_string(blocked.get_database_backend(), written);
        let written = blocked.query_one_raw(written).await.unwrap().expect("a number");
        let written: i64 = written.try_get_by_index(0).unwrap();
        assert!(written <= 10, "{written} of 60 were written for nobody");
    }
}

on_both! {
    async fn health_and_other_workspaces_do_not_wait_behind_the_blocked(stage) {
        let stage = &Stage::over(Arc::clone(&stage.database), |config| config.max_wait = Duration::from_secs(1)).await;
        let other = stage.stranger().await;
        let blocked = block(stage).await;
        let (url, request) = (stage.server.url.clone(), create(&stage.owner));
        let clients = spawn_blocking(move || (0..40).map(|_| send(&url, &request)).collect::<Vec<_>>()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        for path in ["/readyz", "/v1/contacts"] {
            let begun = Instant::now();
            for caller in [&other, &stage.owner] {
                caller.get(path).await.ok();
            }
            assert!(begun.elapsed() < Duration::from_millis(500), "{path} took {:?}", begun.elapsed());
        }
        // Who would wait longer than makes sense is told to come again.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let refused = stage.owner.post("/v1/companies", &json!({ "name": "Late" })).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("overloaded")));
        assert_eq!(refused.headers["retry-after"], "1");
        blocked.execute_unprepared("ROLLBACK").await.unwrap();
        drop(clients);
    }
}

on_both! {
    async fn a_body_is_not_waited_for_where_its_request_is_refused(stage) {
        let stage = &Stage::over(Arc::clone(&stage.database), |config| config.max_wait = Duration::from_secs(1)).await;
        let blocked = block(stage).await;
        let (url, request) = (stage.server.url.clone(), create(&stage.owner));
        let waiting = spawn_blocking(move || (0..40).map(|_| send(&url, &request)).collect::<Vec<_>>()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        let (url, whole) = (stage.server.url.clone(), create(&stage.owner));
        let answers = spawn_blocking(move || {
            let begun = Instant::now();
            let (head, _) = whole.split_once("\r\n\r\n").unwrap();
            let mut answer = vec![0; 4_096];
            let read = send(&url, &format!("{head}\r\n\r\n{{")).read(&mut answer).unwrap();
            let (slow, took) = (String::from_utf8_lossy(&answer[..read]).into_owned(), begun.elapsed());
            // A body that has come already leaves the connection as it was.
            let last = whole.replace("\r\nhost:", "\r\nconnection: close\r\nhost:");
            (slow, took, rest(send(&url, &format!("{whole}{last}"))))
        });
        let (slow, took, two) = answers.await.unwrap();
        assert!(took < Duration::from_millis(300), "the answer took {took:?}");
        for part in ["HTTP/1.1 503 ", "retry-after: 1\r\n", "connection: close\r\n", "application/problem+json",
            "request-id: request_", "\"code\":\"overloaded\"", "\"requestId\":\"request_"] {
            assert!(slow.contains(part), "{part}: {slow}");
        }
        assert_eq!(two.matches("HTTP/1.1 503 ").count(), 2, "{two}");
        blocked.execute_unprepared("ROLLBACK").await.unwrap();
        drop(waiting);
    }
}
