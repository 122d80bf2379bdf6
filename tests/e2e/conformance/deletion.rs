//! Deleting a record does to those that refer to it what the reference declares, at both doors.

use std::sync::Arc;

use kernel::{
    Registry,
    field::{Kind, Writing},
    object::{Action, Attribute, Object},
    reference::OnDelete,
};
use serde_json::{Map, Value as Json, json};

use super::{
    doors::{Asked, Call, Door, Operation, Outcome},
    maker::Maker,
};
use crate::support::{Caller, on_both, text};

/// A reference, and who looks at it.
struct Walk<'a> {
    caller: &'a Caller,
    registry: &'a Registry,
    /// What refers.
    child: &'a Arc<Object>,
    field: &'a Attribute,
    /// What is referred to.
    parent: &'a Arc<Object>,
}

on_both! {
    async fn what_refers_to_a_deleted_record_does_as_declared(stage) {
        let registry = stage.server.kith.registry();
        let mut maker = Maker::new(registry, &stage.owner);
        let mut met = Vec::new();
        for child in registry.objects() {
            for field in child.attributes.iter() {
                let Kind::Reference(target) = field.kind else { continue };
                let parent = registry.object(target).unwrap();
                let is_made = child.allows(Action::Create) && field.writing != Writing::Computed;
                if !is_made || !parent.allows(Action::Create) || !parent.allows(Action::Delete) {
                    assert_eq!(field.on_delete, OnDelete::Keep, "{}.{} is not tried", child.name, field.name);
                    continue;
                }
                let walk = Walk { caller: &stage.owner, registry, child, field, parent };
                for door in Door::BOTH {
                    walk.along(&mut maker, door).await;
                }
                met.push(field.on_delete);
            }
        }
        for on_delete in [OnDelete::Keep, OnDelete::Restrict, OnDelete::Cascade] {
            assert!(met.contains(&on_delete), "nothing is declared {on_delete:?}");
        }
    }
}

impl Walk<'_> {
    async fn along(&self, maker: &mut Maker<'_>, door: Door) {
        maker.forget();
        let parent = maker.make_deletable(self.parent, 0).await;
        let refers = Map::from_iter([(self.field.name.to_owned(), parent["id"].clone())]);
        let gone_before = maker.make_variant(self.child, 1, refers.clone()).await;
        let child = maker.make_variant(self.child, 0, refers).await;
        self.done(Operation::Delete, self.child, door, &gone_before).await;
        match self.field.on_delete {
            OnDelete::Keep => self.kept(door, &parent, &child).await,
            OnDelete::Restrict => self.refused(door, &parent, &child).await,
            OnDelete::Cascade => self.deleted_along(door, &parent, &child).await,
        }
        for door in Door::BOTH {
            let outcome = self.ask(Operation::Get, self.child, door, &gone_before).await;
            assert_eq!(outcome.code(), "not_found", "{}: what went before stays so", self.name());
        }
    }

    /// The child stays as it is, and its link shows nothing until the parent is there again.
    async fn kept(&self, door: Door, parent: &Json, child: &Json) {
        self.done(Operation::Delete, self.parent, door, parent).await;
        self.shown(child).await;
        self.links_to(child, &Json::Null).await;
        self.done(Operation::Restore, self.parent, door.other(), parent).await;
        self.shown(child).await;
        self.links_to(child, &parent["id"]).await;
    }

    /// The parent stays, and the refusal says what refers to it.
    async fn refused(&self, door: Door, parent: &Json, child: &Json) {
        let before = self.caller.trace().await;
        let outcome = self.ask(Operation::Delete, self.parent, door, parent).await;
        assert_eq!(outcome.code(), "illegal_state", "{}", self.name());
        let reply = self.caller.delete(&self.path(self.parent, parent)).await.refused(409, "illegal_state");
        assert_eq!(reply["referring"], json!({ self.child.plural: 1 }), "{}", self.name());
        assert_eq!(self.caller.trace().await, before, "{}", self.name());
        self.done(Operation::Delete, self.child, door, child).await;
        self.done(Operation::Delete, self.parent, door, parent).await;
        let outcome = self.ask(Operation::Restore, self.child, door, child).await;
        assert_eq!(outcome.code(), "reference_not_found", "{}", self.name());
        self.done(Operation::Restore, self.parent, door, parent).await;
        let outcome = self.ask(Operation::Get, self.child, door, child).await;
        assert_eq!(outcome.code(), "not_found", "{}: it does not come back by itself", self.name());
    }

    /// The child goes and comes back along, caused by the parent's event.
    async fn deleted_along(&self, door: Door, parent: &Json, child: &Json) {
        let gone = self.done(Operation::Delete, self.parent, door, parent).await;
        let by_id = json!({ "id": { "eq": child["id"] } });
        let asked = Asked { predicate: Some(by_id), deleted: Some("ONLY"), ..Asked::default() };
        for door in Door::BOTH {
            let outcome = self.ask(Operation::Get, self.child, door, child).await;
            assert_eq!(outcome.code(), "not_found", "{}", self.name());
            let list = Call::of(self.registry, self.child, Operation::Search);
            let found = list.ask(self.caller, door, &asked).await.done();
            assert_eq!(found[0]["deletedAt"], gone["deletedAt"], "{}: {found}", self.name());
        }
        self.caused("DELETE", parent, child).await;
        let outcome = self.ask(Operation::Restore, self.child, door, child).await;
        assert_eq!(outcome.code(), "reference_not_found", "{}: not without the other", self.name());

        let back = self.done(Operation::Restore, self.parent, door.other(), parent).await;
        let mut expected = child.clone();
        expected["version"] = json!(child["version"].as_i64().unwrap() + 2);
        expected["updatedAt"] = back["updatedAt"].clone();
        self.shown(&expected).await;
        self.caused("RESTORE", parent, child).await;
    }

    /// The last event of the child is of that operation, and caused by the parent's.
    async fn caused(&self, operation: &str, parent: &Json, child: &Json) {
        let last = async |record: &Json| {
            let path = format!("/v1/events?filter[recordId]={}&sort=-seq&limit=1", text(&record["id"]));
            self.caller.get(&path).await.ok()["items"][0].clone()
        };
        let (cause, event) = (last(parent).await, last(child).await);
        let told = [&event["op"], &event["causeSeq"], &event["depth"], &event["requestId"]];
        let expected = [&json!(operation), &cause["seq"], &json!(1), &cause["requestId"]];
        assert_eq!(told, expected, "{}: {event}", self.name());
    }

    async fn shown(&self, record: &Json) {
        for door in Door::BOTH {
            let shown = self.done(Operation::Get, self.child, door, record).await;
            assert_eq!(shown, *record, "{}", self.name());
        }
    }

    async fn links_to(&self, child: &Json, expected: &Json) {
        let link = self.field.link_name().unwrap();
        let (one, id) = (self.child.name, text(&child["id"]));
        let path = format!("{}?include={link}", self.path(self.child, child));
        let by_rest = self.caller.get(&path).await.ok();
        let query = format!("query($id: ID!) {{ {one}(id: $id) {{ {link} {{ id }} }} }}");
        let by_graphql = self.caller.graphql(&query, json!({ "id": id })).await;
        let shown = [&by_rest[&link]["id"], &by_graphql[one][&link]["id"]];
        assert_eq!(shown, [expected, expected], "{}: {by_rest} {by_graphql}", self.name());
    }

    async fn ask(
        &self,
        operation: Operation<'_>,
        object: &Arc<Object>,
        door: Door,
        record: &Json,
    ) -> Outcome {
        let about = Asked::about(record["id"].as_str().unwrap());
        Call::of(self.registry, object, operation).ask(self.caller, door, &about).await
    }

    async fn done(&self, operation: Operation<'_>, object: &Arc<Object>, door: Door, record: &Json) -> Json {
        match self.ask(operation, object, door, record).await {
            Outcome::Done(json) => json,
            refused => panic!("{}, {} of {record}: {refused:?}", self.name(), object.name),
        }
    }

    fn path(&self, object: &Object, record: &Json) -> String {
        format!("/v1/{}/{}", object.path, text(&record["id"]))
    }

    fn name(&self) -> String {
        format!("{}.{}", self.child.name, self.field.name)
    }
}
