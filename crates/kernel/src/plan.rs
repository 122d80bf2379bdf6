//! Plans, to which reads compile: the records of an object or groups of them, their order, their columns, and child
//! plans for the links that are followed. A plan cannot be made without a permit.

mod column;
mod groups;
mod shape;

pub use column::{Column, Measure, Period};
pub use groups::{GroupOrder, MAX_GROUP_COLUMNS};

use serde_json::{Map, Value as Json};

use crate::{
    error::{Code, Error, Result},
    field::Kind,
    object::{Object, Path},
    permit::Permit,
    predicate::{Compare, Predicate, Test},
    system,
    value::Value,
};

/// The most records a page may have.
pub const MAX_PAGE: u32 = 200;
/// The most fields that an order may have.
pub const MAX_KEYS: usize = 5;
/// The count at which counting ends.
pub const MAX_COUNT: u32 = 10_001;

/// A read of some records of one object and of what their links lead to.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The permit to read the object.
    pub permit: Permit,
    /// The columns to read; every key of the order is among them. Fields only, unless the rows are groups.
    pub columns: Vec<Column>,
    /// The filter.
    pub predicate: Predicate,
    /// Whether deleted records are included.
    pub deleted: Deleted,
    /// The order; its last key is always the id. None for groups.
    pub order: Vec<Order>,
    /// The order of the groups, if the rows are groups of records.
    pub groups: Option<Vec<GroupOrder>>,
    /// The page.
    pub page: Page,
    /// The child plans, one for each link that is followed.
    pub children: Vec<Child>,
    /// Names object, predicate and order, so that a cursor cannot be used with another list.
    pub fingerprint: u64,
}

/// A link that is followed.
#[derive(Clone, Debug)]
pub struct Child {
    /// The link's place in the object.
    pub link: usize,
    /// The plan of the records behind it.
    pub plan: Plan,
}

/// Whether deleted records are included. Default: `EXCLUDE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Deleted {
    /// Only those that are not deleted.
    #[default]
    Exclude,
    /// Both.
    Include,
    /// Only those that are deleted.
    Only,
}

impl Deleted {
    /// Its values.
    pub const ALL: [Deleted; 3] = [Self::Exclude, Self::Include, Self::Only];
    /// Their names, as clients spell them.
    pub const NAMES: [&'static str; 3] =
        [Self::Exclude.as_str(), Self::Include.as_str(), Self::Only.as_str()];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclude => "EXCLUDE",
            Self::Include => "INCLUDE",
            Self::Only => "ONLY",
        }
    }

    /// What it means, for clients.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Exclude => "Records that are not deleted.",
            Self::Include => "All records, deleted or not.",
            Self::Only => "Deleted records.",
        }
    }

    /// The value of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deleted| deleted.as_str() == name)
    }
}

/// One key of an order. Records without a value come last, whichever the direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// The field's place in the object.
    pub field: usize,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// A page of an ordered list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The most records.
    pub limit: u32,
    /// Only those behind this position, in the order.
    pub after: Option<Vec<Value>>,
    /// Only those before this position, in the order.
    pub before: Option<Vec<Value>>,
    /// The last ones instead of the first.
    pub backward: bool,
    /// Whether to find out if there are more.
    pub look_ahead: bool,
    /// Whether to count all records.
    pub count: bool,
}

impl Page {
    /// The first page.
    pub fn first(limit: u32) -> Self {
        Self { limit, after: None, before: None, backward: false, look_ahead: false, count: false }
    }
}

impl Plan {
    /// All records of the object that the caller may see, the newest first.
    pub fn new(permit: Permit) -> Self {
        let mut plan = Self {
            permit,
            columns: Vec::new(),
            predicate: Predicate::everything(),
            deleted: Deleted::Exclude,
            order: Vec::new(),
            groups: None,
            page: Page::first(1),
            children: Vec::new(),
            fingerprint: 0,
        };
        plan.order_by(Vec::new());
        plan
    }

    /// One record by its id.
    pub fn by_id(permit: Permit, id: uuid::Uuid) -> Self {
        let mut plan = Self::new(permit);
        plan.narrow_to(id);
        plan
    }

    /// Makes it a plan of one record, by its id.
    pub fn narrow_to(&mut self, id: uuid::Uuid) {
        self.predicate = Predicate::equals(Object::ID, Value::Id(id));
    }

    /// The object that is read.
    pub fn object(&self) -> &Object {
        self.permit.object()
    }

    /// Whether a generic plan of the database is the best for all values, so that it need not plan each time.
    ///
    /// It is for a record by its id, and for a list in the order of creation whose predicate names just the
    /// fields of an index; and along links, where nothing is asked of the records behind them.
    pub fn has_generic_plan(&self) -> bool {
        !self.is_grouped()
            && self.permit.reaches_all()
            && self.deleted == Deleted::Exclude
            && !self.page.count
            && (self.is_of_one() || self.is_indexed())
            && self.children.iter().all(|child| child.plan.is_plain())
    }

    /// Whether it has neither filter nor count.
    fn is_plain(&self) -> bool {
        let asks = !self.predicate.is_everything() || self.page.count || !self.permit.reaches_all();
        !asks && self.children.iter().all(|child| child.plan.is_plain())
    }

    fn is_of_one(&self) -> bool {
        match &self.predicate {
            Predicate::Field(Test { field, compare: Compare::Equal(_) }) => *field == Object::ID,
            _ => false,
        }
    }

    fn is_indexed(&self) -> bool {
        let created = self.object().index(system::CREATED_AT.def.name);
        let tests = match &self.predicate {
            Predicate::All(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut fields = Vec::new();
        for test in tests {
            match test {
                Predicate::Field(Test { field, compare: Compare::Equal(_) }) => fields.push(*field),
                // The bounds of a page in the order of creation.
                Predicate::Field(Test { field, .. }) if Some(*field) == created => {}
                _ => return false,
            }
        }
        let same = |index: &Vec<usize>| {
            index.len() == fields.len() && index.iter().all(|field| fields.contains(field))
        };
        let in_order =
            self.order.first().is_some_and(|key| Some(key.field) == created) && self.order.len() == 2;
        in_order && self.object().indexed.iter().any(same)
    }

    /// The place of a field among the columns that are read; adds it where it is not yet read, with what it is
    /// rendered from.
    pub fn column(&mut self, field: usize) -> usize {
        if let Some(place) = self.place(&Column::Field(field)) {
            return place;
        }
        let place = self.columns.len();
        self.columns.push(Column::Field(field));
        let object = self.permit.object();
        if let Some(log) = object.tells_of
            && object.at(field).is_some_and(|attribute| attribute.rendered.is_some())
        {
            for source in log.places(object).collect::<Vec<_>>() {
                self.column(source);
            }
        }
        place
    }

    /// Reads every field that the caller may read.
    pub fn all_columns(&mut self) {
        let readable =
            self.permit.object().attributes.iter().filter(|attribute| self.permit.may_read(attribute));
        self.columns = readable.map(|attribute| Column::Field(attribute.index)).collect();
    }

    /// Sets the order; the id decides between equals, in the direction of the last key.
    pub fn order_by(&mut self, mut order: Vec<Order>) {
        if let Some(place) = order.iter().position(|key| key.field == Object::ID) {
            order.truncate(place + 1);
        } else {
            let descending = order.last().is_none_or(|key| key.descending);
            order.push(Order { field: Object::ID, descending });
        }
        for key in &order {
            self.column(key.field);
        }
        self.order = order;
    }

    /// Follows a link, and says where its child plan stands. Groups are by the field that it follows.
    pub fn follow(&mut self, link: usize, plan: Plan) -> usize {
        let key = match self.object().links.get(link).map(|link| &link.path) {
            Some(Path::One { field }) => *field,
            _ => Object::ID,
        };
        self.column(key);
        self.children.push(Child { link, plan });
        self.children.len() - 1
    }
}

/// Reads an order: `[{"createdAt":"DESC"},{"lastName":"ASC"}]`.
pub fn parse_order(permit: &Permit, json: &Json) -> Result<Vec<Order>> {
    let wrong = || Error::new(Code::InvalidParameter, "an order is a list like [{\"createdAt\":\"DESC\"}]");
    let keys = match json {
        Json::Array(keys) => keys.as_slice(),
        // GraphQL lets a single value stand for a list of one.
        Json::Object(_) => std::slice::from_ref(json),
        _ => return Err(wrong()),
    };
    let key = |key: &Json| {
        let (Some((name, direction)), 1) = (
            key.as_object().and_then(|key: &Map<String, Json>| key.iter().next()),
            key.as_object().map_or(0, Map::len),
        ) else {
            return Err(wrong());
        };
        let descending = match direction.as_str() {
            Some("ASC") => false,
            Some("DESC") => true,
            _ => return Err(wrong()),
        };
        order_key(permit, name, descending)
    };
    checked(keys.iter().take(MAX_KEYS + 1).map(key).collect::<Result<Vec<_>>>()?)
}

/// Reads the short form of an order: `-createdAt,lastName`. An ascending key may have a plus, which in a query is
/// also read as a blank.
pub fn parse_sort(permit: &Permit, text: &str) -> Result<Vec<Order>> {
    let key = |part: &str| match part.strip_prefix('-') {
        Some(name) => order_key(permit, name, true),
        None => order_key(permit, part.strip_prefix(['+', ' ']).unwrap_or(part), false),
    };
    checked(text.split(',').take(MAX_KEYS + 1).map(key).collect::<Result<Vec<_>>>()?)
}

fn order_key(permit: &Permit, name: &str, descending: bool) -> Result<Order> {
    let attribute = permit.readable(name)?;
    if !attribute.sort || matches!(attribute.kind, Kind::List(_) | Kind::Document) {
        return Err(Error::new(Code::InvalidParameter, format!("lists cannot be ordered by {name}")));
    }
    Ok(Order { field: attribute.index, descending })
}

fn checked(order: Vec<Order>) -> Result<Vec<Order>> {
    let twice =
        |(place, key): (usize, &Order)| order.iter().take(place).any(|other| other.field == key.field);
    if order.len() > MAX_KEYS || order.iter().enumerate().any(twice) {
        let detail = format!("an order has at most {MAX_KEYS} different fields");
        return Err(Error::new(Code::InvalidParameter, detail));
    }
    Ok(order)
}
