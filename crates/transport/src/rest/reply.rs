//! Records as JSON, read with the caller's own leave, and the headers that go with them.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use kernel::{
    Permit, Result,
    answer::{Shape, Table, Writer, write_record},
    id::TypeId,
    object::Object,
    plan::{Deleted, Plan},
    system,
    value::Cell,
};
use uuid::Uuid;

use super::{Ask, precondition::tag, select::Selection};
use crate::sealer;

/// A record as the client sees it.
pub struct Shown {
    /// Its JSON.
    pub json: Vec<u8>,
    /// Its version; none for the records of a log.
    pub version: Option<i64>,
}

impl Ask<'_> {
    /// Reads one record; none where the caller does not see it.
    pub async fn shown(
        &self,
        permit: Permit,
        id: Uuid,
        selection: &Selection,
        deleted: Deleted,
    ) -> Result<Option<Shown>> {
        let mut plan = Plan::by_id(permit, id);
        plan.deleted = deleted;
        let shape = selection.shape(&mut plan)?;
        self.shown_by(&mut plan, &shape).await
    }

    /// Reads the one record of a plan.
    pub async fn shown_by(&self, plan: &mut Plan, shape: &Shape) -> Result<Option<Shown>> {
        let version = version_of(plan);
        let budget = self.kith.budget();
        let table = self.kith.read(plan, &budget).await?;
        if table.is_empty() {
            return Ok(None);
        }
        let mut json = Vec::with_capacity(1024);
        let writer = Writer { seal: &sealer(&self.caller), budget: &budget };
        write_record(&mut json, plan, &table, 0, shape, writer)?;
        Ok(Some(Shown { json, version: version_in(&table, version)? }))
    }

    /// What `fields` and `include` of the query ask for.
    pub fn take_selection(&mut self) -> Result<Selection> {
        let (fields, include) = (self.parameters.take_names("fields"), self.parameters.take_names("include"));
        let selection = Selection::parse(&fields, &include);
        Ok(self.parameters.faults.note("include", selection)?.unwrap_or_default())
    }
}

/// Where the plan reads the version. The records of a log never change; what some call a version is that of
/// another record.
pub fn version_of(plan: &mut Plan) -> Option<usize> {
    let field = plan.object().index(system::VERSION.def.name).filter(|_| plan.object().is_mutable());
    field.map(|field| plan.column(field))
}

/// The version of the one record of a table, where its plan reads it.
pub fn version_in(table: &Table, column: Option<usize>) -> Result<Option<i64>> {
    Ok(match column.map(|column| table.cell(0, column)).transpose()? {
        Some(Cell::Integer(version)) => Some(version),
        _ => None,
    })
}

/// An answer in JSON that nobody keeps.
pub fn json(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json").insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

/// Tells the version of the one record that is answered.
pub fn set_tag(response: &mut HttpResponseBuilder, version: Option<i64>) {
    if let Some(version) = version {
        response.insert_header((header::ETAG, tag(version)));
    }
}

/// Where a record is found.
pub fn location(object: &Object, id: Uuid) -> String {
    format!("/v1/{}/{}", object.path, TypeId { prefix: &object.prefix, uuid: id })
}
