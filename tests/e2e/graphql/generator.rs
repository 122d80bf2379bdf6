//! Random queries over the registry: aliases, fragments, variables, directives, links, pages, predicates.

use kernel::{
    Registry,
    field::Kind,
    object::{Action, Attribute, Object},
};
use serde_json::{Map, Value as Json, json};

/// How many records a generated query may reach, a little below the server's limit.
const BUDGET: u32 = 900;

/// Makes the query of a seed.
pub struct Generator<'r> {
    registry: &'r Registry,
    state: u64,
    fragments: Vec<String>,
    variables: Vec<String>,
    values: Map<String, Json>,
    reached: u32,
    aliases: u32,
}

impl<'r> Generator<'r> {
    /// The generator of a seed.
    pub fn new(registry: &'r Registry, seed: u64) -> Self {
        Self {
            registry,
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1,
            fragments: Vec::new(),
            variables: Vec::new(),
            values: Map::new(),
            reached: 0,
            aliases: 0,
        }
    }

    /// A query and its variables.
    pub fn operation(mut self) -> (String, Json) {
        let objects: Vec<_> =
            self.registry.objects().iter().filter(|object| object.allows(Action::Read)).collect();
        let mut roots = vec!["__typename".to_owned()];
        for root in 0..=self.below(2) {
            let object = objects[self.below(objects.len())];
            let fields = self.connection(object, 1, 2);
            roots.push(format!("r{root}: {}{} {fields}", object.plural, self.arguments(object, 1).1));
        }
        let definitions = match self.variables.is_empty() {
            true => String::new(),
            false => format!("({})", self.variables.join(", ")),
        };
        let query = format!("query Q{definitions} {{ {} }} {}", roots.join(" "), self.fragments.join(" "));
        (query, Json::Object(self.values))
    }

    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// The arguments of a list, and how many records a page has.
    fn arguments(&mut self, object: &Object, parents: u32) -> (u32, String) {
        let most = (BUDGET.saturating_sub(self.reached) / parents.max(1)).clamp(1, 7);
        let size = 1 + self.below(most as usize) as u32;
        let way = if self.chance(25) { "last" } else { "first" };
        let mut arguments = vec![match self.chance(30) {
            true => format!("{way}: {}", self.variable("Int", json!(size))),
            false => format!("{way}: {size}"),
        }];
        if self.chance(40) {
            let keys: Vec<_> = object.attributes.iter().filter(|attribute| attribute.sort).collect();
            let key = keys[self.below(keys.len())].name;
            let direction = if self.chance(50) { "ASC" } else { "DESC" };
            arguments.push(format!("orderBy: [{{{key}: {direction}}}]"));
        }
        if self.chance(30) {
            let of = format!("{}Filter", object.type_name);
            let null = if self.chance(50) { "createdAt" } else { "id" };
            let predicate = match object.is_mutable() && null == "createdAt" {
                true => json!({ "createdAt": { "isNull": false } }),
                false => json!({ "not": { "id": { "in": [] } } }),
            };
            arguments.push(format!("where: {}", self.variable(&of, predicate)));
        }
        (size, format!("({})", arguments.join(", ")))
    }

    fn variable(&mut self, of: &str, value: Json) -> String {
        let name = format!("v{}", self.variables.len());
        // Every other variable relies on its default.
        if value.is_number() && self.chance(50) {
            self.variables.push(format!("${name}: {of} = {value}"));
        } else {
            self.variables.push(format!("${name}: {of}"));
            self.values.insert(name.clone(), value);
        }
        format!("${name}")
    }

    fn connection(&mut self, object: &Object, reached: u32, depth: usize) -> String {
        self.reached += reached;
        let mut parts = Vec::new();
        if self.chance(80) {
            parts.push(format!("nodes {}", self.record(object, reached, depth)));
        }
        if self.chance(30) {
            parts.push(format!("edges {{ cursor node {} }}", self.record(object, reached, 0)));
        }
        if self.chance(30) {
            parts.push("pageInfo { hasNextPage hasPreviousPage startCursor endCursor }".to_owned());
        }
        if self.chance(20) || parts.is_empty() {
            parts.push("totalCount totalIsCapped __typename".to_owned());
        }
        format!("{{ {} }}", parts.join(" "))
    }

    fn record(&mut self, object: &Object, reached: u32, depth: usize) -> String {
        let mut parts = Vec::new();
        for _ in 0..=self.below(4) {
            let attribute = &object.attributes[self.below(object.attributes.len())];
            parts.push(self.member(attribute));
        }
        for _ in 0..self.below(3) {
            if depth == 0 || object.links.is_empty() || self.reached + reached > BUDGET {
                break;
            }
            let link = &object.links[self.below(object.links.len())];
            let target = self.registry.target(link).unwrap().clone();
            let alias = self.alias();
            if link.is_one() {
                self.reached += reached;
                let selection = self.record(&target, reached, depth - 1);
                parts.push(format!("{alias}: {} {selection}", link.name));
            } else {
                let (size, arguments) = self.arguments(&target, reached);
                if self.reached + size * reached > BUDGET {
                    break;
                }
                let selection = self.connection(&target, size * reached, depth - 1);
                parts.push(format!("{alias}: {}{arguments} {selection}", link.name));
            }
        }
        let parts = parts.join(" ");
        match self.below(4) {
            0 => {
                let name = format!("F{}", self.fragments.len());
                self.fragments.push(format!("fragment {name} on {} {{ {parts} }}", object.type_name));
                format!("{{ id ...{name} }}")
            }
            1 => format!("{{ ... on {} {{ {parts} }} ... on Node {{ __typename id }} }}", object.type_name),
            _ => format!("{{ {parts} }}"),
        }
    }

    fn member(&mut self, attribute: &Attribute) -> String {
        let alias = if self.chance(30) { format!("{}: ", self.alias()) } else { String::new() };
        let directive = match self.below(10) {
            0 => format!(" @skip(if: {})", self.variable("Boolean!", json!(false))),
            1 => " @include(if: true)".to_owned(),
            _ => String::new(),
        };
        let members = match attribute.kind {
            Kind::Money => " { currency amount __typename }".to_owned(),
            Kind::List(list) if !list.plain => {
                let names: Vec<_> = list.members.iter().map(|member| member.name).collect();
                format!(" {{ {} }}", names.join(" "))
            }
            _ => String::new(),
        };
        // Without an alias the same field may stand twice; its selections are merged.
        format!("{alias}{}{directive}{members}", attribute.name)
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }
}
