//! Compiles a selection to plans and shapes: what resolvers would have done, decided before any SQL runs:
//! permissions, pages, predicates, orders, and the cost from the product of the page sizes.

mod arguments;

use app::{
    Caller, Kith,
    operation::OperationKind,
    view::{Collection, View},
};
use async_graphql::{Pos, parser::types::SelectionSet, registry::Registry};
use kernel::{
    Code, Error, Result,
    answer::{Budget, Connection, EdgePart, Member, PageInfo, Part as Section, Shape, Source},
    field::Kind,
    id::TypeId,
    object::{Action, Attribute, Object},
    plan::Plan,
    text::json_key,
};
use std::sync::Arc;
use uuid::Uuid;

use super::{
    document::{Collected, Document},
    error, introspection,
    me::ME,
    schema::NODE,
};

/// How deeply links may be followed.
pub const MAX_DEPTH: usize = 12;

/// A root field, ready to run.
pub struct Root {
    /// Its response key.
    pub key: String,
    /// What it answers.
    pub answer: Answer,
}

/// What a root field answers.
pub enum Answer {
    /// One record, or null.
    One(Box<Plan>, Shape),
    /// A page of records.
    Many(Box<Plan>, Connection),
    /// What is known already, as JSON.
    Known(Vec<u8>),
}

/// Compiles selections for one caller.
pub struct Planner<'a> {
    /// Kith.
    pub kith: &'a Kith,
    /// Who asks.
    pub caller: &'a Caller,
    /// What is asked.
    pub document: Document<'a>,
    /// What the operation's reads draw on, and its answer.
    pub budget: &'a Budget,
    types: &'a Registry,
    limit: u64,
    cost: u64,
    /// The keys that lead to the field that is compiled, and where each stands.
    path: Vec<(&'a str, Pos)>,
    /// The field that reaches the most records, and how many.
    dearest: (u64, Vec<(&'a str, Pos)>),
    depth: usize,
}

impl<'a> Planner<'a> {
    /// A planner for one operation, which may reach so many records.
    pub fn new(
        kith: &'a Kith,
        caller: &'a Caller,
        document: Document<'a>,
        budget: &'a Budget,
        types: &'a Registry,
        limit: u64,
    ) -> Self {
        let (path, dearest) = (Vec::with_capacity(MAX_DEPTH), (0, Vec::new()));
        Self { kith, caller, document, budget, types, limit, cost: 0, path, dearest, depth: 0 }
    }

    /// How many records the operation may reach.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Compiles the root fields of a query.
    pub async fn query(&mut self, set: &'a SelectionSet) -> Result<Vec<Root>> {
        let mut roots = Vec::new();
        for field in self.document.fields(&[set], &["Query"]) {
            self.enter(&field);
            let answer = self.root(&field).await.map_err(|error| self.placed(error))?;
            self.leave();
            roots.push(Root { key: field.key.to_owned(), answer });
        }
        self.afford()?;
        Ok(roots)
    }

    /// What is compiled from now on is of this field. Where it fails, it is not left, so that the failure's place is known.
    pub(super) fn enter(&mut self, field: &Collected<'a>) {
        self.path.push((field.key, field.field.response_key().pos));
    }

    /// What is compiled from now on is of the field around it.
    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// The error with its place.
    pub(super) fn placed(&self, error: Error) -> Error {
        at(error, &self.path)
    }

    async fn root(&mut self, field: &Collected<'a>) -> Result<Answer> {
        if field.name == "__typename" {
            return Ok(Answer::Known(b"\"Query\"".to_vec()));
        }
        if field.name == "node" {
            let id = self.text(field.field, "id")?.unwrap_or_default();
            let id = TypeId::parse(&id).ok_or_else(|| invalid("id: a TypeID is expected"))?;
            let object = self.kith.registry().by_prefix(id.prefix);
            let Some(object) = object.filter(|object| object.allows(Action::Read)) else {
                return Ok(Answer::Known(b"null".to_vec()));
            };
            return self.one(object, id.uuid, &field.sets);
        }
        if field.name == ME {
            let me = self.me(&field.sets).await?;
            return Ok(Answer::Known(me.to_string().into_bytes()));
        }
        if let Some(operation) = self.kith.operations().named(field.name) {
            match operation.kind {
                OperationKind::View(view) => return self.view(view, field),
                OperationKind::Collection(collection) => return self.collection(collection, field).await,
                _ => {}
            }
        }
        let registry = Arc::clone(self.kith.registry());
        for object in registry.objects().iter().filter(|object| object.allows(Action::Read)) {
            if object.name == field.name {
                let id = self.id(field.field, object)?;
                return self.one(object, id, &field.sets);
            }
            if object.plural == field.name {
                let listing = self.listing(field.field)?;
                let permit = self.caller.actor.permit(object, Action::Read)?;
                let mut plan = self.kith.list(self.caller, permit, object.plural, &listing)?;
                let connection = self.connection(&mut plan, field, &object.type_name, 1)?;
                return Ok(Answer::Many(Box::new(plan), connection));
            }
        }
        let known = introspection::answer(self.types, self.document, field, self.budget)?;
        known.map(Answer::Known).ok_or_else(|| Code::InvalidQuery.into())
    }

    fn one(&mut self, object: &Arc<Object>, id: Uuid, sets: &[&'a SelectionSet]) -> Result<Answer> {
        let mut plan = Plan::by_id(self.caller.actor.permit(object, Action::Read)?, id);
        let shape = self.record(&mut plan, sets, 1)?;
        Ok(Answer::One(Box::new(plan), shape))
    }

    fn view(&mut self, view: &View, field: &Collected<'a>) -> Result<Answer> {
        let object = self.kith.object(view.object)?;
        let id = self.id(field.field, object)?;
        let mut plan = Plan::by_id(self.caller.actor.permit(object, Action::Read)?, id);
        let type_name = kernel::text::pascal(view.name);
        let mut shape = Shape::default();
        for part in self.document.fields(&field.sets, &[&type_name]) {
            self.enter(&part);
            let source = if part.name == "__typename" {
                Source::Text(type_name.clone())
            } else if part.name == view.object {
                Source::Itself(self.record(&mut plan, &part.sets, 1)?)
            } else {
                let panel =
                    view.panels.iter().find(|panel| panel.name == part.name).ok_or(Code::InvalidQuery)?;
                let (link, mut child) = self.kith.panel(&self.caller.actor, &plan, panel)?;
                let reached = u64::from(child.page.limit);
                self.reach(reached);
                let shape = self.record(&mut child, &part.sets, reached)?;
                Source::Each(plan.follow(link, child), shape)
            };
            self.leave();
            shape.members.push(Member::new(part.key, source));
        }
        self.reach(1);
        Ok(Answer::One(Box::new(plan), shape))
    }

    async fn collection(&mut self, collection: &Collection, field: &Collected<'a>) -> Result<Answer> {
        let id = self.id(field.field, self.kith.object(collection.object)?)?;
        let members = self.kith.members(&self.caller.actor, collection, id).await?;
        let permit = self.caller.actor.permit(self.kith.object(members.object)?, Action::Read)?;
        let mut listing = self.listing(field.field)?;
        listing.among = Some(members.predicate);
        let mut plan = self.kith.list(self.caller, permit, collection.name, &listing)?;
        let connection = self.connection(&mut plan, field, NODE, 1)?;
        Ok(Answer::Many(Box::new(plan), connection))
    }

    /// What is selected of a record; so many of them may be reached.
    pub(super) fn record(
        &mut self,
        plan: &mut Plan,
        sets: &[&'a SelectionSet],
        reached: u64,
    ) -> Result<Shape> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_complex(format!("links may be followed {MAX_DEPTH} deep")));
        }
        let object = Arc::clone(plan.permit.object());
        let mut shape = Shape::default();
        for field in self.document.fields(sets, &[&object.type_name, NODE]) {
            self.enter(&field);
            let source = self.member(plan, &object, &field, reached)?;
            self.leave();
            let key = match object.attribute(field.key) {
                Some(attribute) => Arc::clone(&attribute.key),
                None => json_key(field.key),
            };
            shape.members.push(Member { key, source });
        }
        self.depth -= 1;
        Ok(shape)
    }

    fn member(
        &mut self,
        plan: &mut Plan,
        object: &Arc<Object>,
        field: &Collected<'a>,
        reached: u64,
    ) -> Result<Source> {
        if field.name == "__typename" {
            return Ok(Source::Text(object.type_name.clone()));
        }
        let Some((place, link)) = object.link(field.name) else {
            let index = plan.permit.readable(field.name)?.index;
            let column = plan.column(index);
            return Ok(match object.at(index).and_then(|attribute| self.parts(attribute, field)) {
                Some(parts) => Source::Parts(column, parts),
                None => Source::Column(column),
            });
        };
        let permit = plan.permit.follow(place)?;
        if link.is_one() {
            self.reach(reached);
            let mut child = Plan::new(permit);
            let shape = self.record(&mut child, &field.sets, reached)?;
            return Ok(Source::One(plan.follow(place, child), shape));
        }
        let listing = self.listing(field.field)?;
        let name = format!("{}.{}", object.name, link.name);
        let target = Arc::clone(permit.object());
        let mut child = self.kith.list(self.caller, permit, &name, &listing)?;
        let connection = self.connection(&mut child, field, &target.type_name, reached)?;
        Ok(Source::Many(plan.follow(place, child), connection))
    }

    /// The members selected of a group of values; none where the value is a plain one.
    fn parts(&self, attribute: &Attribute, field: &Collected<'a>) -> Option<Vec<Member<&'static str>>> {
        let (type_name, names): (&str, Vec<&'static str>) = match attribute.kind {
            Kind::Money => ("Money", vec!["amount", "currency"]),
            Kind::List(list) if !list.plain => {
                (list.name, list.members.iter().map(|member| member.name).collect())
            }
            _ => return None,
        };
        let fields = self.document.fields(&field.sets, &[type_name]);
        let member = |part: &Collected<'_>| {
            let known = names.iter().find(|name| **name == part.name).copied();
            Member::new(part.key, known.unwrap_or("__typename"))
        };
        Some(fields.iter().map(member).collect())
    }

    fn connection(
        &mut self,
        plan: &mut Plan,
        field: &Collected<'a>,
        node: &str,
        parents: u64,
    ) -> Result<Connection> {
        let reached = parents.saturating_mul(u64::from(plan.page.limit));
        self.reach(reached);
        let (connection, edge) = (format!("{node}Connection"), format!("{node}Edge"));
        let mut members = Vec::new();
        for part in self.document.fields(&field.sets, &[&connection]) {
            self.enter(&part);
            let section = match part.name {
                "nodes" => Section::Nodes(self.record(plan, &part.sets, reached)?),
                "edges" => {
                    let mut edges = Vec::new();
                    for part in self.document.fields(&part.sets, &[&edge]) {
                        self.enter(&part);
                        let source = match part.name {
                            "node" => EdgePart::Node(self.record(plan, &part.sets, reached)?),
                            "cursor" => EdgePart::Cursor,
                            _ => EdgePart::Text(edge.clone()),
                        };
                        self.leave();
                        edges.push(Member::new(part.key, source));
                    }
                    Section::Edges(edges)
                }
                "pageInfo" => {
                    let parts = self.document.fields(&part.sets, &["PageInfo"]);
                    // Only whether more follow in the page's direction costs a row more.
                    plan.page.look_ahead |= parts.iter().any(|part| part.name.starts_with("has"));
                    Section::PageInfo(
                        parts.iter().map(|part| Member::new(part.key, page_info(part.name))).collect(),
                    )
                }
                "totalCount" => Section::TotalCount,
                "totalIsCapped" => Section::TotalIsCapped,
                _ => Section::Text(connection.clone()),
            };
            self.leave();
            plan.page.count |= part.name.starts_with("total");
            members.push(Member::new(part.key, section));
        }
        Ok(Connection { members })
    }

    /// Counts the records that the field reaches.
    pub(super) fn reach(&mut self, records: u64) {
        self.cost = self.cost.saturating_add(records);
        if records > self.dearest.0 {
            self.dearest.0 = records;
            self.dearest.1.clone_from(&self.path);
        }
    }

    /// Refuses an operation that reaches too many records, once all of them are counted.
    pub(super) fn afford(&self) -> Result<()> {
        if self.cost <= self.limit {
            return Ok(());
        }
        let Self { cost, limit, dearest: (most, path), .. } = self;
        let keys: Vec<_> = path.iter().map(|(key, _)| *key).collect();
        let detail = format!(
            "the operation may reach {cost} records and only {limit} are allowed; {most} of them are behind {}",
            keys.join(".")
        );
        let error = too_complex(detail).with("cost", *cost).with("limit", *limit).with("dearest", keys);
        Err(at(error, path))
    }
}

/// The error with the path and the place of a field.
fn at(error: Error, path: &[(&str, Pos)]) -> Error {
    let keys: Vec<_> = path.iter().map(|(key, _)| *key).collect();
    error.with(error::PATH, keys).with(error::LOCATIONS, error::locations(path.last().map(|(_, pos)| *pos)))
}

fn page_info(name: &str) -> PageInfo {
    match name {
        "hasNextPage" => PageInfo::HasNext,
        "hasPreviousPage" => PageInfo::HasPrevious,
        "startCursor" => PageInfo::StartCursor,
        "endCursor" => PageInfo::EndCursor,
        _ => PageInfo::Text("PageInfo".to_owned()),
    }
}

fn invalid(detail: &str) -> Error {
    Error::new(Code::InvalidParameter, detail)
}

fn too_complex(detail: String) -> Error {
    Error::new(Code::QueryTooComplex, detail)
}
