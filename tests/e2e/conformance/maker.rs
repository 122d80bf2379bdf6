//! Makes records of any object from its description alone: each value follows from its field's kind, limits and
//! flags. What only the object's rules know (the form of a text, a field that may not be left out) is learned
//! from the server's refusals.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kernel::{
    Registry,
    field::{Kind, List, Writing},
    object::{Attribute, Object, Ownership},
};
use serde_json::{Map, Value as Json};

use super::{
    doors::{Asked, Call, Door, Fault, Operation, Outcome},
    values,
};
use crate::support::{Caller, text};

/// So many records of an object are referred to; the others are not.
const REFERRED: usize = 3;

/// Makes records for somebody.
pub struct Maker<'r> {
    /// Who.
    pub caller: Caller,
    registry: &'r Registry,
    known: HashMap<&'static str, Vec<String>>,
    making: Vec<&'static str>,
    forms: HashMap<String, usize>,
    count: usize,
}

/// What the making of one record has come to.
#[derive(Clone, Default)]
struct Draft {
    /// Which values are taken; 0 gives every field one.
    variant: usize,
    /// The number of the record, for values that no other may have.
    count: usize,
    given: Map<String, Json>,
    /// Fields that the rules do not want.
    omitted: HashSet<String>,
    /// Fields that the rules want.
    wanted: HashSet<String>,
    /// Whether every text is to be one of its own.
    distinct: bool,
    /// References that are to lead to a new record.
    fresh: HashSet<String>,
    /// Items that the rules do not want in a list.
    shunned: HashSet<(String, String)>,
}

impl<'r> Maker<'r> {
    /// A maker for somebody.
    pub fn new(registry: &'r Registry, caller: &Caller) -> Self {
        Self {
            caller: caller.clone(),
            registry,
            known: HashMap::new(),
            making: Vec::new(),
            forms: HashMap::new(),
            count: 0,
        }
    }

    /// A new record with a value in every field that the rules allow.
    pub async fn make(&mut self, object: &Arc<Object>) -> Json {
        self.make_variant(object, 0, Map::new()).await
    }

    /// A new record of that user, along the chain of records it belongs to; none where only Kith makes such.
    pub async fn make_owned(&mut self, object: &Arc<Object>, user: &str) -> Option<Json> {
        if !object.allows(kernel::object::Action::Create) {
            return None;
        }
        let given = match object.ownership {
            Ownership::Shared => Map::new(),
            Ownership::Field(name) => Map::from_iter([(name.to_owned(), user.into())]),
            Ownership::Through(name) => {
                let parent = object.attribute(name)?.target()?;
                let parent = Arc::clone(self.registry.object(parent)?);
                let parent = Box::pin(self.make_owned(&parent, user)).await?;
                Map::from_iter([(name.to_owned(), parent["id"].clone())])
            }
        };
        Some(self.make_variant(object, 0, given).await)
    }

    /// A new record with these values, and others of that variant.
    pub async fn make_variant(
        &mut self,
        object: &Arc<Object>,
        variant: usize,
        given: Map<String, Json>,
    ) -> Json {
        let draft = self.draft(variant, given);
        self.made(object, draft).await.0
    }

    /// Refers to none of the records that it has made so far: they may be gone.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// A new record that no rule of its own keeps from being deleted: what only one has at a time, it does not have.
    pub async fn make_deletable(&mut self, object: &Arc<Object>, variant: usize) -> Json {
        let flags = object.only_one.iter().filter_map(|rule| object.at(rule.flag));
        let unmarked = flags.map(|flag| (flag.name.to_owned(), false.into())).collect();
        self.make_variant(object, variant, unmarked).await
    }

    /// An input that creates a record: one that differs from an input that did so only where it has to.
    pub async fn input(&mut self, object: &Arc<Object>, variant: usize) -> Map<String, Json> {
        let draft = self.draft(variant, Map::new());
        let (_, mut draft) = self.made(object, draft).await;
        self.count += 1;
        draft.count = self.count;
        for rule in &object.together {
            // What no two records share together differs in a text, or else in what it refers to.
            let mut fields = rule.fields.iter().filter_map(|field| object.at(*field));
            match fields.clone().any(|field| matches!(field.kind, Kind::Text(_))) {
                true => draft.distinct = true,
                false => draft.fresh.extend(fields.next_back().map(|field| field.name.to_owned())),
            }
        }
        self.making.push(object.name);
        let input = self.input_of(object, &draft).await;
        self.making.pop();
        input
    }

    /// Makes a record, and tells what the making came to.
    async fn made(&mut self, object: &Arc<Object>, mut draft: Draft) -> (Json, Draft) {
        let create = Call::of(self.registry, object, Operation::Create);
        self.making.push(object.name);
        for _ in 0..40 {
            let input = self.input_of(object, &draft).await;
            match create.ask(&self.caller, Door::Rest, &Asked::with(input.clone())).await {
                Outcome::Done(record) => {
                    self.making.pop();
                    let known = self.known.entry(object.name).or_default();
                    if known.len() < REFERRED {
                        known.push(text(&record["id"]));
                    }
                    return (record, draft);
                }
                Outcome::Refused(_, faults) => self.learn(object, &mut draft, &faults, &input),
            }
        }
        panic!("no {} can be made", object.name);
    }

    /// The id of a record to refer to; none where there is none and none can be made now.
    pub async fn reference(&mut self, target: &str, place: usize) -> Option<String> {
        let object = Arc::clone(self.registry.object(target)?);
        if self.count_of(&object) == 0 {
            let list = Call::of(self.registry, &object, Operation::Search);
            if let Outcome::Done(found) = list.ask(&self.caller, Door::Rest, &Asked::default()).await {
                let ids = found.as_array()?.iter().take(REFERRED).map(|record| text(&record["id"]));
                self.known.insert(object.name, ids.collect());
            }
        }
        let is_new = !self.making.contains(&object.name) && object.allows(kernel::object::Action::Create);
        while is_new && self.count_of(&object) < REFERRED {
            let variant = self.count_of(&object);
            Box::pin(self.make_variant(&object, variant, Map::new())).await;
        }
        let known = self.known.get(object.name)?;
        known.get(place % known.len().max(1)).cloned()
    }

    /// How many records of the object can be referred to.
    fn count_of(&self, object: &Object) -> usize {
        self.known.get(object.name).map_or(0, Vec::len)
    }

    fn draft(&mut self, variant: usize, given: Map<String, Json>) -> Draft {
        self.count += 1;
        Draft { variant, count: self.count, given, ..Draft::default() }
    }

    async fn input_of(&mut self, object: &Object, draft: &Draft) -> Map<String, Json> {
        let mut input = Map::new();
        for attribute in &object.attributes {
            let name = attribute.name;
            let is_set = attribute.writing != Writing::Computed && !matches!(attribute.kind, Kind::Id);
            let is_null = draft.variant > 0 && (draft.variant + attribute.index) % 4 == 3;
            let is_wanted = attribute.required || draft.wanted.contains(name);
            if let Some(given) = draft.given.get(name) {
                input.insert(name.to_owned(), given.clone());
            } else if is_set && !draft.omitted.contains(name) && (is_wanted || !is_null) {
                let value = self.value(object, attribute, draft).await;
                input.extend(value.map(|value| (name.to_owned(), value)));
            }
        }
        input
    }

    async fn value(&mut self, object: &Object, attribute: &Attribute, draft: &Draft) -> Option<Json> {
        let place = format!("{}/{}", object.name, attribute.name);
        let chosen = match draft.wanted.contains(attribute.name) {
            true => 0,
            // 7 shares no divisor with the number of values of any kind.
            false => draft.variant * 7 + attribute.index,
        };
        let own = (attribute.unique || draft.distinct).then_some(draft.count);
        match attribute.kind {
            Kind::List(list) => {
                let least = usize::from(attribute.required || draft.wanted.contains(attribute.name));
                let len = if draft.variant == 0 { 2 } else { (draft.variant + attribute.index) % 3 };
                let shunned =
                    |item: &Json| draft.shunned.contains(&(attribute.name.to_owned(), item.to_string()));
                let mut items = Vec::new();
                for position in 0..len.max(least) + draft.shunned.len() {
                    let item = self.item(attribute, list, &place, chosen, position, draft.count).await;
                    items.extend(item.filter(|item| !items.contains(item) && !shunned(item)));
                }
                (!items.is_empty()).then(|| items.into())
            }
            Kind::Reference(target) if draft.fresh.contains(attribute.name) => {
                let object = Arc::clone(self.registry.object(target)?);
                let made = Box::pin(self.make_variant(&object, draft.variant, Map::new())).await;
                Some(made["id"].clone())
            }
            Kind::Document => Some(values::document(attribute, chosen)),
            _ => self.scalar(attribute, &place, chosen, own).await,
        }
    }

    async fn item(
        &mut self,
        attribute: &Attribute,
        list: &List,
        place: &str,
        chosen: usize,
        position: usize,
        count: usize,
    ) -> Option<Json> {
        if let (true, Some(member)) = (list.plain, attribute.members.first()) {
            return self.scalar(member, place, chosen + position, None).await;
        }
        let mut item = Map::new();
        for member in &attribute.members {
            let place = format!("{place}/{}", member.name);
            let chosen = chosen + position + member.index;
            if list.primary == Some(member.name) {
                // The last of several, so that it is not the one that would be chosen anyway.
                if position == 1 {
                    item.insert(member.name.to_owned(), true.into());
                }
                continue;
            }
            let is_key = list.key.contains(&member.name);
            let is_own = is_key && list.unique || list.key.first() == Some(&member.name);
            let own = is_own.then_some(count * 10 + position);
            if member.required || !chosen.is_multiple_of(3) {
                let value = self.scalar(member, &place, chosen, own).await;
                item.extend(value.map(|value| (member.name.to_owned(), value)));
            }
        }
        Some(item.into())
    }

    async fn scalar(
        &mut self,
        attribute: &Attribute,
        place: &str,
        chosen: usize,
        own: Option<usize>,
    ) -> Option<Json> {
        match attribute.kind {
            Kind::Reference(target) => self.reference(target, chosen).await.map(Json::from),
            Kind::AnyReference => {
                let subjects: Vec<_> =
                    self.registry.objects().iter().filter(|object| object.is_subject).collect();
                let name = subjects[chosen % subjects.len().min(2)].name;
                self.reference(name, chosen).await.map(Json::from)
            }
            Kind::Text(max) => {
                let form = self.forms.get(place).copied().unwrap_or(0);
                Some(values::text_of(form, max, chosen, own).into())
            }
            _ => Some(values::scalar(attribute, chosen)),
        }
    }

    /// Takes from a refusal what to do otherwise.
    fn learn(&mut self, object: &Object, draft: &mut Draft, faults: &[Fault], input: &Map<String, Json>) {
        let mut reformed = HashSet::new();
        for fault in faults {
            let path: Vec<_> =
                fault.pointer.split('/').skip(1).filter(|part| part.parse::<usize>().is_err()).collect();
            let field = path.first().and_then(|name| object.attribute(name));
            let Some(attribute) = field.filter(|field| !draft.given.contains_key(field.name)) else {
                panic!("{}: {fault:?} in {input:?}", object.name);
            };
            let member =
                path.get(1).and_then(|name| attribute.members.iter().find(|member| member.name == *name));
            let plain = attribute.list().filter(|list| list.plain).and_then(|_| attribute.members.first());
            let holder = member.or(plain).unwrap_or(attribute);
            let place = format!("{}/{}", object.name, path.join("/"));
            let is_form = matches!(fault.code.as_str(), "wrong_type" | "unknown_value" | "out_of_range");
            let is_wish = matches!(fault.code.as_str(), "required" | "stage_requirement");
            let is_taken = fault.code == "not_unique";
            let item = input
                .get(attribute.name)
                .and_then(|list| list.pointer(fault.pointer.get(attribute.name.len() + 1..)?));
            if is_taken && matches!(attribute.kind, Kind::Text(_)) && !draft.distinct {
                draft.distinct = true;
                continue;
            }
            if is_taken
                && matches!(attribute.kind, Kind::Reference(_))
                && draft.fresh.insert(attribute.name.to_owned())
            {
                continue;
            }
            if let (Some(item), Some(_), "invalid") = (item, plain, fault.code.as_str())
                && draft.shunned.insert((attribute.name.to_owned(), item.to_string()))
            {
                continue;
            }
            let form = self.forms.get(&place).copied().unwrap_or(0);
            if is_wish && draft.wanted.insert(attribute.name.to_owned()) {
                draft.omitted.remove(attribute.name);
            } else if is_form && matches!(holder.kind, Kind::Text(_)) && form + 1 < values::FORMS {
                if reformed.insert(place.clone()) {
                    self.forms.insert(place, form + 1);
                }
            } else if !is_wish && (!attribute.required || attribute.preset.is_some()) {
                draft.omitted.insert(attribute.name.to_owned());
            } else {
                panic!("{}: {fault:?} in {input:?}", object.name);
            }
        }
    }
}
