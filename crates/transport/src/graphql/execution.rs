//! The execution of one valid operation: it is planned as a whole, then read, or done field by field.

use std::sync::Arc;

use app::{Caller, Kith};
use async_graphql::parser::types::{OperationType, SelectionSet};
use kernel::{
    Result,
    answer::{Budget, Table, Writer, write_connection, write_record},
    plan::Plan,
    text::json_key,
};
use serde_json::{Map, Value as Json};

use super::{
    Gateway,
    document::Document,
    mutation::MUTATION,
    operation::ParsedOperation,
    planner::{Answer, Planner, Root},
};
use crate::sealer;

/// An operation on its way.
pub struct Execution {
    /// Kith.
    pub kith: Kith,
    /// The caller.
    pub caller: Caller,
    /// The operation.
    pub operation: Arc<ParsedOperation>,
    /// The variables, defaults included.
    pub variables: Map<String, Json>,
    /// The endpoint it was sent to.
    pub gateway: Gateway,
    /// The budget of the answer and of all reads that it needs.
    pub budget: Budget,
}

/// The outcome of an operation.
pub struct Executed {
    /// The answer's data: JSON, `null` if a mutation has failed.
    pub data: Vec<u8>,
    /// The error of the mutation that has failed.
    pub errors: Vec<Json>,
    /// The number of records it may reach.
    pub cost: u64,
    /// Whether the database was asked, and so the credential proved.
    pub proved: bool,
}

impl Execution {
    /// An operation that is about to be executed.
    pub fn new(
        kith: Kith,
        caller: Caller,
        operation: Arc<ParsedOperation>,
        variables: Map<String, Json>,
        gateway: Gateway,
    ) -> Self {
        let budget = kith.budget();
        Self { kith, caller, operation, variables, gateway, budget }
    }

    /// The document with its variables.
    pub fn document(&self) -> Document<'_> {
        Document { document: &self.operation.document, variables: &self.variables }
    }

    /// A planner for this operation, as a caller may see it.
    pub fn planner<'a>(&'a self, caller: &'a Caller) -> Planner<'a> {
        let Gateway { schema, max_records, .. } = &self.gateway;
        Planner::new(&self.kith, caller, self.document(), &self.budget, schema.registry(), *max_records)
    }

    /// Whether it may be executed under a cached credential, and again from the start where that turns out to be stale:
    /// it reads, or it is one mutation, of which that holds.
    pub fn is_repeatable(&self) -> Result<bool> {
        let operation = self.operation.definition()?;
        if operation.ty != OperationType::Mutation {
            return Ok(true);
        }
        let fields = self.document().fields(&[&operation.selection_set.node], &[MUTATION]);
        let named = |name| self.kith.operations().named(name);
        Ok(match fields.as_slice() {
            [only] => named(only.name).is_some_and(|operation| operation.is_repeatable()),
            _ => false,
        })
    }

    /// Executes it.
    pub async fn run(&self) -> Result<Executed> {
        let operation = self.operation.definition()?;
        let set = &operation.selection_set.node;
        let mut planner = self.planner(&self.caller);
        if operation.ty == OperationType::Mutation {
            let mutations = planner.mutations(set)?;
            let cost = planner.cost();
            let (data, errors) = self.perform_all(mutations).await?;
            return Ok(Executed { data, errors, cost, proved: true });
        }
        let roots = planner.query(set).await?;
        let cost = planner.cost();
        let proved = roots.iter().any(|root| matches!(root.answer, Answer::One(..) | Answer::Many(..)));
        Ok(Executed { data: self.answer(&roots).await?, errors: Vec::new(), cost, proved })
    }

    /// What is selected of `me`.
    pub async fn me(&self, set: &SelectionSet) -> Result<Json> {
        self.planner(&self.caller).me(&[set]).await
    }

    /// Reads what a plan asks for, within the operation's budget.
    pub async fn read(&self, plan: &Plan) -> Result<Table> {
        self.kith.read(plan, &self.budget).await
    }

    async fn answer(&self, roots: &[Root]) -> Result<Vec<u8>> {
        let (seal, budget) = (sealer(&self.caller), &self.budget);
        let writer = Writer { seal: &seal, budget };
        let mut out = Vec::with_capacity(4_096);
        for root in roots {
            out.push(if out.is_empty() { b'{' } else { b',' });
            out.extend_from_slice(json_key(&root.key).as_bytes());
            match &root.answer {
                Answer::One(plan, shape) => {
                    let table = self.read(plan).await?;
                    if table.is_empty() {
                        out.extend_from_slice(b"null");
                    } else {
                        write_record(&mut out, plan, &table, 0, shape, writer)?;
                    }
                }
                Answer::Many(plan, connection) => {
                    let table = self.read(plan).await?;
                    let group = table.groups.first().copied().unwrap_or_default();
                    write_connection(&mut out, plan, &table, group, connection, writer)?;
                }
                Answer::Known(json) => out.extend_from_slice(json),
            }
        }
        out.extend_from_slice(if out.is_empty() { b"{}" } else { b"}" });
        Ok(out)
    }
}
