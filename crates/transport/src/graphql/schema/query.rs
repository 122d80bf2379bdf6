//! The fields of `Query`: one record and a list of every object, any record by its id, the views and the
//! collections.

use app::{
    contract,
    view::{COLLECTIONS, VIEWS},
};
use async_graphql::dynamic::{Field, InputValue, Object as Type, TypeRef};
use kernel::{Registry, object::Action, text::pascal};
use std::sync::Arc;

use super::{
    NODE, Types,
    output::{deleted, paged, part},
};
use crate::graphql::{me, resolve};

/// Registers them.
pub fn register(types: &mut Types, registry: &Registry) {
    let node = Field::new("node", TypeRef::named(NODE), resolve::node).argument(id());
    let mut query =
        Type::new("Query").field(node.description("The record of that id; null if there is none."));
    query = query.field(me::register(types));
    for object in registry.objects().iter().filter(|object| object.allows(Action::Read)) {
        let of = Arc::clone(object);
        let one = Field::new(object.name, TypeRef::named(&object.type_name), move |ctx| {
            resolve::by_id(ctx, Arc::clone(&of))
        });
        query = query.field(
            one.argument(id()).description(format!("The {} of that id; null if there is none.", object.name)),
        );
        let of = Arc::clone(object);
        let connection = TypeRef::named_nn(format!("{}Connection", object.type_name));
        let many = Field::new(object.plural, connection, move |ctx| resolve::list(ctx, Arc::clone(&of)));
        query = query.field(paged(many, object).description(object.doc));
    }
    for view in VIEWS {
        let field =
            Field::new(view.name, TypeRef::named(pascal(view.name)), move |ctx| resolve::view(ctx, view));
        query = query.field(field.argument(id()).description(view.doc));
    }
    for collection in COLLECTIONS {
        let connection = TypeRef::named_nn(format!("{NODE}Connection"));
        let field = Field::new(collection.name, connection, move |ctx| resolve::collection(ctx, collection));
        let json = |name, doc: &str| InputValue::new(name, TypeRef::named(contract::JSON)).description(doc);
        let field = part(field.argument(id()))
            .argument(json("where", "The filter over their object. Default: all records."))
            .argument(json("orderBy", "The order: `[{\"createdAt\":\"DESC\"}]`. Default: the newest first."))
            .argument(deleted());
        query = query.field(field.description(collection.doc));
    }
    types.add(query);
}

fn id() -> InputValue {
    InputValue::new("id", TypeRef::named_nn(TypeRef::ID)).description("The record's id.")
}
