//! What an operation that writes answers. It is planned before anything is written, so that all that can be wrong with
//! it is told by then, and written in the unit of work.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use app::{
    Caller, Kith,
    operation::{Output, OutputKind, Product, Reading},
};
use kernel::{
    Error, Result,
    actor::Actor,
    answer::{Budget, Shape, Writer, write_record},
    object::{Action, Object},
    plan::Plan,
    text::json_key,
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{
    reply::{json, location, set_tag, version_in, version_of},
    select::Selection,
};
use crate::sealer;

/// A planned answer.
pub struct PlannedAnswer<'a> {
    kith: &'a Kith,
    caller: &'a Caller,
    outputs: &'a [Output],
    /// Whether it is the one record itself, rather than the outputs by their names.
    is_bare: bool,
    selection: Selection,
    /// The epoch of the access under which it is planned.
    epoch: Option<i64>,
    /// The records among the outputs; none where the caller may not read them.
    planned: Vec<Option<PlannedRecord>>,
}

/// A planned record.
struct PlannedRecord {
    object: Arc<Object>,
    plan: Plan,
    shape: Shape,
    version: Option<usize>,
}

/// What was written.
pub struct Written {
    body: Vec<u8>,
    /// The records in it, with their versions; the records of a log have none.
    records: Vec<(Arc<Object>, Uuid, Option<i64>)>,
}

impl<'a> PlannedAnswer<'a> {
    /// Plans the answer.
    pub fn plan(
        kith: &'a Kith,
        caller: &'a Caller,
        outputs: &'a [Output],
        is_bare: bool,
        selection: Selection,
    ) -> Result<Self> {
        let (epoch, planned) = (None, Vec::new());
        let mut answer = Self { kith, caller, outputs, is_bare, selection, epoch, planned };
        answer.plan_for(&caller.actor)?;
        Ok(answer)
    }

    fn plan_for(&mut self, actor: &Actor) -> Result<()> {
        self.epoch = actor.epoch;
        let plan = |output: &Output| {
            let OutputKind::Record(object) = output.kind else { return Ok(None) };
            let object = self.kith.object(object)?;
            let permit = match actor.permit(object, Action::Read) {
                Ok(permit) => permit,
                // What a command does is done, whether its caller may see it or not.
                Err(_) if !self.is_bare => return Ok(None),
                Err(error) => return Err(error),
            };
            // The commit proves that the permit is still good.
            let mut plan = Plan::new(permit.unconditional());
            let shape = self.selection.shape(&mut plan)?;
            let version = version_of(&mut plan);
            Ok(Some(PlannedRecord { object: Arc::clone(object), plan, shape, version }))
        };
        self.planned = self.outputs.iter().map(plan).collect::<Result<_>>()?;
        Ok(())
    }

    /// Writes the answer.
    pub async fn write(&mut self, mut work: Reading<'_>, produced: &[Product]) -> Result<Written> {
        if work.actor().epoch != self.epoch {
            self.plan_for(work.actor())?;
        }
        let budget = self.kith.budget();
        let mut written = Written { body: Vec::with_capacity(1024), records: Vec::new() };
        let outputs = self.outputs.iter().zip(&mut self.planned).zip(produced);
        for (index, ((output, planned), product)) in outputs.enumerate() {
            if !self.is_bare {
                written.body.push(if index == 0 { b'{' } else { b',' });
                written.body.extend_from_slice(json_key(output.name).as_bytes());
            }
            let is_shown = match (planned, product) {
                (Some(planned), product) => {
                    written.add(self.caller, &mut work, planned, product, &budget).await?
                }
                (None, Product::Text(text)) => {
                    written.body.extend_from_slice(Json::from(text.as_str()).to_string().as_bytes());
                    true
                }
                (None, _) => false,
            };
            match is_shown {
                true => {}
                false if self.is_bare => {
                    return Err(Error::internal("a record that was written cannot be read"));
                }
                false => written.body.extend_from_slice(b"null"),
            }
        }
        match self.is_bare {
            false if written.body.is_empty() => written.body.extend_from_slice(b"{}"),
            false => written.body.push(b'}'),
            true => {}
        }
        Ok(written)
    }
}

impl Written {
    /// Adds a record; false where the caller may not see it.
    async fn add(
        &mut self,
        caller: &Caller,
        work: &mut Reading<'_>,
        planned: &mut PlannedRecord,
        product: &Product,
        budget: &Budget,
    ) -> Result<bool> {
        let PlannedRecord { object, plan, shape, version } = planned;
        let Some(table) = work.product(plan, product, budget).await? else { return Ok(false) };
        let writer = Writer { seal: &sealer(caller), budget };
        write_record(&mut self.body, plan, &table, 0, shape, writer)?;
        if let Some(id) = product.id() {
            self.records.push((Arc::clone(object), id, version_in(&table, *version)?));
        }
        Ok(true)
    }

    /// The response. Of one record it tells the version, and of a new one where it is found.
    pub fn response(self, status: StatusCode) -> HttpResponse {
        let mut response = json(status);
        if let [(object, id, version)] = self.records.as_slice() {
            set_tag(&mut response, *version);
            if status != StatusCode::OK {
                response.insert_header((header::LOCATION, location(object, *id)));
            }
        }
        response.body(self.body)
    }
}
