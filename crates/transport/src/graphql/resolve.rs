//! Queries field by field, as async-graphql's executor resolves them: to compare its answers with those of plans.

use std::{any::Any, sync::Arc};

use app::{
    listing::{Listing, Part},
    view::{Collection, Panel, View},
};
use async_graphql::{
    Value,
    dynamic::{FieldFuture, FieldValue, ResolverContext},
};
use kernel::{
    Code, Error, Permit, Result,
    answer::{Budget, Group, Member, Shape, Source, Table, Writer, write_record},
    id::TypeId,
    object::{Action, Object, Path},
    plan::{Deleted, Plan},
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{error, execution::Execution};

/// A record whose plain fields have been read.
struct Node {
    permit: Permit,
    id: Uuid,
    /// The plain fields, by name.
    fields: Map<String, Json>,
}

/// A page that has been read.
struct Page {
    nodes: Vec<Arc<Node>>,
    cursors: Vec<String>,
    group: Group,
    /// Whether its records stand behind the interface.
    mixed: bool,
}

/// A record in a page.
struct Edge {
    node: Arc<Node>,
    cursor: String,
    mixed: bool,
}

type Answer<'a> = Result<Option<FieldValue<'a>>>;

fn execution<'a>(ctx: &ResolverContext<'a>) -> Result<&'a Arc<Execution>> {
    ctx.data::<Arc<Execution>>().map_err(|_| Error::internal("the request is not known"))
}

fn parent<'a, T: Any>(ctx: &ResolverContext<'a>) -> Result<&'a T> {
    ctx.parent_value.try_downcast_ref::<T>().map_err(|_| Error::internal("the parent has another type"))
}

/// A future whose failure is told like every other.
fn future<'a>(work: impl Future<Output = Answer<'a>> + Send + 'a) -> FieldFuture<'a> {
    FieldFuture::new(async move { work.await.map_err(error::field_error) })
}

fn ready(value: Answer<'_>) -> FieldFuture<'_> {
    FieldFuture::new(async move { value.map_err(error::field_error) })
}

fn plain<'a>(json: &Json) -> Option<FieldValue<'a>> {
    let value = Value::from_json(json.clone()).unwrap_or_default();
    if value == Value::Null { None } else { Some(FieldValue::value(value)) }
}

/// What a plan has answered already: the JSON of a selection, by its response keys.
struct Answered(Json);

/// The field, where its parent was answered by a plan: a group of values or of records, or a plain value.
fn answered<'a>(ctx: &ResolverContext<'a>, grouped: bool) -> Option<FieldFuture<'a>> {
    let Answered(json) = parent::<Answered>(ctx).ok()?;
    let json = json.get(ctx.ctx.item.node.response_key().node.as_str()).unwrap_or(&Json::Null);
    let deeper = |json: &Json| FieldValue::owned_any(Answered(json.clone()));
    let value = match (json, grouped) {
        (Json::Object(_), true) => Some(deeper(json)),
        (Json::Array(items), true) => Some(FieldValue::list(items.iter().map(deeper))),
        _ => plain(json),
    };
    Some(ready(Ok(value)))
}

/// A field that plans alone answer.
pub fn unplanned(_: ResolverContext<'_>) -> FieldFuture<'_> {
    ready(Err(Error::internal("a mutation is not executed field by field")))
}

/// A plain field of a record, or the groups of values that it holds.
pub fn value<'a>(ctx: ResolverContext<'a>, name: &'static str, grouped: bool) -> FieldFuture<'a> {
    ready(parent::<Arc<Node>>(&ctx).and_then(|node| {
        node.permit.readable(name)?;
        let json = node.fields.get(name).unwrap_or(&Json::Null);
        // It is read once, and may be asked for often.
        execution(&ctx)?.budget.spend(length(json))?;
        Ok(if grouped { groups(json) } else { plain(json) })
    }))
}

/// About how many bytes a value takes in the answer.
fn length(json: &Json) -> usize {
    match json {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(length).sum(),
        Json::Object(members) => members.values().map(length).sum(),
        _ => 8,
    }
}

/// Groups of values keep their JSON, for their members to be read from; all else is a plain value.
fn groups<'a>(json: &Json) -> Option<FieldValue<'a>> {
    match json {
        Json::Object(_) => Some(FieldValue::owned_any(json.clone())),
        Json::Array(items) if items.iter().any(Json::is_object) => {
            Some(FieldValue::list(items.iter().map(|item| FieldValue::owned_any(item.clone()))))
        }
        json => plain(json),
    }
}

/// A member of a group of values.
pub fn part<'a>(ctx: ResolverContext<'a>, name: &'static str) -> FieldFuture<'a> {
    ready(parent::<Json>(&ctx).map(|json| json.get(name).and_then(plain)))
}

/// The record behind a link.
pub fn one(ctx: ResolverContext<'_>, name: String) -> FieldFuture<'_> {
    future(async move {
        let (execution, node) = (execution(&ctx)?, parent::<Arc<Node>>(&ctx)?);
        let (place, link) = node.permit.object().link(&name).ok_or(Code::InvalidQuery)?;
        let Path::One { field } = link.path else { return Ok(None) };
        let permit = node.permit.follow(place)?;
        let id = node.permit.object().at(field).and_then(|field| node.fields.get(field.name)?.as_str());
        match id.and_then(TypeId::parse) {
            Some(id) => read_one(execution, permit, id.uuid, Deleted::Exclude).await,
            None => Ok(None),
        }
    })
}

/// The records behind a link.
pub fn many(ctx: ResolverContext<'_>, name: String) -> FieldFuture<'_> {
    future(async move {
        let (execution, node) = (execution(&ctx)?, parent::<Arc<Node>>(&ctx)?);
        let object = node.permit.object();
        let (place, link) = object.link(&name).ok_or(Code::InvalidQuery)?;
        let list = format!("{}.{}", object.name, link.name);
        let mut child =
            execution.kith.list(&execution.caller, node.permit.follow(place)?, &list, &listing(&ctx)?)?;
        child.all_columns();
        let mut plan = Plan::by_id(node.permit.clone(), node.id);
        plan.deleted = Deleted::Include;
        plan.follow(place, child);
        let mut table = execution.read(&plan).await?;
        let (Some(child), Some(found)) = (plan.children.pop(), table.children.pop()) else { return Ok(None) };
        Ok(Some(FieldValue::owned_any(page(execution, &child.plan, &found, false)?)))
    })
}

/// Who the caller is.
pub fn me(ctx: ResolverContext<'_>) -> FieldFuture<'_> {
    future(async move {
        let me = execution(&ctx)?.me(&ctx.ctx.item.node.selection_set.node).await?;
        Ok(Some(FieldValue::owned_any(Answered(me))))
    })
}

/// The caller's user or workspace.
pub fn own<'a>(ctx: ResolverContext<'a>, object: &'static str) -> FieldFuture<'a> {
    future(async move {
        let execution = execution(&ctx)?;
        let actor = &execution.caller.actor;
        let id = if object == "user" { actor.user } else { actor.workspace };
        let permit = actor.permit(execution.kith.object(object)?, Action::Read)?;
        read_one(execution, permit, id, Deleted::Exclude).await
    })
}

/// A part of what was answered as a whole.
pub fn known<'a>(ctx: &ResolverContext<'a>, grouped: bool) -> FieldFuture<'a> {
    answered(ctx, grouped).unwrap_or_else(|| ready(Ok(None)))
}

/// A list of an object.
pub fn list(ctx: ResolverContext<'_>, object: Arc<Object>) -> FieldFuture<'_> {
    future(async move {
        let execution = execution(&ctx)?;
        let permit = execution.caller.actor.permit(&object, Action::Read)?;
        let plan = execution.kith.list(&execution.caller, permit, object.plural, &listing(&ctx)?)?;
        read_page(execution, plan, false).await
    })
}

/// A collection.
pub fn collection<'a>(ctx: ResolverContext<'a>, collection: &'static Collection) -> FieldFuture<'a> {
    future(async move {
        let execution = execution(&ctx)?;
        let id = id_argument(&ctx, execution.kith.object(collection.object)?)?;
        let members = execution.kith.members(&execution.caller.actor, collection, id).await?;
        let permit = execution.caller.actor.permit(execution.kith.object(members.object)?, Action::Read)?;
        let mut listing = listing(&ctx)?;
        listing.among = Some(members.predicate);
        let plan = execution.kith.list(&execution.caller, permit, collection.name, &listing)?;
        read_page(execution, plan, true).await
    })
}

/// A part of a page or of an edge.
pub fn section<'a>(ctx: ResolverContext<'a>, name: &'static str) -> FieldFuture<'a> {
    if let Ok(edge) = parent::<Edge>(&ctx) {
        return ready(Ok(match name {
            "cursor" => plain(&edge.cursor.as_str().into()),
            _ => Some(typed(&edge.node, edge.mixed)),
        }));
    }
    ready(parent::<Page>(&ctx).map(|page| match name {
        "nodes" => Some(FieldValue::list(page.nodes.iter().map(|node| typed(node, page.mixed)))),
        "edges" => {
            let edges = page.nodes.iter().zip(&page.cursors);
            Some(FieldValue::list(edges.map(|(node, cursor)| {
                FieldValue::owned_any(Edge {
                    node: Arc::clone(node),
                    cursor: cursor.clone(),
                    mixed: page.mixed,
                })
            })))
        }
        "pageInfo" => Some(FieldValue::owned_any(json!({
            "hasNextPage": page.group.has_next,
            "hasPreviousPage": page.group.has_previous,
            "startCursor": page.cursors.first(),
            "endCursor": page.cursors.last(),
        }))),
        "totalCount" => plain(&page.group.total.into()),
        _ => plain(&(page.group.total >= kernel::plan::MAX_COUNT).into()),
    }))
}

/// A record as a value; behind the interface it says which type it is.
fn typed<'a>(node: &Arc<Node>, mixed: bool) -> FieldValue<'a> {
    let value = FieldValue::owned_any(Arc::clone(node));
    if mixed { value.with_type(node.permit.object().type_name.clone()) } else { value }
}

/// One record of an object.
pub fn by_id(ctx: ResolverContext<'_>, object: Arc<Object>) -> FieldFuture<'_> {
    future(async move {
        let execution = execution(&ctx)?;
        let id = id_argument(&ctx, &object)?;
        read_one(execution, execution.caller.actor.permit(&object, Action::Read)?, id, Deleted::Exclude).await
    })
}

/// Any record.
pub fn node(ctx: ResolverContext<'_>) -> FieldFuture<'_> {
    future(async move {
        let execution = execution(&ctx)?;
        let text = argument(&ctx, "id")?;
        let Some(id) = text.as_ref().and_then(Json::as_str).and_then(TypeId::parse) else {
            return Err(Code::InvalidParameter.into());
        };
        let object = execution.kith.registry().by_prefix(id.prefix);
        let Some(object) = object.filter(|object| object.allows(Action::Read)) else { return Ok(None) };
        let permit = execution.caller.actor.permit(object, Action::Read)?;
        let found = read_one(execution, permit, id.uuid, Deleted::Exclude).await?;
        Ok(found.map(|value| value.with_type(object.type_name.clone())))
    })
}

/// The record of a view.
pub fn view<'a>(ctx: ResolverContext<'a>, view: &'static View) -> FieldFuture<'a> {
    future(async move {
        let execution = execution(&ctx)?;
        let object = execution.kith.object(view.object)?;
        let id = id_argument(&ctx, object)?;
        read_one(execution, execution.caller.actor.permit(object, Action::Read)?, id, Deleted::Exclude).await
    })
}

/// The record that a view is about.
pub fn itself(ctx: ResolverContext<'_>) -> FieldFuture<'_> {
    ready(parent::<Arc<Node>>(&ctx).map(|node| Some(FieldValue::owned_any(Arc::clone(node)))))
}

/// A panel of a view.
pub fn panel<'a>(ctx: ResolverContext<'a>, panel: &'static Panel) -> FieldFuture<'a> {
    future(async move {
        let (execution, node) = (execution(&ctx)?, parent::<Arc<Node>>(&ctx)?);
        let mut plan = Plan::by_id(node.permit.clone(), node.id);
        let (place, mut child) = execution.kith.panel(&execution.caller.actor, &plan, panel)?;
        child.all_columns();
        plan.follow(place, child);
        let mut table = execution.read(&plan).await?;
        let (Some(child), Some(found)) = (plan.children.pop(), table.children.pop()) else { return Ok(None) };
        let page = page(execution, &child.plan, &found, false)?;
        Ok(Some(FieldValue::list(page.nodes.into_iter().map(FieldValue::owned_any))))
    })
}

/// An argument that was given and is not null. It comes from the document, where a variable that was not sent stands for
/// nothing; async-graphql's own arguments have null in its place.
fn argument(ctx: &ResolverContext<'_>, name: &str) -> Result<Option<Json>> {
    let argument = execution(ctx)?.document().argument(&ctx.ctx.item.node, name);
    Ok(argument.filter(|json| !json.is_null()))
}

fn id_argument(ctx: &ResolverContext<'_>, object: &Object) -> Result<Uuid> {
    let text = argument(ctx, "id")?;
    let id = text.as_ref().and_then(Json::as_str).and_then(|text| TypeId::parse_as(&object.prefix, text));
    id.ok_or_else(|| Error::new(Code::InvalidParameter, format!("id: an id {}_… is expected", object.prefix)))
}

fn listing(ctx: &ResolverContext<'_>) -> Result<Listing> {
    let number = |name| -> Result<Option<u32>> {
        let number = argument(ctx, name)?.and_then(|json| json.as_u64());
        Ok(number.map(|number| u32::try_from(number).unwrap_or(0)))
    };
    let text = |name| -> Result<Option<String>> {
        Ok(argument(ctx, name)?.and_then(|json| json.as_str().map(str::to_owned)))
    };
    let part = match (number("first")?, number("last")?) {
        (Some(first), None) => Part::First(first, text("after")?, text("before")?),
        (None, Some(last)) => Part::Last(last, text("after")?, text("before")?),
        _ => return Err(Error::new(Code::InvalidParameter, "either first or last has to be given")),
    };
    Ok(Listing {
        predicate: argument(ctx, "where")?,
        order_by: argument(ctx, "orderBy")?,
        deleted: text("deleted")?.and_then(|name| Deleted::parse(&name)).unwrap_or_default(),
        part,
        look_ahead: true,
        count: true,
        ..Listing::default()
    })
}

async fn read_one<'a>(execution: &Execution, permit: Permit, id: Uuid, deleted: Deleted) -> Answer<'a> {
    Ok(node_of(execution, permit, id, deleted).await?.map(FieldValue::owned_any))
}

async fn node_of(
    execution: &Execution,
    permit: Permit,
    id: Uuid,
    deleted: Deleted,
) -> Result<Option<Arc<Node>>> {
    let mut plan = Plan::by_id(permit, id);
    plan.deleted = deleted;
    plan.all_columns();
    let table = execution.read(&plan).await?;
    if table.is_empty() { Ok(None) } else { nodes(&plan, &table).map(|mut nodes| nodes.pop()) }
}

async fn read_page<'a>(execution: &Execution, mut plan: Plan, mixed: bool) -> Answer<'a> {
    plan.all_columns();
    let table = execution.read(&plan).await?;
    Ok(Some(FieldValue::owned_any(page(execution, &plan, &table, mixed)?)))
}

fn page(execution: &Execution, plan: &Plan, table: &Table, mixed: bool) -> Result<Page> {
    let cursor = |row| Ok(execution.caller.seal.seal(plan, &table.position(plan, row)?, false));
    Ok(Page {
        nodes: nodes(plan, table)?,
        cursors: (0..table.len()).map(cursor).collect::<Result<_>>()?,
        group: table.groups.first().copied().unwrap_or_default(),
        mixed,
    })
}

/// The rows as records with all their plain fields.
fn nodes(plan: &Plan, table: &Table) -> Result<Vec<Arc<Node>>> {
    let fields = plan
        .columns
        .iter()
        .enumerate()
        .filter_map(|(place, column)| Some((place, plan.object().at(column.as_field()?)?)));
    let members = fields.map(|(place, field)| Member::new(field.name, Source::Column(place)));
    let shape = Shape { members: members.collect() };
    // The rows are within the operation's budget.
    let budget = Budget::unlimited();
    let node = |row| {
        let mut text = Vec::new();
        let writer = Writer { seal: &|_, _, _| String::new(), budget: &budget };
        write_record(&mut text, plan, table, row, &shape, writer)?;
        let fields: Map<String, Json> =
            serde_json::from_slice(&text).map_err(|error| Error::internal(error))?;
        let id = fields.get("id").and_then(Json::as_str).and_then(TypeId::parse).map(|id| id.uuid);
        Ok(Arc::new(Node { permit: plan.permit.clone(), id: id.unwrap_or_default(), fields }))
    };
    (0..table.len()).map(node).collect()
}
