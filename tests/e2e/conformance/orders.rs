//! Orders and pages: whatever the order and the size of the pages, walking a list meets each record once, in the
//! oracle's order, forwards and backwards, at both doors.

use kernel::object::{Action, Object};
use proptest::{
    prelude::{Strategy, any},
    sample::subsequence,
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::{Map, Value as Json, json};

use super::{
    maker::Maker,
    oracle,
    world::{self, World},
};
use crate::support::{Caller, on_both, text};

/// So many records of an object are ordered.
const ROWS: usize = 8;
const SIZES: [usize; 4] = [1, 2, 7, 200];

/// The keys of an order, the descending ones marked.
type Keys<'a> = Vec<(&'a str, bool)>;

on_both! {
    async fn every_order_meets_every_record_once(stage) {
        world::populate(stage).await;
        let registry = stage.server.kith.registry();
        let world = World::seen_by(registry, &stage.owner).await;
        for object in registry.objects().iter().filter(|object| object.allows(Action::Read)) {
            let list = List::of(&stage.owner, &world, object);
            let sorted = object.attributes.iter().filter(|attribute| attribute.sort);
            let orders: Vec<Keys<'_>> = sorted
                .flat_map(|attribute| [vec![(attribute.name, false)], vec![(attribute.name, true)]])
                .collect();
            for size in SIZES {
                list.walk_graphql(&orders, size, false).await;
                list.walk_graphql(&orders, size, true).await;
            }
            // REST walks one order at a time: each is walked with two sizes, its opposite with the others.
            for (place, keys) in orders.iter().enumerate() {
                for size in if (place + place / 2) % 2 == 0 { [2, 200] } else { [1, 7] } {
                    list.walk_rest(keys, size).await;
                }
            }
        }
    }
}

on_both! {
    async fn orders_by_several_fields_meet_every_record_once(stage) {
        let registry = stage.server.kith.registry();
        let creatable = registry.objects().iter().filter(|object| object.allows(Action::Create));
        let object = creatable.max_by_key(|object| object.attributes.len()).unwrap();
        let mut maker = Maker::new(registry, &stage.owner);
        for variant in 0..60 {
            maker.make_variant(object, variant, Map::new()).await;
        }
        let world = World::seen_by(registry, &stage.owner).await;
        let list = List {
            rows: world.rows(object.name).iter().collect(),
            among: None,
            caller: &stage.owner,
            object,
        };
        let names: Vec<_> =
            object.attributes.iter().filter(|field| field.sort).map(|field| field.name).collect();
        let keys = subsequence(names, 1..=5).prop_shuffle().prop_flat_map(|names| {
            let directions = proptest::collection::vec(any::<bool>(), names.len());
            directions.prop_map(move |directions| names.iter().copied().zip(directions).collect::<Keys<'_>>())
        });
        let mut runner = TestRunner::default();
        for _ in 0..12 {
            let (keys, size) = (keys.clone(), 5..40usize).new_tree(&mut runner).unwrap().current();
            list.walk_rest(&keys, size).await;
            list.walk_graphql(std::slice::from_ref(&keys), size, false).await;
            list.walk_graphql(&[keys], size, true).await;
        }
    }
}

/// Some records of an object, as somebody lists them.
struct List<'a> {
    caller: &'a Caller,
    object: &'a Object,
    rows: Vec<&'a Json>,
    /// Which records are meant, where they are not all of the object's.
    among: Option<Json>,
}

impl<'a> List<'a> {
    fn of(caller: &'a Caller, world: &'a World<'_>, object: &'a Object) -> Self {
        let rows = world.sample(object, ROWS);
        let some = world.rows(object.name).len() > rows.len();
        let ids: Vec<_> = rows.iter().map(|row| &row["id"]).collect();
        Self { among: some.then(|| json!({ "id": { "in": ids } })), caller, object, rows }
    }

    fn expected(&self, keys: &Keys<'_>) -> Vec<String> {
        let mut rows = self.rows.clone();
        rows.sort_by(|one, other| oracle::order(self.object, keys, one, other));
        rows.iter().map(|row| text(&row["id"])).collect()
    }

    /// Walks to the end by `nextCursor` and back by `prevCursor`.
    async fn walk_rest(&self, keys: &Keys<'_>, size: usize) {
        let expected = self.expected(keys);
        let mut cursor = None;
        let mut pages = Vec::new();
        loop {
            let page = self.rest_page(keys, size, &cursor).await;
            let next = page["page"]["nextCursor"].as_str().map(str::to_owned);
            assert_eq!(page["page"]["hasMore"], next.is_some());
            pages.push(page);
            match next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let met: Vec<_> = pages.iter().flat_map(ids).collect();
        assert_eq!(met, expected, "REST, {} by {keys:?}, {size} at a time", self.object.plural);
        assert!(pages.len() <= expected.len().div_ceil(size).max(1), "a page at the end is empty");
        while let Some(page) = pages.pop() {
            let previous = page["page"]["prevCursor"].as_str().map(str::to_owned);
            assert_eq!(previous.is_some(), !pages.is_empty(), "{}", page["page"]);
            if let Some(before) = pages.last() {
                let page = self.rest_page(keys, size, &previous).await;
                let place = format!("REST, {} by {keys:?}, {size} at a time, backwards", self.object.plural);
                assert_eq!(ids(&page), ids(before), "{place}");
                assert_eq!(page["page"]["hasMore"], true, "{place}");
            }
        }
    }

    async fn rest_page(&self, keys: &Keys<'_>, size: usize, cursor: &Option<String>) -> Json {
        let sort: Vec<_> = keys
            .iter()
            .map(|(name, descending)| format!("{}{name}", if *descending { "-" } else { "" }))
            .collect();
        let mut path = format!("/v1/{}?fields=id&limit={size}&sort={}", self.object.path, sort.join(","));
        if let Some(among) = &self.among {
            path += &format!("&where={}", super::doors::encode(&among.to_string()));
        }
        if let Some(cursor) = cursor {
            path += &format!("&cursor={cursor}");
        }
        self.caller.get(&path).await.ok()
    }

    /// Walks by `first` and `after`, or by `last` and `before`, in all orders at once.
    async fn walk_graphql(&self, orders: &[Keys<'_>], size: usize, backward: bool) {
        let mut walks: Vec<Walk<'_>> =
            orders.iter().map(|keys| Walk { keys, cursor: None, met: Vec::new(), ended: false }).collect();
        // The cost of an operation is the sum of its pages.
        let together = (1_000 / size).clamp(1, 40);
        for walks in walks.chunks_mut(together) {
            while walks.iter().any(|walk| !walk.ended) {
                let mut left: Vec<_> = walks.iter_mut().filter(|walk| !walk.ended).collect();
                let data = self.graphql_pages(&left, size, backward).await;
                for (number, walk) in left.iter_mut().enumerate() {
                    walk.take(&data[format!("a{number}")], backward);
                    assert!(
                        walk.met.len() <= self.rows.len(),
                        "{} by {:?} has no end",
                        self.object.plural,
                        walk.keys
                    );
                }
            }
        }
        for walk in walks {
            let way = if backward { "last" } else { "first" };
            assert_eq!(
                walk.met,
                self.expected(walk.keys),
                "GraphQL, {} by {:?}, {way} {size}",
                self.object.plural,
                walk.keys
            );
        }
    }

    async fn graphql_pages(&self, walks: &[&mut Walk<'_>], size: usize, backward: bool) -> Json {
        let (of, way, bound) = match backward {
            false => (self.object.plural, "first", "after"),
            true => (self.object.plural, "last", "before"),
        };
        let page = |(number, walk): (usize, &&mut Walk<'_>)| {
            let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
            let order: Vec<_> = walk
                .keys
                .iter()
                .map(|(name, descending)| format!("{{ {name}: {} }}", direction(*descending)))
                .collect();
            let cursor =
                walk.cursor.as_ref().map(|cursor| format!(", {bound}: {cursor:?}")).unwrap_or_default();
            format!(
                "a{number}: {of}({way}: {size}{cursor}, where: $among, orderBy: [{}]) {{ nodes {{ id }} \
                 pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}",
                order.join(", ")
            )
        };
        let pages: Vec<_> = walks.iter().enumerate().map(page).collect();
        let query = format!("query($among: {}Filter) {{ {} }}", self.object.type_name, pages.join(" "));
        self.caller.graphql(&query, json!({ "among": self.among })).await
    }
}

/// A walk along a list.
struct Walk<'a> {
    keys: &'a Keys<'a>,
    cursor: Option<String>,
    met: Vec<String>,
    ended: bool,
}

impl Walk<'_> {
    fn take(&mut self, page: &Json, backward: bool) {
        let ids: Vec<_> = page["nodes"].as_array().unwrap().iter().map(|node| text(&node["id"])).collect();
        let (more, end) =
            if backward { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
        match backward {
            false => self.met.extend(ids),
            true => drop(self.met.splice(0..0, ids)),
        }
        self.cursor = page["pageInfo"][end].as_str().map(str::to_owned);
        self.ended = page["pageInfo"][more] == false;
    }
}

fn ids(page: &Json) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
}
