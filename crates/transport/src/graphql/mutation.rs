//! Mutations: each is planned together with its payload before any is performed, and answered from its own unit of work.

use std::sync::Arc;

use app::{
    Caller, contract,
    operation::{Call, Operation, OutputKind, Product, Reading, Write},
};
use async_graphql::{Pos, parser::types::SelectionSet};
use kernel::{
    Code, Error, Result,
    answer::{Budget, Member, Shape, Writer, write_record},
    object::Action,
    plan::Plan,
    text::json_key,
};
use serde_json::Value as Json;

use super::{document::Collected, error, execution::Execution, planner::Planner};
use crate::{problem, sealer};

/// The type of the root of mutations.
pub const MUTATION: &str = "Mutation";
/// The type of an error in a payload.
const USER_ERROR: &str = "UserError";
const TYPE_NAME: &str = "__typename";

/// A root field of a mutation.
pub struct Mutation {
    /// Its response key.
    key: String,
    /// Its place in the document.
    at: Pos,
    /// What it does; none where it only asks for the type's name.
    planned: Option<Planned>,
}

/// A planned call of an operation.
struct Planned {
    operation: Arc<Operation>,
    call: Call,
    payload: Vec<Member<PayloadPart>>,
}

/// A part of a payload.
enum PayloadPart {
    /// The record among the outputs that has this place.
    Record(usize, Box<Plan>, Shape),
    /// The text among the outputs that has this place.
    Text(usize),
    /// The errors that clients are expected to meet.
    Errors(Vec<Selected>),
    /// A fixed text.
    Fixed(String),
}

/// A field that is selected of an error.
struct Selected {
    /// Its response key.
    key: String,
    name: String,
}

impl<'a> Planner<'a> {
    /// Plans the root fields of a mutation, so that what cannot be shown is refused before anything is done.
    pub fn mutations(&mut self, set: &'a SelectionSet) -> Result<Vec<Mutation>> {
        let fields = self.document.fields(&[set], &[MUTATION]);
        let mutations = fields.iter().map(|field| self.mutation(field)).collect::<Result<_>>()?;
        self.afford()?;
        Ok(mutations)
    }

    /// Plans one of them.
    fn mutation(&mut self, field: &Collected<'a>) -> Result<Mutation> {
        let (key, at) = (field.key.to_owned(), field.field.response_key().pos);
        if field.name == TYPE_NAME {
            return Ok(Mutation { key, at, planned: None });
        }
        self.enter(field);
        let planned = self.call(field).map_err(|error| self.placed(error))?;
        self.leave();
        Ok(Mutation { key, at, planned: Some(planned) })
    }

    fn call(&mut self, field: &Collected<'a>) -> Result<Planned> {
        let operation = self.kith.operations().named(field.name).ok_or(Code::InvalidQuery)?;
        let write = operation.write().ok_or(Code::InvalidQuery)?;
        let mut call = Call::default();
        if operation.on_record {
            call.id = Some(self.id(field.field, &operation.object)?);
            call.expected_version =
                self.document.argument(field.field, "expectedVersion").and_then(|version| version.as_i64());
        }
        if let Some(Json::Object(input)) = self.document.argument(field.field, "input") {
            call.input = input;
        }
        let payload = self.payload(field, operation, write)?;
        Ok(Planned { operation: Arc::clone(operation), call, payload })
    }

    fn payload(
        &mut self,
        field: &Collected<'a>,
        operation: &Operation,
        write: &Write,
    ) -> Result<Vec<Member<PayloadPart>>> {
        let type_name = contract::payload(&operation.name);
        let mut members = Vec::new();
        for part in self.document.fields(&field.sets, &[&type_name]) {
            self.enter(&part);
            let output = write.outputs.iter().enumerate().find(|(_, output)| output.name == part.name);
            let planned = match output.map(|(place, output)| (place, output.kind)) {
                Some((place, OutputKind::Record(object))) => {
                    let permit = self.caller.actor.permit(self.kith.object(object)?, Action::Read)?;
                    // The commit proves that the permit is still good.
                    let mut plan = Plan::new(permit.unconditional());
                    let shape = self.record(&mut plan, &part.sets, 1)?;
                    PayloadPart::Record(place, Box::new(plan), shape)
                }
                Some((place, OutputKind::Text)) => PayloadPart::Text(place),
                None if part.name == "userErrors" => {
                    let parts = self.document.fields(&part.sets, &[USER_ERROR]);
                    PayloadPart::Errors(parts.iter().map(Selected::of).collect())
                }
                None if part.name == TYPE_NAME => PayloadPart::Fixed(type_name.clone()),
                None => return Err(Code::InvalidQuery.into()),
            };
            self.leave();
            members.push(Member::new(part.key, planned));
        }
        Ok(members)
    }
}

impl Execution {
    /// Performs the mutations one after the other, and gives the data and the errors. The first one that fails otherwise
    /// than clients are expected to meet is the last: as a payload is never null, there is no data then.
    pub async fn perform_all(&self, mutations: Vec<Mutation>) -> Result<(Vec<u8>, Vec<Json>)> {
        let mut out = Vec::with_capacity(1_024);
        let mut caller = self.caller.clone();
        for (place, Mutation { key, at, planned }) in mutations.into_iter().enumerate() {
            begin(&mut out, &json_key(&key));
            let Some(planned) = planned else {
                push(&mut out, &MUTATION.into());
                continue;
            };
            match self.perform(place, planned, &mut caller, out.len()).await {
                Ok(payload) => out.extend_from_slice(&payload),
                // Nothing was done for a caller who is not known.
                Err(error) if error.code == Code::Unauthenticated && place == 0 => return Err(error),
                Err(error) => {
                    let request_id = &self.caller.actor.request_id;
                    problem::log(&error, request_id);
                    let error = error.with(error::PATH, vec![key]);
                    let error = error.with(error::LOCATIONS, error::locations([at]));
                    return Ok((b"null".to_vec(), error::told(&error, request_id)));
                }
            }
        }
        Ok((end(out), Vec::new()))
    }

    /// Performs the mutation at that place of the operation, and gives its payload. So many bytes are before it in the
    /// answer. The caller is known anew afterwards where the workspace's access has changed meanwhile.
    async fn perform(
        &self,
        place: usize,
        mut planned: Planned,
        caller: &mut Caller,
        before: usize,
    ) -> Result<Vec<u8>> {
        loop {
            let error = match self.attempt(place, &mut planned, caller, before).await {
                Ok(payload) => return Ok(payload),
                Err(Failure::Planning(error)) => return Err(error),
                Err(Failure::Performing(error)) if error.is_in_doubt() => return Err(error),
                Err(Failure::Performing(error)) => error,
            };
            // A cached credential that refuses may be stale, and then the error is another one.
            if caller.actor.remembered {
                let epoch = caller.actor.epoch;
                *caller = self.kith.reauthenticated(caller.clone()).await?;
                if caller.actor.epoch != epoch && error.code.is_about_access() {
                    planned = self.planned_for(caller, place)?;
                    continue;
                }
            }
            return if error.is_expected() { Ok(planned.refused(&error)) } else { Err(error) };
        }
    }

    async fn attempt(
        &self,
        place: usize,
        planned: &mut Planned,
        caller: &mut Caller,
        before: usize,
    ) -> Result<Vec<u8>, Failure> {
        let (operation, call) = (Arc::clone(&planned.operation), std::mem::take(&mut planned.call));
        let (actor, spent) = (caller.actor.clone(), self.budget.spent());
        let mut unplannable = false;
        let answer = async |mut work: Reading<'_>, produced: Vec<Product>| {
            self.budget.rewind(spent);
            if work.actor().epoch != caller.actor.epoch {
                caller.actor = work.actor().clone();
                let again = self.planned_for(caller, place);
                unplannable = again.is_err();
                *planned = again?;
            }
            let payload = planned.written(&mut work, &produced, caller, &self.budget).await?;
            self.budget.covers(before.saturating_add(payload.len()))?;
            Ok(payload)
        };
        let performed = self.kith.perform(&actor, &operation, &call, answer).await;
        performed.map_err(if unplannable { Failure::Planning } else { Failure::Performing })
    }

    /// The mutation at that place of the operation, planned for a caller as they are known now.
    fn planned_for(&self, caller: &Caller, place: usize) -> Result<Planned> {
        let set = &self.operation.definition()?.selection_set.node;
        let field = self.document().fields(&[set], &[MUTATION]).into_iter().nth(place);
        let mut planner = self.planner(caller);
        let mutation = planner.mutation(&field.ok_or(Code::InvalidQuery)?)?;
        planner.afford()?;
        mutation.planned.ok_or_else(|| Code::InvalidQuery.into())
    }
}

/// Why a mutation has no payload.
enum Failure {
    /// What it is to show cannot be planned for the caller as they are known by now.
    Planning(Error),
    /// It was refused, or has failed.
    Performing(Error),
}

impl Planned {
    /// The payload of what was written.
    async fn written(
        &mut self,
        work: &mut Reading<'_>,
        produced: &[Product],
        caller: &Caller,
        budget: &Budget,
    ) -> Result<Vec<u8>> {
        let seal = sealer(caller);
        let mut out = Vec::with_capacity(1_024);
        for Member { key, source } in &mut self.payload {
            begin(&mut out, key);
            match source {
                PayloadPart::Record(place, plan, shape) => {
                    let product = produced.get(*place).unwrap_or(&Product::Nothing);
                    match work.product(plan, product, budget).await? {
                        Some(table) => {
                            write_record(&mut out, plan, &table, 0, shape, Writer { seal: &seal, budget })?;
                        }
                        None => out.extend_from_slice(b"null"),
                    }
                }
                PayloadPart::Text(place) => match produced.get(*place) {
                    Some(Product::Text(text)) => push(&mut out, &Json::from(text.as_str())),
                    _ => out.extend_from_slice(b"null"),
                },
                PayloadPart::Errors(_) => out.extend_from_slice(b"[]"),
                PayloadPart::Fixed(text) => push(&mut out, &Json::from(text.as_str())),
            }
        }
        Ok(end(out))
    }

    /// The payload where the mutation was refused for a reason that clients are expected to meet.
    fn refused(&self, error: &Error) -> Vec<u8> {
        let mut out = Vec::new();
        for Member { key, source } in &self.payload {
            begin(&mut out, key);
            match source {
                PayloadPart::Record(..) | PayloadPart::Text(_) => out.extend_from_slice(b"null"),
                PayloadPart::Fixed(text) => push(&mut out, &Json::from(text.as_str())),
                PayloadPart::Errors(members) => {
                    let errors = error::user_errors(error);
                    let error = |error| members.iter().map(|member| member.member(error)).collect();
                    push(&mut out, &Json::Array(errors.iter().map(error).collect()));
                }
            }
        }
        end(out)
    }
}

impl Selected {
    fn of(field: &Collected<'_>) -> Self {
        Self { key: field.key.to_owned(), name: field.name.to_owned() }
    }

    fn member(&self, error: &Json) -> (String, Json) {
        let value = match self.name.as_str() {
            TYPE_NAME => USER_ERROR.into(),
            name => error.get(name).cloned().unwrap_or_default(),
        };
        (self.key.clone(), value)
    }
}

fn begin(out: &mut Vec<u8>, key: &str) {
    out.push(if out.is_empty() { b'{' } else { b',' });
    out.extend_from_slice(key.as_bytes());
}

fn push(out: &mut Vec<u8>, json: &Json) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, json);
}

fn end(mut out: Vec<u8>) -> Vec<u8> {
    out.extend_from_slice(if out.is_empty() { b"{}" } else { b"}" });
    out
}
