//! `moveDeal`.

use domain::sales::{
    deal::{self, Deal},
    stage::Stage,
};
use kernel::{Of, Result};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    command::{Command, Produced, Spec, record},
    unit_of_work::UnitOfWork,
};

/// The input of `moveDeal`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveDeal {
    /// The id of the stage to move the deal to.
    stage_id: String,
    /// The reason the deal was lost; required by a lost stage.
    #[schema(min_length = 1, max_length = 500)]
    lost_reason: Option<String>,
}

impl Command for MoveDeal {
    const SPEC: Spec = Spec::new(
        "deal",
        "moveDeal",
        "move",
        "Moves the deal to another stage of its pipeline. The present stage must allow the move \
              (`illegal_move`) and the deal must have what the new stage requires (`stage_requirement`).",
        &[record("deal", "deal", "The deal in its new stage.")],
    )
    .versioned();
    type On = Of<Deal>;

    async fn run(self, work: &mut UnitOfWork, before: Of<Deal>) -> Result<Produced> {
        let stage = work.id_of::<Stage>("stageId", &self.stage_id)?;
        let moved = work.change(before, |deal| {
            deal.set(deal::STAGE, stage);
            if let Some(reason) = self.lost_reason {
                deal.set(deal::LOST_REASON, reason);
            }
        });
        Ok(vec![moved.await?.into()])
    }
}
