//! Groups of records: every column by which records can be grouped and every measure of them, over records whose values
//! are made up, says what an oracle without SQL says: the same in both databases.

mod groups_oracle;

use std::{collections::BTreeSet, sync::Arc};

use chrono_tz::Tz;
use kernel::{
    Code, Registry,
    access::{Access, Policy},
    actor::{Actor, Origin},
    answer::{Budget, Connection, Member, Part, Shape, Source, Writer, write_connection},
    field::{Kind, Writing},
    id::TypeId,
    object::{Action, Object},
    plan::{Column, MAX_GROUP_COLUMNS, Measure, Period, Plan},
    predicate::Parser,
    role::{Grant, Objects, Role, Rows},
    time::Instant,
};
use proptest::{prelude::Strategy, sample::select, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Map, Value as Json, json};

use super::{
    maker::Maker,
    oracle,
    world::{self, World},
};
use crate::support::{Caller, Stage, on_both};

const PERIODS: [Period; 5] = [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];
const MEASURES: [Measure; 5] =
    [Measure::CountDistinct, Measure::Sum, Measure::Average, Measure::Min, Measure::Max];
/// Zones with one, two and four changes of the clock a year, by an hour and by half an hour; without any; one that left
/// a day out; and UTC.
const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::Africa__Casablanca,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Apia,
    Tz::America__Sao_Paulo,
];
/// Instants at which the local day of one of the zones begins, or its clock changes.
const TURNS: &[&str] = &[
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-03-08T07:00:00Z",
    "2026-04-04T15:00:00Z",
    "2011-12-30T10:00:00Z",
    "2018-11-04T03:00:00Z",
    "2026-02-15T02:00:00Z",
    "2025-12-31T18:15:00Z",
    "2026-03-31T22:00:00Z",
    "2026-06-30T22:00:00Z",
    "1893-03-31T23:06:32Z",
    "1969-12-31T23:59:59Z",
    "2050-06-01T00:00:00Z",
    "2150-01-03T23:30:00Z",
    "0001-01-01T00:30:00Z",
    "0001-01-02T12:00:00Z",
    "9999-12-31T23:30:00Z",
];

/// Who reads, as the kernel knows them.
async fn actor(caller: &Caller, access: &Arc<Access>) -> Actor {
    let uuid = |id: &str| TypeId::parse(id).unwrap().uuid;
    let me = caller.get("/v1/me").await.ok();
    Actor {
        workspace: uuid(me["workspace"]["id"].as_str().unwrap()),
        user: uuid(&caller.user),
        credential: None,
        access: Arc::clone(access),
        zone: Tz::UTC,
        origin: Origin::CommandLine,
        request_id: "test".into(),
        epoch: None,
        remembered: false,
    }
}

/// The columns by which records of an object can be grouped; dates and instants by the periods in one zone.
fn keys(object: &Object, zone: Tz) -> Vec<Column> {
    let mut keys = Vec::new();
    for (field, attribute) in object.attributes.iter().enumerate() {
        keys.push(Column::Field(field));
        keys.extend([Column::Amount(field), Column::Currency(field)]);
        keys.extend((0..attribute.members.len()).map(|member| Column::Item(field, member)));
        keys.extend(PERIODS.map(|period| Column::Period(field, period, zone)));
    }
    keys
}

fn measures(object: &Object) -> Vec<Column> {
    let of = |field| MEASURES.map(|measure| Column::Measure(field, measure));
    let measures = (0..object.attributes.len()).flat_map(of);
    std::iter::once(Column::Count).chain(measures).collect()
}

/// What a combination of a column and its kind is called, to see that all were met.
fn called(object: &Object, column: &Column) -> String {
    let kind = column.source().map(|field| format!("{:?}", object.attributes[field].kind));
    let kind = kind.map(|kind| kind.split(['(', ' ']).next().unwrap().to_owned()).unwrap_or_default();
    match column {
        Column::Field(_) => format!("field {kind}"),
        Column::Item(field, member) => {
            let member = format!("{:?}", object.attributes[*field].members[*member].kind);
            format!("item {}", member.split('(').next().unwrap())
        }
        Column::Period(_, period, _) => format!("{period:?} of {kind}"),
        Column::Measure(_, measure) => format!("{measure:?} of {kind}"),
        Column::Amount(_) => "amount".to_owned(),
        Column::Currency(_) => "currency".to_owned(),
        Column::Count => "count".to_owned(),
    }
}

/// The groups as they are shown; none where a sum is larger than any number.
async fn read(stage: &Stage, plan: &Plan) -> Option<Vec<Vec<Json>>> {
    let table = stage.server.kith.read(plan, &Budget::unlimited()).await.unwrap();
    let column = |place: usize| Member::new(&place.to_string(), Source::Column(place));
    let shape = Shape { members: (0..plan.columns.len()).map(column).collect() };
    let connection = Connection { members: vec![Member::new("nodes", Part::Nodes(shape))] };
    let seal = |_: &Plan, _: &[kernel::Value], _: bool| unreachable!("groups have no cursors");
    let (mut out, budget) = (Vec::new(), Budget::unlimited());
    let writer = Writer { seal: &seal, budget: &budget };
    if let Err(error) = write_connection(&mut out, plan, &table, table.groups[0], &connection, writer) {
        assert_eq!(error.code, Code::OutOfRange, "{error:?}");
        return None;
    }
    let page: Json = serde_json::from_slice(&out).unwrap();
    let row = |row: &Json| (0..plan.columns.len()).map(|place| row[place.to_string()].clone()).collect();
    Some(page["nodes"].as_array().unwrap().iter().map(row).collect())
}

/// Somebody who groups what they see.
struct Reader<'a> {
    stage: &'a Stage,
    actor: Actor,
    world: World<'a>,
    met: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    async fn new(stage: &'a Stage, caller: &Caller, role: &str) -> Self {
        let registry = stage.server.kith.registry();
        let access = Arc::clone(app::policy(registry).role(role).unwrap());
        let actor = actor(caller, &access).await;
        let world = World::seen_by(registry, caller).await;
        Self { stage, actor, world, met: BTreeSet::new() }
    }

    /// Compares the groups with the oracle's; whether such groups can be made.
    async fn compare(&mut self, object: &Arc<Object>, columns: &[Column], order: &[(Column, bool)]) -> bool {
        let permit = self.actor.permit(object, Action::Read).unwrap();
        let plan = match Plan::grouped(permit, columns, order, 1_000) {
            Ok(plan) => plan,
            Err(error) => {
                assert!(matches!(error.code, Code::InvalidParameter | Code::FieldForbidden), "{error:?}");
                return false;
            }
        };
        self.met.extend(columns.iter().map(|column| called(object, column)));
        let rows: Vec<_> = self.world.rows(object.name).iter().collect();
        let expected = groups_oracle::groups(object, &rows, &plan);
        let found = read(self.stage, &plan).await;
        assert_eq!(found, expected, "{} {columns:?} {order:?}", object.name);
        true
    }
}

/// Records of each object with free instants, at and around the turns of days and clocks.
async fn make_turns(stage: &Stage) {
    let registry = stage.server.kith.registry();
    let mut maker = Maker::new(registry, &stage.owner);
    let mut runner = TestRunner::deterministic();
    let around = (select(TURNS), -2..=2i64, select(vec![1, 60, 3_600, 86_400i64]));
    for object in registry.objects().iter().filter(|object| object.allows(Action::Create)) {
        let is_free =
            |kind: Kind, writing: Writing| matches!(kind, Kind::Instant) && writing == Writing::Free;
        let Some(field) = object.attributes.iter().find(|field| is_free(field.kind, field.writing)) else {
            continue;
        };
        for variant in 0..60 {
            let (turn, steps, step) = around.new_tree(&mut runner).unwrap().current();
            let turn = Instant::parse(turn).unwrap();
            let at = Instant(turn.0 + steps * step * 1_000_000).to_string();
            let at = Instant::parse(&at).unwrap_or(turn).to_string();
            let input = Map::from_iter([(field.name.to_owned(), at.into())]);
            maker.make_variant(object, variant, input).await;
        }
    }
}

on_both! {
    async fn every_column_groups_and_measures_as_the_oracle_says(stage) {
        world::populate(stage).await;
        make_turns(stage).await;
        let registry = stage.server.kith.registry();
        let mut reader = Reader::new(stage, &stage.owner, "OWNER").await;
        for (place, object) in registry.objects().iter().enumerate() {
            let zone = |index: usize| ZONES[(place + index) % ZONES.len()];
            let permit = reader.actor.permit(object, Action::Read).unwrap();
            let possible = |columns: &[Column]| Plan::grouped(permit.clone(), columns, &[], 1).is_ok();
            let measures: Vec<_> = measures(object).into_iter().filter(|one| possible(&[*one])).collect();
            for (index, key) in keys(object, zone(0)).into_iter().enumerate() {
                let key = match key {
                    Column::Period(field, period, _) => Column::Period(field, period, zone(index)),
                    key => key,
                };
                if possible(&[key]) {
                    let measure = measures[index % measures.len()];
                    reader.compare(object, &[key, Column::Count, measure], &[(measure, true)]).await;
                }
            }
            for measure in measures {
                reader.compare(object, &[measure], &[]).await;
            }
        }
        let met = reader.met.iter().map(String::as_str).collect::<Vec<_>>();
        for kind in ["Text", "Choice", "Reference", "Boolean", "Integer", "Decimal", "Date", "Instant", "Money"] {
            assert!(met.contains(&format!("field {kind}").as_str()), "{kind}: {met:?}");
            assert!(met.contains(&format!("CountDistinct of {kind}").as_str()), "{kind}: {met:?}");
            let is_time = ["Date", "Instant"].contains(&kind);
            let is_number = ["Integer", "Decimal", "Money"].contains(&kind);
            for period in PERIODS {
                assert_eq!(met.contains(&format!("{period:?} of {kind}").as_str()), is_time, "{period:?} {kind}");
            }
            for measure in ["Sum", "Average", "Min", "Max"] {
                let has = is_number || is_time && measure.starts_with('M');
                assert_eq!(met.contains(&format!("{measure} of {kind}").as_str()), has, "{measure} {kind}");
            }
        }
        for other in ["item Text", "item Choice", "item Reference", "amount", "currency"] {
            assert!(met.contains(&other), "{other}: {met:?}");
        }
    }
}

on_both! {
    async fn several_columns_group_together_in_any_order(stage) {
        world::populate(stage).await;
        let agent = stage.user("AGENT").await;
        let registry = stage.server.kith.registry();
        for (caller, role) in [(&stage.owner, "OWNER"), (&agent, "AGENT")] {
            let mut reader = Reader::new(stage, caller, role).await;
            let mut runner = TestRunner::deterministic();
            let readable: Vec<_> = registry
                .objects()
                .iter()
                .filter(|object| reader.actor.permit(object, Action::Read).is_ok())
                .cloned()
                .collect();
            for round in 0..400usize {
                let object = &readable[round % readable.len()];
                let columns: Vec<_> =
                    keys(object, ZONES[round % ZONES.len()]).into_iter().chain(measures(object)).collect();
                let drawn = proptest::collection::vec((select(columns), proptest::bool::ANY), 1..5);
                let drawn = drawn.new_tree(&mut runner).unwrap().current();
                let permit = reader.actor.permit(object, Action::Read).unwrap();
                let possible = |column: &Column| Plan::grouped(permit.clone(), &[*column], &[], 1).is_ok();
                // Averages are ordered by what floating point knows of them: the oracle by all.
                let (columns, order): (Vec<_>, Vec<_>) =
                    drawn.into_iter().filter(|(column, _)| possible(column)).map(|key| (key.0, key)).unzip();
                if !columns.is_empty() {
                    assert!(reader.compare(object, &columns, &order[..order.len() / 2]).await);
                }
            }
        }
    }
}

on_both! {
    async fn groups_are_of_the_records_that_a_predicate_and_the_page_ask_for(stage) {
        world::populate(stage).await;
        let registry = stage.server.kith.registry();
        let reader = Reader::new(stage, &stage.owner, "OWNER").await;
        for object in registry.objects().iter().filter(|object| object.is_subject) {
            let Some(field) = object.attributes.iter().find(|field| matches!(field.kind, Kind::Choice(_))) else {
                continue;
            };
            let permit = reader.actor.permit(object, Action::Read).unwrap();
            let asked = json!({ field.name: { "isNull": false }, "version": { "lte": 1 } });
            let columns = [Column::Field(field.index), Column::Count];
            let mut plan = Plan::grouped(permit, &columns, &[], 1).unwrap();
            plan.predicate = Parser::new(Tz::UTC, Instant(0)).parse(&plan.permit, &asked, "").unwrap();
            plan.page.count = true;
            let rows = reader.world.rows(object.name).iter();
            let rows: Vec<_> = rows.filter(|row| oracle::holds(&reader.world, object, row, &asked)).collect();
            let expected = groups_oracle::groups(object, &rows, &plan).unwrap();
            assert_eq!(read(stage, &plan).await.unwrap(), expected[..expected.len().min(1)], "{}", object.name);
            let table = stage.server.kith.read(&plan, &Budget::unlimited()).await.unwrap();
            let page = table.groups[0];
            assert_eq!((page.total as usize, page.has_next), (expected.len(), expected.len() > 1));
        }
    }
}

on_both! {
    async fn sums_are_exact_or_refused(stage) {
        let registry = stage.server.kith.registry();
        let object = registry
            .objects()
            .iter()
            .find(|object| object.is_subject && object.attributes.iter().any(is_free_amount))
            .unwrap();
        let field = object.attributes.iter().find(|field| is_free_amount(field)).unwrap();
        let mut maker = Maker::new(registry, &stage.owner);
        let mut make = async |amount: &str| {
            let input = json!({ field.name: { "amount": amount, "currency": "EUR" } });
            maker.make_variant(object, 0, input.as_object().unwrap().clone()).await;
        };
        let most = "92233720368547758.07";
        make(most).await;
        make("0.01").await;
        let columns = [Measure::Sum, Measure::Average].map(|measure| Column::Measure(field.index, measure));
        let access = Arc::clone(app::policy(registry).role("OWNER").unwrap());
        let permit = actor(&stage.owner, &access).await.permit(object, Action::Read).unwrap();
        let ask = async |column: Column| {
            let plan = Plan::grouped(permit.clone(), &[column], &[(column, true)], 10).unwrap();
            let table = stage.server.kith.read(&plan, &Budget::unlimited()).await.unwrap();
            table.cell(0, 0).map(|cell| match cell {
                kernel::value::Cell::Money(money) => money.to_string(),
                cell => panic!("{cell:?}"),
            })
        };
        assert_eq!(ask(columns[0]).await.unwrap_err().code, Code::OutOfRange);
        assert_eq!(ask(columns[1]).await.unwrap(), "46116860184273879.04 EUR");
        // What is too much on the way is not too much in the end.
        make(&format!("-{most}")).await;
        make("-0.02").await;
        assert_eq!(ask(columns[0]).await.unwrap(), "-0.01 EUR");
        assert_eq!(ask(columns[1]).await.unwrap(), "0.00 EUR");
    }
}

fn is_free_amount(field: &kernel::object::Attribute) -> bool {
    matches!(field.kind, Kind::Money) && field.writing == Writing::Free
}

#[test]
fn fields_that_may_not_be_read_neither_group_nor_are_measured() {
    static CLERK: Role = Role {
        name: "AGENT",
        doc: "Reads no amounts.",
        grants: &[Grant::new(Objects::Any, Action::ALL, Rows::All).hiding(&[
            "amount",
            "tagIds",
            "createdAt",
        ])],
        reads_sensitive: true,
    };
    let registry: Registry = app::registry();
    let policy = Policy::new(&registry, &[&CLERK], &[]);
    let actor = Actor {
        workspace: uuid(),
        user: uuid(),
        credential: None,
        access: Arc::clone(policy.role("AGENT").unwrap()),
        zone: Tz::UTC,
        origin: Origin::Api,
        request_id: "test".into(),
        epoch: None,
        remembered: false,
    };
    let mut refused = 0;
    for object in registry.objects() {
        let permit = actor.permit(object, Action::Read).unwrap();
        for column in keys(object, Tz::UTC).into_iter().chain(measures(object)) {
            let plan = Plan::grouped(permit.clone(), &[column, Column::Count], &[], 1);
            let is_hidden = column.source().is_some_and(|field| !permit.may_read(&object.attributes[field]));
            match plan {
                Ok(plan) => assert!(!is_hidden && !plan.has_generic_plan(), "{} {column:?}", object.name),
                Err(error) => {
                    assert_eq!(error.code == Code::FieldForbidden, is_hidden, "{} {column:?}", object.name)
                }
            }
            refused += usize::from(is_hidden);
        }
        let many: Vec<_> = keys(object, Tz::UTC).into_iter().take(MAX_GROUP_COLUMNS * 4).collect();
        assert!(Plan::grouped(permit.clone(), &many, &[], 1).is_err());
        assert!(Plan::grouped(permit.clone(), &[], &[], 1).is_err());
        assert!(Plan::grouped(permit, &[Column::Count], &[(Column::Field(0), true)], 1).is_err());
    }
    assert!(refused > 100, "{refused}");
}

fn uuid() -> uuid::Uuid {
    TypeId::parse("user_00000000000000000000000001").unwrap().uuid
}
