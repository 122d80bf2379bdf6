//! What of a document's values async-graphql 7.2.1 takes too easily or too hard: literals of the wrong kind, and
//! variables where their types do not fit (GraphQL specification, sections 5.6 and 5.8). All that is wrong is told
//! at once. What is meant gets one form: a single literal becomes a list of one, a whole number an id.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition,
        OperationType, Selection, SelectionSet, Type,
    },
    registry::{MetaInputValue, MetaType, MetaTypeName, Registry},
};
use async_graphql_value::{Number, Value};
use kernel::{Code, error::Violation};

use super::{
    error::{self, MAX_FAULTS},
    guard::Aside,
};

/// What a definition of a document says with its values.
#[derive(Default)]
pub struct Said {
    /// The fragments it spreads.
    spreads: Vec<Name>,
    /// Where variables stand in it.
    uses: Vec<Use>,
    /// Its arguments that have variables.
    pub varying: Vec<Varying>,
}

/// A place of a variable.
struct Use {
    variable: Name,
    /// The type that is wanted there.
    of: String,
    /// Whether there is a default for what is not sent.
    has_default: bool,
    at: Pos,
}

/// An argument with variables.
#[derive(Clone)]
pub struct Varying {
    /// Its value.
    pub value: Value,
    /// Its type.
    pub of: String,
    /// Its name, and where its value stands.
    pub name: Positioned<Name>,
}

/// The operations and fragments of a document, and what is wrong with their literals.
pub struct Literals {
    /// By their names; the one operation without a name has the empty one.
    operations: HashMap<String, Said>,
    fragments: HashMap<Name, Said>,
    /// What is wrong.
    pub faults: Vec<Violation>,
}

impl Literals {
    /// Reads the values of a document, and gives them the form that is meant.
    pub fn of(registry: &Registry, document: &mut ExecutableDocument, aside: &Aside) -> Self {
        let mut faults = Vec::new();
        let mut read = |definition: &mut OperationDefinition| {
            let mut reader = Reader::new(registry, aside, &mut faults);
            for variable in &mut definition.variable_definitions {
                if let Some(default) = &mut variable.node.default_value {
                    let mut value = std::mem::take(&mut default.node).into_value();
                    let of = variable.node.var_type.node.to_string();
                    reader.at = default.pos;
                    reader.inside(&variable.node.name.node, |reader| reader.value(&mut value, &of, false));
                    default.node = value.into_const().unwrap_or_default();
                }
                reader.directives(&mut variable.node.directives);
            }
            reader.directives(&mut definition.directives);
            let root = match definition.ty {
                OperationType::Mutation => registry.mutation_type.as_deref(),
                _ => Some(registry.query_type.as_str()),
            };
            reader.set(&mut definition.selection_set.node, root.and_then(|root| registry.types.get(root)));
            reader.said
        };
        let operations = match &mut document.operations {
            DocumentOperations::Single(one) => HashMap::from([(String::new(), read(&mut one.node))]),
            DocumentOperations::Multiple(all) => {
                all.iter_mut().map(|(name, one)| (name.to_string(), read(&mut one.node))).collect()
            }
        };
        let fragments = document.fragments.iter_mut().map(|(name, fragment)| {
            let mut reader = Reader::new(registry, aside, &mut faults);
            reader.directives(&mut fragment.node.directives);
            let of = registry.types.get(fragment.node.type_condition.node.on.node.as_str());
            reader.set(&mut fragment.node.selection_set.node, of);
            (name.clone(), reader.said)
        });
        let fragments = fragments.collect();
        Self { operations, fragments, faults }
    }

    /// What an operation says, and all that it spreads.
    pub fn within(&self, operation: &str) -> Vec<&Said> {
        let (mut all, mut known) = (Vec::from_iter(self.operations.get(operation)), HashSet::new());
        let mut at = 0;
        while let Some(said) = all.get(at).copied() {
            let new = said.spreads.iter().filter(|name| known.insert(*name));
            all.extend(new.filter_map(|name| self.fragments.get(name)));
            at += 1;
        }
        all
    }

    /// Finds the variables that stand where their types do not fit.
    pub fn compare(&mut self, document: &ExecutableDocument) {
        let mut faults = std::mem::take(&mut self.faults);
        for (name, operation) in document.operations.iter() {
            let said = self.within(name.map_or("", Name::as_str));
            for place in said.iter().flat_map(|said| &said.uses) {
                let definitions = &operation.node.variable_definitions;
                let known = definitions.iter().find(|known| known.node.name.node == place.variable);
                let (Some(known), wanted) = (known, &place.of) else { continue };
                let of = known.node.var_type.node.to_string();
                let default = known.node.default_value.as_ref().map(|default| &default.node);
                let is_never_null = place.has_default
                    || default.is_some_and(|default| *default != async_graphql::Value::Null);
                let wanted_of_value = if is_never_null { wanted.trim_end_matches('!') } else { wanted };
                if !fits(&of, wanted_of_value) && faults.len() < MAX_FAULTS {
                    let detail = format!("${}: {of} cannot stand where {wanted} is expected", place.variable);
                    faults.push(fault(detail, [known.pos, place.at]));
                }
            }
        }
        self.faults = faults;
    }

    /// Declares variables as lists that may be null where such lists are expected: async-graphql takes no others there.
    pub fn widen(&self, document: &mut ExecutableDocument) {
        let change = |name: &str, operation: &mut OperationDefinition| {
            let uses: Vec<_> = self.within(name).iter().flat_map(|said| &said.uses).collect();
            for variable in &mut operation.variable_definitions {
                let own = variable.node.var_type.node.to_string();
                let of_list = |of: &str| of.ends_with(']') && bare(of) == bare(&own);
                let mut wanted =
                    uses.iter().filter(|place| place.variable == variable.node.name.node.as_str());
                let of = wanted.find(|place| of_list(&place.of)).and_then(|place| Type::new(&place.of));
                if let Some(of) = of {
                    variable.node.var_type.node = of;
                }
            }
        };
        match &mut document.operations {
            DocumentOperations::Single(one) => change("", &mut one.node),
            DocumentOperations::Multiple(all) => {
                all.iter_mut().for_each(|(name, one)| change(name, &mut one.node));
            }
        }
    }
}

/// A type without what it says of nulls.
fn bare(of: &str) -> String {
    of.replace('!', "")
}

/// Whether a value of the one type is a value of the other.
fn fits(of: &str, wanted: &str) -> bool {
    match (MetaTypeName::create(of), MetaTypeName::create(wanted)) {
        (MetaTypeName::NonNull(of), MetaTypeName::NonNull(wanted)) => fits(of, wanted),
        (_, MetaTypeName::NonNull(_)) => false,
        (MetaTypeName::NonNull(of), _) => fits(of, wanted),
        (MetaTypeName::List(of), MetaTypeName::List(wanted)) => fits(of, wanted),
        (MetaTypeName::Named(of), MetaTypeName::Named(wanted)) => of == wanted,
        _ => false,
    }
}

fn fault(detail: String, at: impl IntoIterator<Item = Pos>) -> Violation {
    Violation::new(Code::InvalidQuery, "", detail).with(error::LOCATIONS, error::locations(at))
}

/// Reads the values of one definition.
struct Reader<'a> {
    registry: &'a Registry,
    aside: &'a Aside,
    faults: &'a mut Vec<Violation>,
    said: Said,
    /// Where the value stands that is read.
    at: Pos,
    /// The argument or variable it is of, and the members and places that lead to what is looked at.
    way: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(registry: &'a Registry, aside: &'a Aside, faults: &'a mut Vec<Violation>) -> Self {
        Self { registry, aside, faults, said: Said::default(), at: Pos::default(), way: Vec::new() }
    }

    fn set(&mut self, set: &mut SelectionSet, of: Option<&'a MetaType>) {
        for selection in &mut set.items {
            shift_directives(&mut selection.node);
            self.directives(selection.node.directives_mut());
            match &mut selection.node {
                Selection::Field(field) => self.field(&mut field.node, of),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let of = match condition {
                        Some(condition) => self.registry.types.get(condition.node.on.node.as_str()),
                        None => of,
                    };
                    self.set(&mut fragment.node.selection_set.node, of);
                }
                Selection::FragmentSpread(spread) => {
                    self.said.spreads.push(spread.node.fragment_name.node.clone());
                }
            }
        }
    }

    fn field(&mut self, field: &mut Field, of: Option<&'a MetaType>) {
        let known = of.and_then(|of| of.field_by_name(&field.name.node));
        self.arguments(&mut field.arguments, |name| known.and_then(|known| known.args.get(name)));
        let of = known.and_then(|known| self.registry.concrete_type_by_name(&known.ty));
        self.set(&mut field.selection_set.node, of);
    }

    fn directives(&mut self, directives: &mut [Positioned<Directive>]) {
        for directive in directives {
            let known = self.registry.directives.get(directive.node.name.node.as_str());
            self.arguments(&mut directive.node.arguments, |name| {
                known.and_then(|known| known.args.get(name))
            });
        }
    }

    fn arguments(
        &mut self,
        given: &mut [(Positioned<Name>, Positioned<Value>)],
        known: impl Fn(&str) -> Option<&'a MetaInputValue>,
    ) {
        for (name, value) in given {
            self.at = value.pos;
            match known(&name.node) {
                Some(known) => {
                    let has_default = known.default_value.is_some();
                    self.inside(&name.node, |reader| reader.value(&mut value.node, &known.ty, has_default));
                    if has_variables(&value.node) {
                        let (of, name) = (known.ty.clone(), Positioned::new(name.node.clone(), value.pos));
                        self.said.varying.push(Varying { value: value.node.clone(), of, name });
                    }
                }
                None => self.anything(&mut value.node),
            }
        }
    }

    fn value(&mut self, value: &mut Value, of: &str, has_default: bool) {
        if let Value::Variable(name) = value {
            let (variable, of) = (name.clone(), of.to_owned());
            self.said.uses.push(Use { variable, of, has_default, at: self.at });
            return;
        }
        match (MetaTypeName::create(of), value) {
            (MetaTypeName::NonNull(_), Value::Null) => self.wrong("a value is required"),
            (_, Value::Null) => {}
            (MetaTypeName::NonNull(of), value) => self.value(value, of, has_default),
            (MetaTypeName::List(of), Value::List(items)) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.inside(at, |reader| reader.value(item, of, false));
                }
            }
            (MetaTypeName::List(of), single) => {
                self.value(single, of, false);
                *single = Value::List(vec![std::mem::take(single)]);
            }
            (MetaTypeName::Named(name), value) => self.named(value, name),
        }
    }

    fn named(&mut self, value: &mut Value, name: &str) {
        match (self.registry.types.get(name), value) {
            (Some(MetaType::Enum { enum_values, .. }), Value::Enum(given)) => {
                if !enum_values.contains_key(given.as_str()) {
                    self.wrong(format!("{name} has no value {given}"));
                }
            }
            (Some(MetaType::Enum { .. }), _) => self.wrong(format!("a value of {name} is expected")),
            (Some(MetaType::InputObject { input_fields, oneof, .. }), Value::Object(members)) => {
                if *oneof && (members.len() != 1 || members.values().any(|value| *value == Value::Null)) {
                    self.wrong(format!("{name} takes exactly one member, which cannot be null"));
                }
                for (member, value) in members.iter_mut() {
                    self.inside(member.as_str(), |reader| match input_fields.get(member.as_str()) {
                        Some(field) => reader.value(value, &field.ty, field.default_value.is_some()),
                        None => {
                            reader.anything(value);
                            reader.wrong(format!("{name} has no such member"));
                        }
                    });
                }
                for (member, field) in input_fields {
                    let is_required = field.ty.ends_with('!') && field.default_value.is_none();
                    if is_required && !members.contains_key(member.as_str()) {
                        self.inside(member, |reader| reader.wrong("a value is required"));
                    }
                }
            }
            (Some(MetaType::InputObject { .. }), _) => self.wrong("an object is expected"),
            (_, value) => self.scalar(value, name),
        }
    }

    fn scalar(&mut self, value: &mut Value, name: &str) {
        let expected = match (name, &*value) {
            ("Int", Value::Number(number)) if is_int(number) => return,
            ("Int", _) => "a whole number of 32 bits is expected",
            ("Float", Value::Number(_)) => return,
            ("Float", _) => "a number is expected",
            ("Boolean", Value::Boolean(_)) => return,
            ("Boolean", _) => "true or false is expected",
            ("String" | "ID", Value::String(_)) => return self.restore(value),
            ("String", _) => "text is expected",
            ("ID", Value::Number(number)) if !number.is_f64() => {
                *value = Value::String(number.to_string());
                return;
            }
            ("ID", _) => "an id is expected",
            _ => return self.anything(value),
        };
        self.wrong(expected);
    }

    /// A value of a scalar of the schema's own, or of what is not known.
    fn anything(&mut self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.anything(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.anything(member)),
            value => self.restore(value),
        }
    }

    fn restore(&self, value: &mut Value) {
        if let Value::String(text) = value
            && let Some(meant) = self.aside.meant(text)
        {
            meant.clone_into(text);
        }
    }

    fn inside(&mut self, step: impl ToString, read: impl FnOnce(&mut Self)) {
        self.way.push(step.to_string());
        read(self);
        self.way.pop();
    }

    fn wrong(&mut self, what: impl AsRef<str>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault(format!("{}: {}", self.way.join("."), what.as_ref()), [self.at]));
        }
    }
}

/// async-graphql does not look at directives of `__typename`, so that they go to a fragment around it.
fn shift_directives(selection: &mut Selection) {
    let Selection::Field(field) = selection else { return };
    if field.node.name.node != "__typename" || field.node.directives.is_empty() {
        return;
    }
    let directives = std::mem::take(&mut field.node.directives);
    let at = field.pos;
    let items = vec![Positioned::new(selection.clone(), at)];
    let selection_set = Positioned::new(SelectionSet { items }, at);
    let fragment = InlineFragment { type_condition: None, directives, selection_set };
    *selection = Selection::InlineFragment(Positioned::new(fragment, at));
}

fn is_int(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
}

fn has_variables(value: &Value) -> bool {
    match value {
        Value::Variable(_) => true,
        Value::List(items) => items.iter().any(has_variables),
        Value::Object(members) => members.values().any(has_variables),
        _ => false,
    }
}
