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
    Result,
    answer::{
        Connection, Group, Member, PageInfo, Part as Section, Shape, Source, Table, Writer, write_connection,
    },
    json,
    object::{Action, Object},
    plan::{Deleted, Plan, parse_sort},
};

use super::{
    Ask, JSON, filter,
    query::{invalid, with_cursor},
    reply,
    search::Question,
    select::Selection,
};

pub async fn list(mut ask: Ask<'_>) -> Result<HttpResponse> {
    let object = ask.object;
    let (listing, selection) = ask.take_listing(object).await?;
    let page = Page::plan(&ask, object, object.plural, &listing, &selection)?;
    page.answer(&ask, true).await
}

pub async fn search(mut ask: Ask<'_>) -> Result<HttpResponse> {
    ask.parameters.finish()?;
    let Question { listing, selection } = Question::read(ask.members(JSON).await?)?;
    let page = Page::plan(&ask, ask.object, ask.object.plural, &listing, &selection)?;
    page.answer(&ask, false).await
}

pub async fn collection(mut ask: Ask<'_>, collection: &Collection) -> Result<HttpResponse> {
    let members = ask.kith.members(&ask.caller.actor, collection, ask.id()?).await?;
    let kith = ask.kith;
    let object = kith.object(members.object)?;
    let (mut listing, selection) = ask.take_listing(object).await?;
    listing.among = Some(members.predicate);
    let mut page = Page::plan(&ask, object, collection.name, &listing, &selection)?;
    // Such a list may be of several objects, so its records say which one theirs is.
    page.shape.members.insert(0, Member::new("type", Source::Text(object.name.to_owned())));
    page.answer(&ask, true).await
}

impl Ask<'_> {
    /// What the query asks of a list.
    async fn take_listing(&mut self, object: &Arc<Object>) -> Result<(Listing, Selection)> {
        self.no_body().await?;
        let selection = self.take_selection()?;
        let parameters = &mut self.parameters;
        let limit = parameters.take_number("limit")?.unwrap_or(DEFAULT_PAGE);
        let part = Part::Page(limit, parameters.take("cursor"));
        let count = parameters.take_flag("count")?.unwrap_or_default();
        let deleted = parameters.take("deleted");
        let sort = parameters.take("sort");
        let filters = parameters.take_bracketed("filter")?;
        let condition = parameters.take("where");
        parameters.finish()?;
        let predicate = match condition {
            Some(_) if !filters.is_empty() => {
                return Err(invalid("where and filter cannot be given together"));
            }
            Some(text) => Some(
                json::parse(text.as_bytes()).map_err(|error| invalid(format!("where: {}", error.detail)))?,
            ),
            None => filter::compile(self.kith.registry(), self.caller.actor.zone, object, filters)?,
        };
        let permit = self.caller.actor.permit(object, Action::Read)?;
        let order = sort.map(|sort| parse_sort(&permit, &sort)).transpose()?.unwrap_or_default();
        let deleted = deleted.as_deref().map_or(Ok(Deleted::default()), super::search::deleted)?;
        Ok((Listing { predicate, order, deleted, part, count, ..Listing::default() }, selection))
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
        object: &Arc<Object>,
        name: &str,
        listing: &Listing,
        selection: &Selection,
    ) -> Result<Self> {
        let mut plan = ask.kith.list(&ask.caller, object, name, listing)?;
        plan.page.look_ahead = true;
        let shape = selection.listed(ask.kith, &ask.caller.actor, &mut plan)?;
        Ok(Self { plan, shape })
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
        let writer = Writer { seal: &ask.sealer(), budget: &budget };
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
