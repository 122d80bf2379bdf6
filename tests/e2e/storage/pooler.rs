//! A pooler in transaction mode before PostgreSQL: Kith works through it when it is told, and else finds out.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use persistence::Pooling;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
};

use crate::support::{Backend, Caller, Fresh, Stage, configuration, text};

/// One after the other, everybody does everything in its own workspace.
async fn work(callers: &[Caller]) {
    let one = |(number, caller): (usize, &Caller)| {
        let caller = caller.clone();
        async move {
            for round in 0..8 {
                let name = format!("{number} {round}");
                let id = text(&caller.create("contacts", json!({ "givenName": name })).await["id"]);
                let path = format!("/v1/contacts/{id}");
                assert_eq!(caller.get(&path).await.ok()["givenName"], name);
                caller.patch(&path, &json!({ "familyName": "King" })).await.ok();
                let listed = caller.get("/v1/contacts?limit=200&fields=id&include=deals").await.ok();
                assert_eq!(listed["items"].as_array().unwrap().len(), round + 1);
                caller.post("/v1/contacts", &json!({ "givenName": 7 })).await.problem(422);
            }
        }
    };
    join_all(callers.iter().enumerate().map(one)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_forgets_serves_when_it_is_told() {
    let database = Arc::new(Fresh::new(Backend::Postgres).await);
    persistence::discarding::set(true);
    let configure =
        |config: &mut server::Config| (config.pooling, config.connections) = (Pooling::Transaction, 4);
    let stage = Stage::over(Arc::clone(&database), configure).await;
    drop(database);
    let mut callers = vec![stage.owner.clone()];
    for _ in 0..3 {
        callers.push(stage.stranger().await);
    }
    work(&callers).await;
    persistence::discarding::set(false);
    stage.end().await;
}

/// A pooler as simple as can be: one session for all connections, taken in turns. It stands for what poolers in
/// transaction mode do to the state of a session.
struct Pooler {
    address: String,
}

impl Pooler {
    /// Stands before the PostgreSQL of this URL.
    async fn before(url: &str) -> Self {
        let (_, rest) = url.split_once('@').unwrap();
        let (server, _) = rest.split_once('/').unwrap();
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared: Arc<tokio::sync::Mutex<Option<TcpStream>>> = Arc::default();
        let greeting: Arc<Mutex<Vec<u8>>> = Arc::default();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, server.clone(), Arc::clone(&shared), Arc::clone(&greeting)));
            }
        });
        Self { address }
    }
}

/// A message: its type, none for the first, and the whole of it.
async fn message(from: &mut (impl AsyncReadExt + Unpin), typed: bool) -> std::io::Result<(u8, Vec<u8>)> {
    let mut whole = Vec::new();
    let kind = if typed { from.read_u8().await? } else { 0 };
    if typed {
        whole.push(kind);
    }
    let length = from.read_u32().await?;
    whole.extend_from_slice(&length.to_be_bytes());
    let mut body = vec![0; length as usize - 4];
    from.read_exact(&mut body).await?;
    whole.extend_from_slice(&body);
    Ok((kind, whole))
}

/// Hands on what the server says until it is ready again; gives the state of its transaction.
async fn until_ready(server: &mut TcpStream, client: &mut OwnedWriteHalf) -> std::io::Result<u8> {
    loop {
        let (kind, whole) = message(server, true).await?;
        client.write_all(&whole).await?;
        if kind == b'Z' {
            return Ok(whole[5]);
        }
    }
}

async fn serve(
    client: TcpStream,
    address: String,
    shared: Arc<tokio::sync::Mutex<Option<TcpStream>>>,
    greeting: Arc<Mutex<Vec<u8>>>,
) -> std::io::Result<()> {
    let (mut from, mut to) = client.into_split();
    let mut first = message(&mut from, false).await?.1;
    if first.len() == 8 {
        // It asks for TLS.
        to.write_all(b"N").await?;
        first = message(&mut from, false).await?.1;
    }
    let mut session = shared.lock().await;
    if session.is_none() {
        let mut server = TcpStream::connect(address).await?;
        server.write_all(&first).await?;
        let mut said = Vec::new();
        loop {
            let (kind, whole) = message(&mut server, true).await?;
            said.extend_from_slice(&whole);
            if kind == b'Z' {
                break;
            }
        }
        *greeting.lock().unwrap() = said;
        *session = Some(server);
    }
    drop(session);
    let said = greeting.lock().unwrap().clone();
    to.write_all(&said).await?;
    loop {
        let (mut kind, mut whole) = message(&mut from, true).await?;
        let mut held = shared.lock().await;
        let Some(server) = held.as_mut() else { return Ok(()) };
        // The session is this client's until its transaction has ended.
        loop {
            if kind == b'X' {
                return Ok(());
            }
            server.write_all(&whole).await?;
            if matches!(kind, b'S' | b'Q') && until_ready(server, &mut to).await? == b'I' {
                break;
            }
            (kind, whole) = message(&mut from, true).await?;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_transaction_mode_is_found_out() {
    let fresh = Fresh::new(Backend::Postgres).await;
    // Brings the schema up to date.
    server::run(&configuration(&fresh)).await.unwrap().stop().await.unwrap();
    let pooler = Pooler::before(&fresh.url).await;
    let (_, rest) = fresh.url.split_once('@').unwrap();
    let (_, name) = rest.split_once('/').unwrap();
    let url = format!("postgres://postgres@{}/{name}", pooler.address);
    let config = |pooling| server::Config { database: url.clone(), pooling, ..configuration(&fresh) };

    let started = tokio::time::timeout(Duration::from_secs(20), server::run(&config(Pooling::Session))).await;
    let refused = started.unwrap().err().unwrap().to_string();
    assert!(refused.contains("--pooling transaction"), "{refused}");
    let refused = server::database::migrate(&url).await.unwrap_err().to_string();
    assert!(refused.contains("--pooling transaction"), "{refused}");

    // Told of it, it works: two workspaces in one session, in turns.
    let running = server::run(&config(Pooling::Transaction)).await.unwrap();
    let mut callers = Vec::new();
    for name in ["Acme", "Other"] {
        let made = running.kith.create_workspace(crate::support::new_workspace(name)).await.unwrap();
        callers.push(Caller::new(&running.url, &made.key, &made.user));
    }
    work(&callers).await;
    running.stop().await.unwrap();
    fresh.remove().await;
}
