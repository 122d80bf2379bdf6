//! Lists, asked by the query or by a body, and collections, which are lists that a record stands for.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use app::{
    listing::{DEFAULT_PAGE, Listing, Part},
    view::Collection,
};
use kernel::{
    Code, Permit, Result,
    answer::{
        Connection, Group, Member, PageInfo, Part as Section, Shape, Source, Table, Writer, write_connection,
    },
    json,
    object::{Action, Object},
    plan::{MAX_PAGE, Plan, parse_order, parse_sort},
};
use serde_json::Value as Json;

use super::{
    Ask, JSON, filter,
    query::{Faults, invalid, with_cursor},
    reply,
    search::Question,
    select::Selection,
};
use crate::sealer;

pub async fn list(mut ask: Ask<'_>) -> Result<HttpResponse> {
    let object = ask.object;
    let page = ask.take_page(object, object.plural, None)?;
    page.answer(&ask, true).await
}

pub async fn search(mut ask: Ask<'_>) -> Result<HttpResponse> {
    ask.parameters.finish()?;
    let mut faults = Faults::default();
    let Question { listing, order_by, selection } = Question::read(ask.members(JSON)?, &mut faults)?;
    let permit = ask.permit(ask.object)?;
    let order = order_by.map(|json| parse_order(&permit, &json));
    let order = order.map(|order| faults.note("orderBy", order)).transpose()?.flatten().unwrap_or_default();
    let listing = Listing { order, ..listing };
    let page = Page::plan(&ask, permit, ask.object.plural, &listing, &selection, &mut faults)?;
    faults.finish(Code::Invalid)?;
    page.ok_or(Code::Internal)?.answer(&ask, false).await
}

pub async fn collection(mut ask: Ask<'_>, collection: &Collection) -> Result<HttpResponse> {
    let members = ask.kith.members(&ask.caller.actor, collection, ask.id()?).await?;
    let object = ask.kith.object(members.object)?;
    let mut page = ask.take_page(object, collection.name, Some(members.predicate))?;
    // Such a list may be of several objects, so its records say which one theirs is.
    page.shape.members.insert(0, Member::new("type", Source::Text(object.name.to_owned())));
    page.answer(&ask, true).await
}

impl Ask<'_> {
    fn permit(&self, object: &Arc<Object>) -> Result<Permit> {
        self.caller.actor.permit(object, Action::Read)
    }

    /// What the query asks of a list.
    fn take_page(&mut self, object: &Arc<Object>, name: &str, among: Option<Json>) -> Result<Page> {
        self.no_body()?;
        let permit = self.permit(object)?;
        let selection = self.take_selection()?;
        let mut parameters = std::mem::take(&mut self.parameters);
        let part =
            Part::Page(parameters.take_number("limit").unwrap_or(DEFAULT_PAGE), parameters.take("cursor"));
        let count = parameters.take_flag("count").unwrap_or_default();
        let (deleted, sort) = (parameters.take("deleted"), parameters.take("sort"));
        let filters = parameters.take_bracketed("filter");
        let condition = parameters.take("where");
        let faults = &mut parameters.faults;
        let order = sort.map(|sort| faults.note("sort", parse_sort(&permit, &sort))).transpose()?.flatten();
        let deleted =
            deleted.map(|text| faults.note("deleted", super::search::deleted(&text))).transpose()?;
        let predicate = match condition {
            Some(_) if !filters.is_empty() => Err(invalid("where and filter cannot be given together")),
            Some(text) => {
                json::parse_named("where", text.as_bytes()).map(Some).map_err(|error| invalid(error.detail))
            }
            None => filter::compile(self.kith.registry(), self.caller.actor.zone, object, filters),
        };
        let listing = Listing {
            among,
            predicate: faults.note("where", predicate)?.flatten(),
            order: order.unwrap_or_default(),
            deleted: deleted.flatten().unwrap_or_default(),
            part,
            count,
            ..Listing::default()
        };
        let page = Page::plan(self, permit, name, &listing, &selection, faults)?;
        parameters.finish()?;
        page.ok_or_else(|| Code::Internal.into())
    }
}

/// A page about to be read.
struct Page {
    plan: Plan,
    shape: Shape,
}

impl Page {
    fn plan(
        ask: &Ask<'_>,
        permit: Permit,
        name: &str,
        listing: &Listing,
        selection: &Selection,
        faults: &mut Faults,
    ) -> Result<Option<Self>> {
        if let Part::Page(limit, _) = listing.part
            && !(1..=MAX_PAGE).contains(&limit)
        {
            let detail = format!("a page has between 1 and {MAX_PAGE} records");
            faults.add(Code::InvalidParameter, "limit", detail);
        }
        // A cursor belongs to one predicate and one order: it is looked at where those are right.
        let plan = match faults.is_empty() {
            true => faults.note("cursor", ask.kith.list(&ask.caller, permit.clone(), name, listing))?,
            false => None,
        };
        let mut plan = match plan {
            Some(plan) => plan,
            None => Plan::new(permit),
        };
        plan.page.look_ahead = true;
        let shape = faults.note("fields", selection.listed(&mut plan))?;
        Ok(shape.filter(|_| faults.is_empty()).map(|shape| Self { plan, shape }))
    }

    /// Reads the page. Where the query alone says what was asked, it also says how to ask for the next one.
    async fn answer(self, ask: &Ask<'_>, links: bool) -> Result<HttpResponse> {
        let Self { plan, shape } = self;
        let budget = ask.kith.budget();
        let table = ask.kith.read(&plan, &budget).await?;
        let group = table.groups.first().copied().unwrap_or_default();
        let mut response = reply::json(StatusCode::OK);
        if let (true, Some(cursor)) = (links, next_cursor(ask, &plan, &table, group)?) {
            let query = with_cursor(ask.request.query_string(), &cursor);
            let link = format!("<{}?{query}>; rel=\"next\"", ask.request.path());
            response.insert_header((header::LINK, link));
        }
        let connection = connection(shape, plan.page.count);
        let mut body = Vec::with_capacity(4096);
        let writer = Writer { seal: &sealer(&ask.caller), budget: &budget };
        write_connection(&mut body, &plan, &table, group, &connection, writer)?;
        Ok(response.body(body))
    }
}

fn next_cursor(ask: &Ask<'_>, plan: &Plan, table: &Table, group: Group) -> Result<Option<String>> {
    let Some(last) = group.len.checked_sub(1).filter(|_| group.has_next) else { return Ok(None) };
    let position = table.position(plan, group.start.saturating_add(last))?;
    Ok(Some(ask.caller.seal.seal(plan, &position, false)))
}

/// `{"items":[…],"page":{…}}`.
fn connection(shape: Shape, count: bool) -> Connection {
    let mut page = vec![
        Member::new("nextCursor", PageInfo::NextCursor),
        Member::new("prevCursor", PageInfo::PreviousCursor),
        Member::new("hasMore", PageInfo::HasNext),
    ];
    if count {
        page.push(Member::new("totalCount", PageInfo::TotalCount));
        page.push(Member::new("totalIsCapped", PageInfo::TotalIsCapped));
    }
    let items = Member::new("items", Section::Nodes(shape));
    Connection { members: vec![items, Member::new("page", Section::PageInfo(page))] }
}
