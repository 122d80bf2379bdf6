//! Lists: from what a client asks for to a plan, the same for both doors.

use kernel::{
    Code, Error, Permit, Result,
    plan::{Deleted, MAX_PAGE, Order, Page, Plan, parse_order},
    predicate::Parser,
};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::{Caller, Kith};

/// A client's request for a list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// A predicate that always holds: that of a collection.
    pub among: Option<Json>,
    /// The filter.
    pub predicate: Option<Json>,
    /// The order, in the long form.
    pub order_by: Option<Json>,
    /// The order, already read.
    pub order: Vec<Order>,
    /// Whether deleted records are included.
    pub deleted: Deleted,
    /// The part of the list.
    pub part: Part,
    /// Whether to find out if there are more.
    pub look_ahead: bool,
    /// Whether to count all records.
    pub count: bool,
}

/// The part of a list.
#[derive(Clone, Debug)]
pub enum Part {
    /// The first records behind a cursor; or the last ones before it, if the cursor leads backwards.
    Page(u32, Option<String>),
    /// The first records between two cursors.
    First(u32, Option<String>, Option<String>),
    /// The last records between two cursors.
    Last(u32, Option<String>, Option<String>),
}

impl Default for Part {
    fn default() -> Self {
        Part::Page(DEFAULT_PAGE, None)
    }
}

/// The default size of a page.
pub const DEFAULT_PAGE: u32 = 50;

impl Kith {
    /// The plan of a list; the caller adds the columns it wants. The name tells lists of one object apart
    /// that lie behind different links.
    pub fn list(&self, caller: &Caller, permit: Permit, name: &str, listing: &Listing) -> Result<Plan> {
        let mut plan = Plan::new(permit);
        let everything = json!({});
        let json = listing.predicate.as_ref().unwrap_or(&everything);
        let now = self.context().clock.now();
        let parse = |json, pointer| Parser::new(caller.actor.zone, now).parse(&plan.permit, json, pointer);
        // Each has limits of its own, so that whatever may be kept can be asked more of.
        let among = listing.among.as_ref().map(|json| parse(json, "")).transpose()?;
        let predicate = parse(json, "/where")?;
        plan.predicate = match among {
            Some(among) => among.and(predicate),
            None => predicate,
        };
        plan.deleted = listing.deleted;
        let order = match &listing.order_by {
            Some(json) => parse_order(&plan.permit, json)?,
            None => listing.order.clone(),
        };
        plan.order_by(order);
        fingerprint(&mut plan, &json!([listing.among, json]), name);
        plan.page = page(caller, &plan, &listing.part)?;
        plan.page.look_ahead = listing.look_ahead;
        plan.page.count = listing.count;
        Ok(plan)
    }
}

/// Names the list, for its cursors.
pub(crate) fn fingerprint(plan: &mut Plan, predicate: &Json, name: &str) {
    let order: Vec<_> = plan.order.iter().map(|key| (key.field, key.descending)).collect();
    let text = json!([plan.object().name, name, predicate, order, plan.deleted as u8]).to_string();
    let mut first = [0; 8];
    first.iter_mut().zip(Sha256::digest(text)).for_each(|(place, byte)| *place = byte);
    plan.fingerprint = u64::from_le_bytes(first);
}

fn page(caller: &Caller, plan: &Plan, part: &Part) -> Result<Page> {
    let open =
        |cursor: &Option<String>| cursor.as_ref().map(|cursor| caller.seal.open(plan, cursor)).transpose();
    let (limit, after, before, backward) = match part {
        Part::Page(limit, cursor) => match open(cursor)? {
            Some(position) if position.backward => (limit, None, Some(position.keys), true),
            position => (limit, position.map(|position| position.keys), None, false),
        },
        Part::First(limit, after, before) => {
            (limit, open(after)?.map(|at| at.keys), open(before)?.map(|at| at.keys), false)
        }
        Part::Last(limit, after, before) => {
            (limit, open(after)?.map(|at| at.keys), open(before)?.map(|at| at.keys), true)
        }
    };
    if !(1..=MAX_PAGE).contains(limit) {
        let detail = format!("a page has between 1 and {MAX_PAGE} records");
        return Err(Error::new(Code::InvalidParameter, detail));
    }
    Ok(Page { limit: *limit, after, before, backward, ..Page::first(*limit) })
}
