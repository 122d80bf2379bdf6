//! Named reads that are more than a list: a customer's whole picture, the members of a segment. A new one is declared in
//! its area's folder and stands here.

pub(crate) mod declaration;

use kernel::{
    Code, Result,
    actor::Actor,
    plan::{Plan, parse_sort},
    predicate::Parser,
};
use serde_json::Value as Json;
use uuid::Uuid;

pub use declaration::{Collection, Members, PANEL, Panel, View};

use crate::{Kith, listing, marketing, people};

/// Every view.
pub const VIEWS: &[View] = &[people::contact::OVERVIEW];

/// Every collection.
pub const COLLECTIONS: &[Collection] = &[marketing::segment::MEMBERS];

impl Kith {
    /// The plan of a panel, below the plan of its record; the caller adds the columns it wants.
    pub fn panel(&self, actor: &Actor, parent: &Plan, panel: &Panel) -> Result<(usize, Plan)> {
        let (place, _) = parent.object().link(panel.link).ok_or(Code::UnknownField)?;
        let mut plan = Plan::new(parent.permit.follow(place)?);
        let json: Json =
            serde_json::from_str(panel.predicate).map_err(|error| kernel::Error::internal(error))?;
        let now = self.context().clock.now();
        plan.predicate = Parser::new(actor.zone, now).parse(&plan.permit, &json, "")?;
        let order = parse_sort(&plan.permit, panel.sort)?;
        plan.order_by(order);
        plan.page.limit = PANEL;
        listing::fingerprint(&mut plan, &json, panel.name);
        Ok((place, plan))
    }

    /// Resolves the members of a collection.
    pub async fn members(&self, actor: &Actor, collection: &Collection, id: Uuid) -> Result<Members> {
        let record = self.record(actor, collection.object, id).await?;
        (collection.resolve)(&record)
    }
}
