//! What happens to a deal when it enters a stage: whether it may, what it needs, and what follows.

use kernel::{
    Code, Of, Record,
    change::{Change, NewRecord},
    id::TypeId,
    value::Value,
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{
    deal::{
        CLOSE_DATE, CLOSED_AT, Deal, DealStatus, LOST_REASON, PIPELINE, PROBABILITY, STAGE, STAGE_ENTERED_AT,
        START_DATE, STATUS,
    },
    stage::{self, Stage, StageKind},
    stage_change::{self, StageChange},
};
use crate::rules;

/// An existing deal moves within its pipeline, to a stage that its present one allows.
pub(super) fn legal_move(change: &mut Change<'_, Deal>) {
    if change.is_new() || !change.changes(STAGE) {
        return;
    }
    let (Some(from), Some(to)) = (change.referenced_before(STAGE), change.referenced(STAGE)) else { return };
    let refusal = if from.get(stage::PIPELINE) != to.get(stage::PIPELINE) {
        "the stage belongs to another pipeline"
    } else if !allows(&from, to.id()) {
        "the deal may not move from its stage to this one"
    } else {
        return;
    };
    change.refuse(STAGE, Code::IllegalMove, refusal);
}

fn allows(from: &Of<Stage, &Record>, to: Uuid) -> bool {
    let moves = from.get(stage::ALLOWED_MOVES);
    let moves = moves.as_ref().and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let prefix = &from.object.prefix;
    moves.is_empty()
        || moves.iter().filter_map(Json::as_str).any(|id| TypeId::parse_as(prefix, id) == Some(to))
}

/// A deal has what the stage wants that it enters.
pub(super) fn requirements(change: &mut Change<'_, Deal>) {
    if !change.changes(STAGE) {
        return;
    }
    let Some(stage) = change.referenced(STAGE) else { return };
    let wanted = stage.get(stage::REQUIRED_FIELDS);
    for name in wanted.iter().flat_map(Json::as_array).flatten().filter_map(Json::as_str) {
        if is_blank(change.after.value(name)) {
            change.refuse_at(name, Code::StageRequirement, format!("the stage requires {name}"));
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Pipeline, status, probability and times of a deal follow from its stage, and its way is written down.
pub(super) fn follow_stage(change: &mut Change<'_, Deal>) {
    if !change.changes(STAGE) {
        return;
    }
    let Some(stage) = change.referenced(STAGE) else { return };
    let (pipeline, likely) = (stage.get(stage::PIPELINE), stage.get(stage::PROBABILITY));
    let status = match stage.get(stage::KIND) {
        Some(StageKind::Won) => DealStatus::Won,
        Some(StageKind::Lost) => DealStatus::Lost,
        Some(StageKind::Open) | None => DealStatus::Open,
    };
    change.set(PIPELINE, pipeline);
    change.set(STATUS, status);
    if !change.changes(PROBABILITY) && !change.is_null(PROBABILITY) {
        change.set(PROBABILITY, certainty(status).or(likely));
    }
    change.set_default(PROBABILITY, certainty(status).or(likely));
    if status != DealStatus::Lost && !change.changes(LOST_REASON) {
        change.set(LOST_REASON, None::<String>);
    }
    let closed = (status != DealStatus::Open).then_some(change.now);
    change.set(CLOSED_AT, closed);
    write_down(change);
    change.set(STAGE_ENTERED_AT, change.now);
}

/// How likely a deal is to be won, where that is certain.
fn certainty(status: DealStatus) -> Option<i64> {
    match status {
        DealStatus::Open => None,
        DealStatus::Won => Some(100),
        DealStatus::Lost => Some(0),
    }
}

/// What is closed is certain; what is lost has a reason, and nothing else has.
pub(super) fn outcome(change: &mut Change<'_, Deal>) {
    let Some(status) = change.get(STATUS) else { return };
    let enters = change.changes(STAGE);
    if let Some(certain) = certainty(status)
        && (enters || change.changes(PROBABILITY))
        && change.get(PROBABILITY) != Some(certain)
    {
        change.refuse(
            PROBABILITY,
            Code::IllegalState,
            format!("the deal is closed: its probability is {certain}"),
        );
    }
    let reason = change.after.value(LOST_REASON.def.name);
    let has_reason = !is_blank(reason);
    let is_lost = status == DealStatus::Lost;
    if !is_lost && !reason.is_null() && (enters || change.changes(LOST_REASON)) {
        change.refuse(LOST_REASON, Code::IllegalState, "the deal is not lost");
    }
    // History comes in as it is known; whoever loses a deal that was open here knows why.
    let is_losing = enters && !change.is_new() || change.changes(LOST_REASON);
    let pointer = format!("/{}", LOST_REASON.def.name);
    let is_told = change.violations.iter().any(|violation| violation.pointer == pointer);
    if is_lost && !has_reason && is_losing && !is_told {
        change.refuse(LOST_REASON, Code::StageRequirement, "a lost deal has a reason");
    }
}

/// The work on a deal does not end before it begins.
pub(super) fn dates(change: &mut Change<'_, Deal>) {
    rules::in_order(change, START_DATE, CLOSE_DATE);
}

fn write_down(change: &mut Change<'_, Deal>) {
    let entered = change.before(STAGE_ENTERED_AT);
    let seconds = entered.map(|entered| change.now.0.saturating_sub(entered.0).max(0) / 1_000_000);
    let step = NewRecord::<StageChange>::new()
        .with(stage_change::DEAL, change.id())
        .with(stage_change::FROM_STAGE, change.before(STAGE))
        .with(stage_change::TO_STAGE, change.get(STAGE))
        .with(stage_change::CHANGED_AT, change.now)
        .with(stage_change::CHANGED_BY, change.actor.user)
        .with(stage_change::SECONDS_IN_PREVIOUS, seconds);
    change.also(step);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use kernel::{money::Money, time::Instant};
    use serde_json::json;

    use super::*;
    use crate::{
        sales::deal::{self, AMOUNT, deal},
        testing::{NOW, Trial, USER, With, record},
    };

    const SALES: Uuid = Uuid::from_u128(0x51);

    fn stage(id: u128, kind: StageKind, probability: i64) -> Of<Stage> {
        record(stage::stage(), id)
            .with(stage::PIPELINE, SALES)
            .with(stage::KIND, kind)
            .with(stage::PROBABILITY, probability)
    }

    fn in_stage(stage: &Of<Stage>) -> Of<Deal> {
        let entered = Instant(NOW.0 - 90_500_000);
        record(deal(), 9).with(STAGE, stage.id()).with(PROBABILITY, 20).with(STAGE_ENTERED_AT, entered)
    }

    fn moved(deal: Of<Deal>, from: &Of<Stage>, to: &Of<Stage>) -> Trial<Deal> {
        let after = deal.clone().with(STAGE, to.id());
        Trial::update(deal, after).from(STAGE, from).to(STAGE, to)
    }

    #[test]
    fn a_new_deal_follows_its_stage() {
        let first = stage(1, StageKind::Open, 20);
        let outcome = Trial::create(record(deal(), 9).with(STAGE, first.id())).to(STAGE, &first).run();
        outcome.refuses(&[]);
        assert_eq!(outcome.get(PIPELINE), Some(SALES));
        assert_eq!(outcome.get(STATUS), Some(DealStatus::Open));
        assert_eq!(outcome.get(PROBABILITY), Some(20));
        assert_eq!(outcome.get(STAGE_ENTERED_AT), Some(NOW));
        assert_eq!(outcome.get(CLOSED_AT), None);
        let values = &outcome.related[0].values;
        assert!(values.contains(&("toStageId", Value::Id(first.id()))));
        assert!(values.contains(&("fromStageId", Value::Null)));
        assert!(values.contains(&("secondsInPrevious", Value::Null)));
        assert!(values.contains(&("changedById", Value::Id(USER))));

        let given = record(deal(), 9).with(STAGE, first.id()).with(PROBABILITY, 70);
        assert_eq!(Trial::create(given).to(STAGE, &first).run().get(PROBABILITY), Some(70));
    }

    #[test]
    fn a_move_is_written_down() {
        let (first, won) = (stage(1, StageKind::Open, 20), stage(2, StageKind::Won, 100));
        let outcome = moved(in_stage(&first), &first, &won).run();
        outcome.refuses(&[]);
        assert_eq!(outcome.get(STATUS), Some(DealStatus::Won));
        assert_eq!(outcome.get(PROBABILITY), Some(100));
        assert_eq!(outcome.get(CLOSED_AT), Some(NOW));
        let values = &outcome.related[0].values;
        assert!(values.contains(&("fromStageId", Value::Id(first.id()))));
        assert!(values.contains(&("secondsInPrevious", Value::Integer(90))));
    }

    #[test]
    fn reopening_clears_the_end() {
        let (first, won) = (stage(1, StageKind::Open, 20), stage(2, StageKind::Won, 100));
        let closed = in_stage(&won).with(PROBABILITY, 100).with(CLOSED_AT, NOW);
        let outcome = moved(closed, &won, &first).run();
        assert_eq!(outcome.get(CLOSED_AT), None);
        assert_eq!(outcome.get(PROBABILITY), Some(20));
    }

    #[test]
    fn without_a_move_nothing_follows() {
        let first = stage(1, StageKind::Open, 20);
        let deal = in_stage(&first);
        let likelier = deal.clone().with(PROBABILITY, 90);
        let outcome = Trial::update(deal, likelier).from(STAGE, &first).to(STAGE, &first).run();
        assert_eq!(outcome.get(PROBABILITY), Some(90));
        assert!(outcome.related.is_empty());
    }

    #[test]
    fn deals_stay_in_their_pipeline() {
        let first = stage(1, StageKind::Open, 20);
        let foreign = stage(2, StageKind::Open, 20).with(stage::PIPELINE, Uuid::from_u128(0x52));
        moved(in_stage(&first), &first, &foreign).run().refuses(&[(Code::IllegalMove, "/stageId")]);
    }

    #[test]
    fn stages_allow_moves() {
        let (second, third) = (stage(2, StageKind::Open, 30), stage(3, StageKind::Open, 40));
        let id = TypeId { prefix: "stage", uuid: second.id() }.to_string();
        let first = stage(1, StageKind::Open, 20).with(stage::ALLOWED_MOVES, json!([id]));
        moved(in_stage(&first), &first, &second).run().refuses(&[]);
        moved(in_stage(&first), &first, &third).run().refuses(&[(Code::IllegalMove, "/stageId")]);
        let anywhere = first.clone().with(stage::ALLOWED_MOVES, json!([]));
        moved(in_stage(&anywhere), &anywhere, &third).run().refuses(&[]);
    }

    #[test]
    fn stages_require_fields() {
        let first = stage(1, StageKind::Open, 20);
        let strict = stage(2, StageKind::Open, 50).with(stage::REQUIRED_FIELDS, json!(["amount", "tagIds"]));
        let expected = [(Code::StageRequirement, "/amount"), (Code::StageRequirement, "/tagIds")];
        moved(in_stage(&first), &first, &strict).run().refuses(&expected);
        let new = record(deal(), 9).with(STAGE, strict.id());
        Trial::create(new.clone()).to(STAGE, &strict).run().refuses(&expected);
        let complete =
            new.with(AMOUNT, Money::parse("1", "EUR")).with(kernel::system::TAG_IDS, json!(["tag_1"]));
        Trial::create(complete).to(STAGE, &strict).run().refuses(&[]);
    }

    #[test]
    fn losing_needs_a_reason() {
        let (first, lost) = (stage(1, StageKind::Open, 20), stage(2, StageKind::Lost, 0));
        moved(in_stage(&first), &first, &lost).run().refuses(&[(Code::StageRequirement, "/lostReason")]);
        let reasoned = in_stage(&first).with(LOST_REASON, "Price".to_owned());
        let outcome = moved(reasoned, &first, &lost).run();
        outcome.refuses(&[]);
        assert_eq!((outcome.get(STATUS), outcome.get(PROBABILITY)), (Some(DealStatus::Lost), Some(0)));
        let history = record(deal(), 9).with(STAGE, lost.id());
        Trial::create(history).to(STAGE, &lost).run().refuses(&[]);
        let unreasoned = outcome.after.clone().with(LOST_REASON, None);
        let cleared = Trial::update(outcome.after, unreasoned).from(STAGE, &lost).to(STAGE, &lost).run();
        cleared.refuses(&[(Code::StageRequirement, "/lostReason")]);
    }

    #[test]
    fn a_reason_goes_with_the_loss() {
        let (first, lost, won) =
            (stage(1, StageKind::Open, 20), stage(2, StageKind::Lost, 0), stage(3, StageKind::Won, 100));
        let deal = in_stage(&lost).with(STATUS, DealStatus::Lost).with(LOST_REASON, "Price".to_owned());
        for next in [&first, &won] {
            let outcome = moved(deal.clone(), &lost, next).run();
            outcome.refuses(&[]);
            assert_eq!(outcome.get(LOST_REASON), None);
        }
        let open = record(deal::deal(), 9).with(STAGE, first.id()).with(LOST_REASON, "Price".to_owned());
        Trial::create(open).to(STAGE, &first).run().refuses(&[(Code::IllegalState, "/lostReason")]);
    }

    #[test]
    fn what_is_closed_is_certain() {
        let won = stage(1, StageKind::Won, 100);
        let deal = in_stage(&won).with(STATUS, DealStatus::Won).with(PROBABILITY, 100);
        for (probability, refusals) in [
            (Some(100), &[][..]),
            (Some(5), &[(Code::IllegalState, "/probability")]),
            (None, &[(Code::IllegalState, "/probability")]),
        ] {
            let after = deal.clone().with(PROBABILITY, probability);
            Trial::update(deal.clone(), after).from(STAGE, &won).to(STAGE, &won).run().refuses(refusals);
        }
        let new = record(deal::deal(), 9).with(STAGE, won.id());
        assert_eq!(Trial::create(new.clone()).to(STAGE, &won).run().get(PROBABILITY), Some(100));
        let unlikely = Trial::create(new.with(PROBABILITY, 5)).to(STAGE, &won).run();
        unlikely.refuses(&[(Code::IllegalState, "/probability")]);
    }

    #[test]
    fn a_deal_was_closed_when_it_entered_its_stage() {
        let (lost, won) = (stage(1, StageKind::Lost, 0), stage(2, StageKind::Won, 100));
        let deal = in_stage(&lost).with(STATUS, DealStatus::Lost).with(CLOSED_AT, Instant(1_000));
        assert_eq!(moved(deal, &lost, &won).run().get(CLOSED_AT), Some(NOW));
    }
}
