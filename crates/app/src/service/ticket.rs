//! `solveTicket` and `reopenTicket`.

use domain::service::ticket::{self, Ticket, TicketStatus};
use kernel::{Code, Error, Of, Result};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    command::{Command, Output, Produced, Spec, record},
    unit_of_work::UnitOfWork,
};

const OUTPUTS: &[Output] = &[record("ticket", "ticket", "The ticket.")];

const fn spec(name: &'static str, path: &'static str, doc: &'static str) -> Spec {
    Spec::new("ticket", name, path, doc, OUTPUTS)
}

/// The input of `solveTicket`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SolveTicket {
    /// The ticket's resolution. Default: its present one.
    #[schema(max_length = 100_000)]
    resolution: Option<String>,
}

impl Command for SolveTicket {
    const SPEC: Spec = spec("solveTicket", "solve", "Marks the ticket as solved.");
    type On = Of<Ticket>;

    async fn run(self, work: &mut UnitOfWork, before: Of<Ticket>) -> Result<Produced> {
        if matches!(before.get(ticket::STATUS), Some(TicketStatus::Solved | TicketStatus::Closed)) {
            return Err(Error::new(Code::IllegalState, "the ticket is solved already"));
        }
        let solved = work.change(before, |ticket| {
            ticket.set(ticket::STATUS, TicketStatus::Solved);
            if let Some(resolution) = self.resolution {
                ticket.set(ticket::RESOLUTION, resolution);
            }
        });
        Ok(vec![solved.await?.into()])
    }
}

/// The input of `reopenTicket`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReopenTicket {}

impl Command for ReopenTicket {
    const SPEC: Spec =
        spec("reopenTicket", "reopen", "Opens a solved ticket again; a closed one stays closed.");
    type On = Of<Ticket>;

    async fn run(self, work: &mut UnitOfWork, before: Of<Ticket>) -> Result<Produced> {
        if before.get(ticket::STATUS) != Some(TicketStatus::Solved) {
            return Err(Error::new(Code::IllegalState, "only a solved ticket can be reopened"));
        }
        let reopened = work.change(before, |ticket| ticket.set(ticket::STATUS, TicketStatus::Open));
        Ok(vec![reopened.await?.into()])
    }
}
