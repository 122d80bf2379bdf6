//! A key that has ended is refused also where the database is not asked for anything.

use super::{Pair, ended::asked_after, world::World};
use crate::support::on_both;

on_both! {
    async fn an_ended_key_is_not_told_what_is_wrong_with_its_requests(stage) {
        let pair = Pair::of(stage).await;
        let world = World::new(&stage.owner, "A").await;
        for request in world.of_no_record() {
            // The operations are prepared, whoever asks for them.
            request.ask(&pair.there(&stage.owner)).await.ok();
        }
        let wrong = asked_after(&pair, world.wrong(), async |newcomer| pair.revoke(newcomer).await).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        pair.end().await;
    }
}

on_both! {
    async fn an_ended_key_is_not_answered_what_has_to_do_with_no_record(stage) {
        let pair = Pair::of(stage).await;
        let requests = World::new(&stage.owner, "A").await.of_no_record();
        let wrong = asked_after(&pair, requests, async |newcomer| pair.revoke(newcomer).await).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        pair.end().await;
    }
}
