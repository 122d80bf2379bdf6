//! SQLite's log: readers that take turns never leave it to itself, and still it stays small.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::Method;
use sea_orm::ConnectionTrait;

use crate::support::{Backend, Fresh, Stage};

fn size(database: &Fresh) -> u64 {
    let log = format!("{}-wal", database.url.strip_prefix("sqlite:").unwrap());
    fs::metadata(log).map_or(0, |log| log.len() >> 20)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_sqlite_stays_small() {
    let database = Arc::new(Fresh::new(Backend::Sqlite).await);
    let stage = Stage::over(Arc::clone(&database), |config| config.workers = 2).await;
    let owner = &stage.owner;
    // `just wal` takes a minute.
    let seconds = std::env::var("KITH_TEST_SECONDS").map_or(10, |seconds| seconds.parse().unwrap());
    let end = Instant::now() + Duration::from_secs(seconds);
    // Others who read, one or another of them all the time.
    let read = |reader: u64| {
        let database = &database;
        async move {
            let connection = database.connect().await;
            tokio::time::sleep(Duration::from_millis(reader * 100)).await;
            while Instant::now() < end {
                for step in ["BEGIN", "SELECT count(*) FROM tickets", "COMMIT"] {
                    connection.execute_unprepared(step).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(if step == "COMMIT" { 0 } else { 150 })).await;
                }
            }
            connection.close().await.unwrap();
        }
    };
    let write = |writer: usize| async move {
        let mut written = 0;
        let mut slowest = Duration::ZERO;
        while Instant::now() < end && written < 20 * seconds {
            let began = Instant::now();
            let upload = owner.request(Method::POST, &format!("/v1/files?name={writer}-{written}"));
            let upload = upload.header("content-type", "application/octet-stream").body(vec![7; 1 << 20]);
            owner.send(upload).await.ok();
            slowest = slowest.max(began.elapsed());
            written += 1;
        }
        (written, slowest)
    };
    let watch = async {
        let mut largest = 0;
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(200)).await;
            largest = largest.max(size(&database));
        }
        largest
    };
    let (_, written, largest) = tokio::join!(join_all((0..4).map(read)), join_all((0..2).map(write)), watch);
    let total: u64 = written.iter().map(|(written, _)| written).sum();
    assert!(total > 80, "so little was written that it says nothing: {written:?} MiB");
    assert!(largest < 64, "the log had {largest} MiB of {written:?}");
    stage.server.stop().await.unwrap();
    assert_eq!(size(&database), 0, "a stop leaves no log behind");
}
