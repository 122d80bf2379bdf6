#![allow(clippy::unwrap_used)]

use futures::FutureExt as _;

use super::*;

const PATIENCE: Duration = Duration::from_secs(1);

fn asking(workspace: u128, credential: u128, writes: bool) -> Asking {
    let (workspace, credential) = (Uuid::from_u128(workspace), Uuid::from_u128(credential));
    Asking { share: workspace, workspace, credential, writes, patience: Some(PATIENCE) }
}

/// Who gets places that come free one by one, of those who wait in that order.
async fn served(held: &[Asking], waiting: &[Asking]) -> Vec<usize> {
    let gate = Gate::new(held.len());
    let mut turns = Vec::new();
    for asking in held {
        turns.push(gate.turn(*asking).await.unwrap());
    }
    let mut line: Vec<_> = waiting.iter().map(|asking| Some(Box::pin(gate.turn(*asking)))).collect();
    for place in line.iter_mut().flatten() {
        assert!(place.as_mut().now_or_never().is_none());
    }
    let mut served = Vec::new();
    while served.len() < waiting.len() {
        drop(turns.remove(0));
        for (number, place) in line.iter_mut().enumerate() {
            if let Some(turn) = place.as_mut().and_then(|place| place.as_mut().now_or_never()) {
                served.push(number);
                turns.push(turn.unwrap());
                *place = None;
            }
        }
    }
    served
}

#[tokio::test]
async fn the_workspace_that_holds_least_goes_first() {
    let (many, few, fewer) = (asking(1, 11, false), asking(2, 21, false), asking(3, 31, false));
    assert_eq!(served(&[many, many, few], &[many, few, fewer]).await, [2, 0, 1]);
}

#[tokio::test]
async fn within_a_workspace_the_credential_that_holds_least_goes_first() {
    let (many, few, other) = (asking(1, 11, false), asking(1, 12, false), asking(2, 21, false));
    assert_eq!(served(&[many, many, other], &[many, few]).await, [1, 0]);
}

#[tokio::test]
async fn a_workspace_leaves_a_place_to_others_and_its_writers_one_to_its_reads() {
    let gate = Gate::new(4);
    let (write, read, other) = (asking(1, 11, true), asking(1, 12, false), asking(2, 21, true));
    let first = gate.turn(write).await.unwrap();
    let _second = gate.turn(write).await.unwrap();
    let mut third = Box::pin(gate.turn(write));
    assert!(third.as_mut().now_or_never().is_none(), "the third place is for reads");
    let _read = gate.turn(read).now_or_never().unwrap().unwrap();
    assert!(gate.turn(read).now_or_never().is_none(), "the fourth place is for others");
    let _other = gate.turn(other).now_or_never().unwrap().unwrap();
    drop(first);
    assert!(third.now_or_never().is_some());
}

#[tokio::test]
async fn a_single_place_serves_all() {
    for writes in [false, true] {
        assert!(Gate::new(1).turn(asking(1, 11, writes)).now_or_never().is_some());
    }
}

#[tokio::test]
async fn who_leaves_the_line_is_not_called() {
    let gate = Gate::new(1);
    let held = gate.turn(asking(1, 11, false)).await.unwrap();
    let mut gone = Box::pin(gate.turn(asking(1, 11, false)));
    let mut next = Box::pin(gate.turn(asking(1, 11, false)));
    assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(gone);
    drop(held);
    assert!(next.now_or_never().is_some());
    assert!(gate.state().waiting.is_empty() && gate.state().held.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_turned_away() {
    let gate = Gate::new(1);
    let _held = gate.turn(asking(1, 11, false)).await.unwrap();
    let error = gate.turn(asking(2, 21, false)).await.err().unwrap();
    assert_eq!(error.code, Code::Overloaded);
    assert!(gate.state().waiting.is_empty());
}
