//! `winDeal`, `loseDeal` and `reopenDeal`: moves to the pipeline's won, lost and open stages.

use domain::sales::{
    deal::{self, Deal, DealStatus},
    stage::{self, Stage, StageKind},
    stage_change,
};
use kernel::{Code, Error, Of, Result, time::parse_date};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    command::{Command, Output, Produced, Spec, record},
    unit_of_work::UnitOfWork,
};

const OUTPUTS: &[Output] = &[record("deal", "deal", "The deal in its new stage.")];

const fn spec(name: &'static str, path: &'static str, doc: &'static str) -> Spec {
    Spec::new("deal", name, path, doc, OUTPUTS)
}

/// The input of `winDeal`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WinDeal {
    /// The day the deal was won, `YYYY-MM-DD`. Default: its present close date.
    #[schema(format = Date)]
    close_date: Option<String>,
}

impl Command for WinDeal {
    const SPEC: Spec = spec("winDeal", "win", "Moves an open deal to its pipeline's won stage.");
    type On = Of<Deal>;

    async fn run(self, work: &mut UnitOfWork, deal: Of<Deal>) -> Result<Produced> {
        close(work, deal, StageKind::Won, self.close_date, None).await
    }
}

/// The input of `loseDeal`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoseDeal {
    /// The reason the deal was lost.
    #[schema(min_length = 1, max_length = 500)]
    lost_reason: String,
    /// The day the deal was lost, `YYYY-MM-DD`. Default: its present close date.
    #[schema(format = Date)]
    close_date: Option<String>,
}

impl Command for LoseDeal {
    const SPEC: Spec =
        spec("loseDeal", "lose", "Moves an open deal to its pipeline's lost stage, with the reason.");
    type On = Of<Deal>;

    async fn run(self, work: &mut UnitOfWork, deal: Of<Deal>) -> Result<Produced> {
        close(work, deal, StageKind::Lost, self.close_date, Some(self.lost_reason)).await
    }
}

/// The input of `reopenDeal`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReopenDeal {
    /// The id of the open stage to move the deal to. Default: the open stage it was in last, or the first.
    stage_id: Option<String>,
}

impl Command for ReopenDeal {
    const SPEC: Spec =
        spec("reopenDeal", "reopen", "Opens a won or lost deal again; its reason for being lost is cleared.");
    type On = Of<Deal>;

    async fn run(self, work: &mut UnitOfWork, before: Of<Deal>) -> Result<Produced> {
        if before.get(deal::STATUS) == Some(DealStatus::Open) {
            return Err(Error::new(Code::IllegalState, "the deal is open"));
        }
        let stage = match &self.stage_id {
            Some(id) => work.referenced("stageId", id).await?,
            None => last_open_stage(work, &before).await?,
        };
        if stage.get(stage::KIND) != Some(StageKind::Open) {
            return Err(Error::new(Code::IllegalMove, "a deal is reopened in an open stage"));
        }
        let reopened = work.change(before, |deal| {
            deal.set(deal::STAGE, stage.id());
            deal.set(deal::LOST_REASON, None);
        });
        Ok(vec![reopened.await?.into()])
    }
}

async fn close(
    work: &mut UnitOfWork,
    before: Of<Deal>,
    kind: StageKind,
    close_date: Option<String>,
    reason: Option<String>,
) -> Result<Produced> {
    if before.get(deal::STATUS) != Some(DealStatus::Open) {
        return Err(Error::new(Code::IllegalState, "the deal is closed already; reopen it first"));
    }
    let date = match close_date {
        Some(text) => {
            let wrong =
                || kernel::Violation::new(Code::WrongType, "/closeDate", "closeDate: a date is expected");
            Some(parse_date(&text).ok_or_else(wrong)?)
        }
        None => None,
    };
    let stage = stages(work, &before).await?.into_iter().find(|stage| stage.get(stage::KIND) == Some(kind));
    let stage = stage.ok_or_else(|| Error::new(Code::IllegalMove, "the pipeline has no such stage"))?;
    let closed = work.change(before, |deal| {
        deal.set(deal::STAGE, stage.id());
        if let Some(date) = date {
            deal.set(deal::CLOSE_DATE, date);
        }
        if let Some(reason) = reason {
            deal.set(deal::LOST_REASON, reason);
        }
    });
    Ok(vec![closed.await?.into()])
}

/// The stages of the deal's pipeline, in order.
async fn stages(work: &mut UnitOfWork, deal: &Of<Deal>) -> Result<Vec<Of<Stage>>> {
    let pipeline = deal.get(deal::PIPELINE).unwrap_or_default();
    let mut stages = work.find_by(stage::PIPELINE, pipeline).await?;
    stages.sort_by_key(|stage| (stage.get(stage::POSITION), stage.id()));
    Ok(stages)
}

/// The open stage that the deal left last, or the pipeline's first.
async fn last_open_stage(work: &mut UnitOfWork, deal: &Of<Deal>) -> Result<Of<Stage>> {
    let open = |stage: &Of<Stage>| stage.get(stage::KIND) == Some(StageKind::Open);
    let stages: Vec<_> = stages(work, deal).await?.into_iter().filter(open).collect();
    let mut moves = work.find_by(stage_change::DEAL, deal.id()).await?;
    moves.sort_by_key(|change| (change.get(stage_change::CHANGED_AT), change.id()));
    let left = |id| stages.iter().find(|stage| Some(stage.id()) == id);
    let last = moves.iter().rev().find_map(|change| left(change.get(stage_change::FROM_STAGE)));
    let stage = last.or(stages.first()).cloned();
    stage.ok_or_else(|| Error::new(Code::IllegalMove, "the pipeline has no open stage"))
}
