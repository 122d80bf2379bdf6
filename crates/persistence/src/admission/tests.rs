#![allow(clippy::unwrap_used)]

use futures::FutureExt as _;

use super::*;

const PATIENCE: Duration = Duration::from_secs(1);

fn request(workspace: u128, credential: u128, writes: bool) -> AcquireRequest {
    let (workspace, credential) = (Uuid::from_u128(workspace), Uuid::from_u128(credential));
    AcquireRequest { share: workspace, workspace, credential, writes, max_wait: Some(PATIENCE) }
}

/// The order in which waiting requests get slots that come free one by one.
async fn served(held: &[AcquireRequest], waiting: &[AcquireRequest]) -> Vec<usize> {
    let semaphore = FairSemaphore::new(held.len());
    let mut slots = Vec::new();
    for request in held {
        slots.push(semaphore.acquire(*request).await.unwrap());
    }
    let mut line: Vec<_> =
        waiting.iter().map(|request| Some(Box::pin(semaphore.acquire(*request)))).collect();
    for waiter in line.iter_mut().flatten() {
        assert!(waiter.as_mut().now_or_never().is_none());
    }
    let mut served = Vec::new();
    while served.len() < waiting.len() {
        drop(slots.remove(0));
        for (number, waiter) in line.iter_mut().enumerate() {
            if let Some(slot) = waiter.as_mut().and_then(|waiter| waiter.as_mut().now_or_never()) {
                served.push(number);
                slots.push(slot.unwrap());
                *waiter = None;
            }
        }
    }
    served
}

#[tokio::test]
async fn the_workspace_that_holds_least_goes_first() {
    let (many, few, fewer) = (request(1, 11, false), request(2, 21, false), request(3, 31, false));
    assert_eq!(served(&[many, many, few], &[many, few, fewer]).await, [2, 0, 1]);
}

#[tokio::test]
async fn within_a_workspace_the_credential_that_holds_least_goes_first() {
    let (many, few, other) = (request(1, 11, false), request(1, 12, false), request(2, 21, false));
    assert_eq!(served(&[many, many, other], &[many, few]).await, [1, 0]);
}

#[tokio::test]
async fn a_workspace_leaves_a_slot_to_others_and_its_writers_one_to_its_reads() {
    let semaphore = FairSemaphore::new(4);
    let (write, read, other) = (request(1, 11, true), request(1, 12, false), request(2, 21, true));
    let first = semaphore.acquire(write).await.unwrap();
    let _second = semaphore.acquire(write).await.unwrap();
    let mut third = Box::pin(semaphore.acquire(write));
    assert!(third.as_mut().now_or_never().is_none(), "the third slot is for reads");
    let _read = semaphore.acquire(read).now_or_never().unwrap().unwrap();
    assert!(semaphore.acquire(read).now_or_never().is_none(), "the fourth slot is for others");
    let _other = semaphore.acquire(other).now_or_never().unwrap().unwrap();
    drop(first);
    assert!(third.now_or_never().is_some());
}

#[tokio::test]
async fn a_single_slot_serves_all() {
    for writes in [false, true] {
        assert!(FairSemaphore::new(1).acquire(request(1, 11, writes)).now_or_never().is_some());
    }
}

#[tokio::test]
async fn who_leaves_the_line_is_not_called() {
    let semaphore = FairSemaphore::new(1);
    let held = semaphore.acquire(request(1, 11, false)).await.unwrap();
    let mut gone = Box::pin(semaphore.acquire(request(1, 11, false)));
    let mut next = Box::pin(semaphore.acquire(request(1, 11, false)));
    assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(gone);
    drop(held);
    assert!(next.now_or_never().is_some());
    assert!(semaphore.state().waiting.is_empty() && semaphore.state().held.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_turned_away() {
    let semaphore = FairSemaphore::new(1);
    let _held = semaphore.acquire(request(1, 11, false)).await.unwrap();
    let error = semaphore.acquire(request(2, 21, false)).await.err().unwrap();
    assert_eq!(error.code, Code::Overloaded);
    assert!(semaphore.state().waiting.is_empty());
}

#[tokio::test]
async fn reads_are_not_refused_because_writers_wait() {
    let semaphore = FairSemaphore::new(4);
    let (read, write) = (request(1, 11, false), request(1, 11, true));
    let _writing = [semaphore.acquire(write).await.unwrap(), semaphore.acquire(write).await.unwrap()];
    let mut waiting = Box::pin(semaphore.acquire(write));
    assert!(waiting.as_mut().now_or_never().is_none());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let max_wait = Duration::from_millis(20);
    assert!(semaphore.is_too_long(write.line(), max_wait));
    assert!(!semaphore.is_too_long(read.line(), max_wait));
    assert!(semaphore.acquire(read).now_or_never().is_some());
}
