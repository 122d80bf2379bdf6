//! Objects as data: a kind of record, described once by its fields, links and rules.
//! Everything that is the same for every object is written against this description.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

mod attribute;
mod constraint;
mod item_changes;
mod link;
mod log_fields;
mod types;

pub use attribute::{Attribute, key_texts};
pub use constraint::{OnlyOne, Together};
pub use item_changes::ItemChanges;
pub use link::{Bridge, Link, Over, Path, Via};
pub use log_fields::LogFields;
pub use types::{Belongs, Every, ObjectType};

use crate::{
    change::{Change, ChangeKind},
    error::{Error, Result},
    field::{Field, FieldDef},
    reference::Referrer,
    system,
    text::{kebab, pascal, snake},
    value::Ref,
};

/// An action on the records of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Get, list and follow links to them.
    Read,
    /// Make new ones.
    Create,
    /// Change them, also by commands.
    Update,
    /// Delete and restore them.
    Delete,
}

impl Action {
    /// All of them.
    pub const ALL: &'static [Action] = &[Self::Read, Self::Create, Self::Update, Self::Delete];

    /// As clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// The ownership of records, for roles that see only their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ownership {
    /// Shared by all: the workspace's catalogue and set-up.
    Shared,
    /// The user that this field names.
    Field(&'static str),
    /// The owner of the record that this field refers to.
    Through(&'static str),
}

/// A pure rule of an object: looks at a change, completes it or names what it breaks.
#[derive(Clone)]
pub struct Rule {
    on: &'static [ChangeKind],
    apply: Arc<dyn for<'a> Fn(Change<'a>) -> Change<'a> + Send + Sync>,
}

impl Rule {
    fn new<O: ObjectType>(on: &'static [ChangeKind], rule: fn(&mut Change<'_, O>)) -> Self {
        Self {
            on,
            apply: Arc::new(move |change| {
                let mut change = change.of::<O>();
                rule(&mut change);
                change.of()
            }),
        }
    }

    /// Whether the rule is about changes of that kind.
    pub fn is_on(&self, kind: ChangeKind) -> bool {
        self.on.contains(&kind)
    }

    /// Puts the rule to a change, if it is about such.
    pub fn apply<'a>(&self, change: Change<'a>) -> Change<'a> {
        if self.is_on(change.kind()) { (self.apply)(change) } else { change }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

/// A kind of record.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name: `lineItem`.
    pub name: &'static str,
    /// Its name for many: `lineItems`.
    pub plural: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// Its place in its registry.
    pub place: usize,
    /// The prefix of its ids: `line_item`.
    pub prefix: String,
    /// Its table: `line_items`.
    pub table: String,
    /// Its path: `line-items`.
    pub path: String,
    /// Its type: `LineItem`.
    pub type_name: String,
    /// Its fields, the ones that every record has first.
    pub attributes: Vec<Attribute>,
    /// Its links; complete once it stands in a registry.
    pub links: Vec<Link>,
    /// The ownership of its records.
    pub ownership: Ownership,
    /// Its standard operations.
    pub operations: &'static [Action],
    /// Its rules, in order.
    pub rules: Vec<Rule>,
    /// The references whose records the rules look at.
    pub needs: Vec<&'static str>,
    /// The flags that one record has at most.
    pub only_one: Vec<OnlyOne>,
    /// The fields whose values no two records share together.
    pub together: Vec<Together>,
    /// The references that deleting its records has consequences for; complete once it is in a registry.
    pub referrers: Vec<Referrer>,
    /// The fields of a log that keep a change of a record.
    pub tells_of: Option<LogFields>,
    /// The user who owned what a record of a log tells of before, and may see it like its owner.
    pub owned_before: Option<&'static str>,
    /// Whether changes of its records make no events.
    pub unlogged: bool,
    /// Links of other objects that lead over this one.
    pub bridges: Vec<Bridge>,
    /// The fields by whose values its lists, in the order of creation, have an index each.
    pub indexed: Vec<Vec<usize>>,
    /// Whether its records decide what credentials may do.
    pub governs_access: bool,
    /// Whether it is a customer's or a team's matter: such records have outside ids and tags, and
    /// activities can be about them.
    pub is_subject: bool,
    by_name: HashMap<&'static str, usize>,
    columns: OnceLock<Arc<[String]>>,
}

impl Object {
    /// The place of the id: it is the first field of every object.
    pub const ID: usize = 0;

    /// An object whose records have outside ids, tags and a timeline.
    pub fn new(name: &'static str, plural: &'static str, doc: &'static str) -> Self {
        let mut object = Self::plain(name, plural, doc).fields(system::EXTRAS);
        object.is_subject = true;
        object
    }

    /// An object of the platform or of the set-up, without outside ids, tags and timeline.
    pub fn plain(name: &'static str, plural: &'static str, doc: &'static str) -> Self {
        Self::log(name, plural, doc).fields(system::FIELDS)
    }

    /// An object whose records are written once by Kith and never change.
    pub fn log(name: &'static str, plural: &'static str, doc: &'static str) -> Self {
        let object = Self {
            name,
            plural,
            doc,
            place: 0,
            prefix: snake(name),
            table: snake(plural),
            path: kebab(plural),
            type_name: pascal(name),
            attributes: Vec::new(),
            links: Vec::new(),
            ownership: Ownership::Shared,
            operations: Action::ALL,
            rules: Vec::new(),
            needs: Vec::new(),
            only_one: Vec::new(),
            together: Vec::new(),
            referrers: Vec::new(),
            tells_of: None,
            owned_before: None,
            unlogged: false,
            bridges: Vec::new(),
            indexed: Vec::new(),
            governs_access: false,
            is_subject: false,
            by_name: HashMap::new(),
            columns: OnceLock::new(),
        };
        object.fields(&[system::ID.def])
    }

    /// Adds fields.
    #[must_use]
    pub fn fields(mut self, defs: &[FieldDef]) -> Self {
        for def in defs {
            let index = self.attributes.len();
            self.by_name.insert(def.name, index);
            self.attributes.push(Attribute::new(index, def));
        }
        self
    }

    /// Its records belong to the user named by this field.
    #[must_use]
    pub fn owned_by<O: ObjectType, U>(mut self, field: Field<O, Ref<U>>) -> Self {
        self.ownership = Ownership::Field(self.own(field).name);
        self
    }

    /// Its records belong to the owner of the record that this field refers to.
    #[must_use]
    pub fn owned_through<O: ObjectType, U>(mut self, field: Field<O, Ref<U>>) -> Self {
        self.ownership = Ownership::Through(self.own(field).name);
        self
    }

    /// Its standard operations. Default: all.
    #[must_use]
    pub fn only(mut self, operations: &'static [Action]) -> Self {
        self.operations = operations;
        self
    }

    /// Adds a rule for what is created and updated.
    #[must_use]
    pub fn rule<O: ObjectType>(self, rule: fn(&mut Change<'_, O>)) -> Self {
        self.rule_on(ChangeKind::WRITES, rule)
    }

    /// Adds a rule for changes of these kinds.
    #[must_use]
    pub fn rule_on<O: ObjectType>(mut self, on: &'static [ChangeKind], rule: fn(&mut Change<'_, O>)) -> Self {
        debug_assert_eq!(O::NAME, self.name, "the rule is another object's");
        self.rules.push(Rule::new(on, rule));
        self
    }

    /// Its records tell of changes of other records.
    #[must_use]
    pub fn tells_of(mut self, fields: LogFields) -> Self {
        self.tells_of = Some(fields);
        self
    }

    /// Its records belong to the user named by this field, too.
    #[must_use]
    pub fn owned_before_by<O: ObjectType, U>(mut self, field: Field<O, Ref<U>>) -> Self {
        self.owned_before = Some(self.own(field).name);
        self
    }

    /// Changes of its records make no events.
    #[must_use]
    pub fn unlogged(mut self) -> Self {
        self.unlogged = true;
        self
    }

    /// An index leads to the records with certain values of these fields, in the order of their creation.
    #[must_use]
    pub fn indexed_by(mut self, fields: &[FieldDef]) -> Self {
        let places = fields.iter().filter_map(|field| self.index(field.name));
        self.indexed.push(places.collect());
        self
    }

    /// Its records decide what credentials may do: when one changes, all credentials are looked up anew.
    #[must_use]
    pub fn governs_access(mut self) -> Self {
        self.governs_access = true;
        self
    }

    /// The rules look at the record this field refers to, or at the records of a list.
    #[must_use]
    pub fn needs<O: ObjectType, T>(mut self, field: Field<O, T>) -> Self {
        self.needs.push(self.own(field).name);
        self
    }

    /// Gives the record in `near` a link that leads over this object to the records in `far`.
    #[must_use]
    pub fn bridge<O: ObjectType, N, F>(
        mut self,
        near: Field<O, Ref<N>>,
        link: &'static str,
        far: Field<O, Ref<F>>,
        doc: &'static str,
    ) -> Self {
        self.bridges.push(Bridge { near: self.own(near).name, link, far: self.own(far).name, doc });
        self
    }

    /// A field that the object has been given.
    fn own<O: ObjectType, T>(&self, field: Field<O, T>) -> FieldDef {
        debug_assert_eq!(O::NAME, self.name, "{} is another object's field", field.def.name);
        field.def
    }

    /// The columns of its table, in the order of its fields.
    pub fn columns(&self) -> &Arc<[String]> {
        let columns = self.attributes.iter().flat_map(Attribute::columns);
        self.columns.get_or_init(|| ["workspace_id"].into_iter().chain(columns).map(str::to_owned).collect())
    }

    /// The field of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(*self.by_name.get(name)?)
    }

    /// The field at that place.
    pub fn at(&self, index: usize) -> Option<&Attribute> {
        self.attributes.get(index)
    }

    /// The place of a field.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The list that a member of a change changes item by item, and whether it adds to it.
    pub fn item_change(&self, name: &str) -> Option<(&Attribute, bool)> {
        self.attributes.iter().find_map(|attribute| {
            let changes = attribute.item_changes()?;
            let adds = changes.add == name;
            (adds || changes.remove == name).then_some((attribute, adds))
        })
    }

    /// The place of a field that the object has by its declaration.
    pub fn place<O, T>(&self, field: Field<O, T>) -> Result<usize> {
        let missing = || Error::internal(format!("{} has no field {}", self.name, field.def.name));
        self.index(field.def.name).ok_or_else(missing)
    }

    /// The link of that name.
    pub fn link(&self, name: &str) -> Option<(usize, &Link)> {
        self.links.iter().enumerate().find(|(_, link)| link.name == name)
    }

    /// Whether its records change and can be deleted: all but those of a log.
    pub fn is_mutable(&self) -> bool {
        self.by_name.contains_key(system::DELETED_AT.def.name)
    }

    /// Whether callers may do this with its standard operations.
    pub fn allows(&self, action: Action) -> bool {
        self.operations.contains(&action)
    }
}
