//! Where plans take the place of the executor: after async-graphql has validated the document, a query
//! over the registry is run as plans, and its answer's bytes are left for the handler to send as they are.

use std::sync::{Arc, Mutex, PoisonError};

use app::{Caller, Kith};
use async_graphql::{
    Response,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
    parser::types::{OperationType, SelectionSet},
};
use kernel::{
    Error, Result,
    answer::{Budget, Table, Writer, write_connection, write_record},
    plan::Plan,
};

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{
    Gateway,
    document::Document,
    operation::Operation,
    planner::{Answer, Planner, Root},
};

/// A request on its way.
pub struct Ask {
    /// Kith.
    pub kith: Kith,
    /// Who asks.
    pub caller: Caller,
    /// What is asked.
    pub operation: Arc<Operation>,
    /// The variables, defaults included.
    pub variables: Map<String, Json>,
    /// The endpoint that it is asked of.
    pub gateway: Gateway,
    /// What all reads of the operation draw on, and its answer.
    pub budget: Budget,
    outcome: Mutex<Outcome>,
}

/// What became of a request.
#[derive(Default)]
pub struct Outcome {
    /// Whether the document was valid.
    pub validated: bool,
    /// The answer's data, where plans made it.
    pub data: Option<Vec<u8>>,
    /// Why the operation was refused before it ran.
    pub refusal: Option<Error>,
    /// How many records it may reach.
    pub cost: u64,
    /// Whether the store was asked.
    pub asked: bool,
}

impl Ask {
    /// A request.
    pub fn new(
        kith: Kith,
        caller: Caller,
        operation: Arc<Operation>,
        variables: Map<String, Json>,
        gateway: Gateway,
    ) -> Self {
        let budget = kith.budget();
        Self { kith, caller, operation, variables, gateway, budget, outcome: Mutex::default() }
    }

    fn planner(&self) -> Planner<'_> {
        let Gateway { schema, max_records, .. } = &self.gateway;
        Planner::new(&self.kith, &self.caller, self.document(), &self.budget, schema.registry(), *max_records)
    }

    /// The document with its variables.
    pub fn document(&self) -> Document<'_> {
        Document { document: &self.operation.document, variables: &self.variables }
    }

    /// What became of it.
    pub fn outcome(&self) -> Outcome {
        std::mem::take(&mut *self.outcome.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, note: impl FnOnce(&mut Outcome)) {
        note(&mut self.outcome.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Compiles the operation and runs it, if it is a query over the registry; says whether it did.
    pub async fn run(&self) -> Result<bool> {
        let operation = self.operation.definition()?;
        let mut planner = self.planner();
        let set = &operation.selection_set.node;
        let roots = match operation.ty {
            OperationType::Query => Some(planner.query(set).await?),
            OperationType::Mutation => planner.mutation(set).map(|()| None)?,
            OperationType::Subscription => None,
        };
        let cost = planner.cost();
        self.note(|outcome| outcome.cost = cost);
        let Some(roots) = roots.filter(|_| !self.gateway.field_by_field) else { return Ok(false) };
        let data = self.answer(&roots).await?;
        let asked = roots.iter().any(|root| matches!(root.answer, Answer::One(..) | Answer::Many(..)));
        self.note(|outcome| (outcome.data, outcome.asked) = (Some(data), asked));
        Ok(true)
    }

    /// What is selected of `me`.
    pub async fn me(&self, set: &SelectionSet) -> Result<Json> {
        self.planner().me(&[set]).await
    }

    /// A record that was just written, with all that is selected of it.
    pub async fn record(&self, object: &str, id: Uuid, set: &SelectionSet) -> Result<Option<Json>> {
        let mut planner = self.planner();
        let (plan, shape) = planner.written(self.kith.object(object)?, id, set)?;
        let table = self.read(&plan).await?;
        if table.is_empty() {
            return Ok(None);
        }
        let seal =
            |plan: &Plan, keys: &[kernel::Value], backward: bool| self.caller.seal.seal(plan, keys, backward);
        let mut out = Vec::new();
        write_record(&mut out, &plan, &table, 0, &shape, Writer { seal: &seal, budget: &self.budget })?;
        serde_json::from_slice(&out).map(Some).map_err(|error| Error::internal(error))
    }

    /// Reads what a plan asks for, within the operation's budget.
    pub async fn read(&self, plan: &Plan) -> Result<Table> {
        self.kith.read(plan, &self.budget).await
    }

    async fn answer(&self, roots: &[Root]) -> Result<Vec<u8>> {
        let seal =
            |plan: &Plan, keys: &[kernel::Value], backward: bool| self.caller.seal.seal(plan, keys, backward);
        let budget = &self.budget;
        let mut out = Vec::with_capacity(4_096);
        out.push(b'{');
        for (index, root) in roots.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(serde_json::Value::from(root.key.as_str()).to_string().as_bytes());
            out.push(b':');
            match &root.answer {
                Answer::One(plan, shape) => {
                    let table = self.read(plan).await?;
                    if table.is_empty() {
                        out.extend_from_slice(b"null");
                    } else {
                        write_record(&mut out, plan, &table, 0, shape, Writer { seal: &seal, budget })?;
                    }
                }
                Answer::Many(plan, connection) => {
                    let table = self.read(plan).await?;
                    let group = table.groups.first().copied().unwrap_or_default();
                    write_connection(
                        &mut out,
                        plan,
                        &table,
                        group,
                        connection,
                        Writer { seal: &seal, budget },
                    )?;
                }
                Answer::Known(json) => out.extend_from_slice(json),
            }
        }
        out.push(b'}');
        Ok(out)
    }
}

/// Makes the extension of each request.
pub struct Plans;

impl ExtensionFactory for Plans {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Plans)
    }
}

#[async_trait::async_trait]
impl Extension for Plans {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let Some(ask) = ctx.data_opt::<Arc<Ask>>() else { return next.run(ctx, name).await };
        ask.note(|outcome| outcome.validated = true);
        match ask.run().await {
            Ok(true) => Response::default(),
            Ok(false) => next.run(ctx, name).await,
            Err(error) => {
                ask.note(|outcome| outcome.refusal = Some(error));
                Response::default()
            }
        }
    }
}
