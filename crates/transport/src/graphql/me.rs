//! `me`: who the caller is and what they may do.

use app::{
    contract::{ME as TYPE, PERMISSION, PERMITTED_ACTION as ACTION, PERMITTED_ROWS as ROWS},
    me::{DOC, MEMBERS, Permission},
};
use async_graphql::{
    dynamic::{Enum, Field, Object as Type, TypeRef},
    parser::types::SelectionSet,
};
use kernel::{
    Error, Result,
    answer::{Writer, write_record},
    object::Action,
    plan::Plan,
    role::Rows,
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{planner::Planner, resolve, schema::Types};
use crate::sealer;

/// The root field.
pub const ME: &str = "me";

/// Registers the types of its answer, and gives the root field.
pub fn register(types: &mut Types) -> Field {
    let me = MEMBERS.iter().fold(Type::new(TYPE).description(DOC), |me, (name, doc)| {
        let of = match *name {
            "user" => TypeRef::named_nn("User"),
            "workspace" => TypeRef::named_nn("Workspace"),
            "permissions" => TypeRef::named_nn_list_nn(PERMISSION),
            _ => TypeRef::named_nn(TypeRef::STRING),
        };
        let field = match *name {
            "user" | "workspace" => Field::new(*name, of, |ctx| resolve::own(ctx, name)),
            _ => Field::new(*name, of, |ctx| resolve::known(&ctx, *name == "permissions")),
        };
        me.field(field.description(*doc))
    });
    let permission =
        Type::new(PERMISSION).description("The caller's permission for the records of an object.");
    let permission = Permission::DOCS.iter().fold(permission, |permission, (name, doc)| {
        let of = match *name {
            "actions" => TypeRef::named_nn_list_nn(ACTION),
            "rows" => TypeRef::named_nn(ROWS),
            "closedFields" => TypeRef::named_nn_list_nn(TypeRef::STRING),
            _ => TypeRef::named_nn(TypeRef::STRING),
        };
        permission.field(Field::new(*name, of, |ctx| resolve::known(&ctx, false)).description(*doc))
    });
    let actions = Enum::new(ACTION).description("An action on records.");
    types.add(actions.items(Action::ALL.iter().map(|action| action.as_str())));
    let rows = Enum::new(ROWS).description("With which records something may be done.");
    types.add(rows.items(Rows::NAMES));
    types.add(permission);
    types.add(me);
    Field::new(ME, TypeRef::named_nn(TYPE), resolve::me).description(DOC)
}

impl<'a> Planner<'a> {
    /// What is selected of `me`, read right away: it is of two records that no link leads between.
    pub async fn me(&mut self, sets: &[&'a SelectionSet]) -> Result<Json> {
        let actor = &self.caller.actor;
        let mut me = Map::new();
        for part in self.document.fields(sets, &[TYPE]) {
            let value = match part.name {
                "user" => self.record_of(actor.user, "user", &part.sets).await?,
                "workspace" => self.record_of(actor.workspace, "workspace", &part.sets).await?,
                "role" => actor.access.role().name.into(),
                "permissions" => self.permissions(&part.sets),
                _ => TYPE.into(),
            };
            me.insert(part.key.to_owned(), value);
        }
        Ok(Json::Object(me))
    }

    async fn record_of(&mut self, id: Uuid, object: &str, sets: &[&'a SelectionSet]) -> Result<Json> {
        let permit = self.caller.actor.permit(self.kith.object(object)?, Action::Read)?;
        let mut plan = Plan::by_id(permit, id);
        let shape = self.record(&mut plan, sets, 1)?;
        self.reach(1);
        self.afford()?;
        let table = self.kith.read(&plan, self.budget).await?;
        if table.is_empty() {
            return Ok(Json::Null);
        }
        let mut out = Vec::new();
        let writer = Writer { seal: &sealer(self.caller), budget: self.budget };
        write_record(&mut out, &plan, &table, 0, &shape, writer)?;
        serde_json::from_slice(&out).map_err(|error| Error::internal(error))
    }

    fn permissions(&self, sets: &[&'a SelectionSet]) -> Json {
        let parts = self.document.fields(sets, &[PERMISSION]);
        let selected = |permission: Permission| {
            let whole = json!(permission);
            let part = |name: &str| {
                if name == "__typename" {
                    PERMISSION.into()
                } else {
                    whole.get(name).cloned().unwrap_or_default()
                }
            };
            let members = parts.iter().map(|field| (field.key.to_owned(), part(field.name)));
            Json::Object(members.collect())
        };
        let permissions = self.kith.permissions(&self.caller.actor);
        Json::Array(permissions.into_iter().map(selected).collect())
    }
}
