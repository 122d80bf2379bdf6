//! Pipelines, deals, and the first step of each deal.

use super::{
    Table,
    calendar::DAY,
    dice::Dice,
    people::Contact,
    row::Row,
    texts::TOPIC,
    world::{Kind, World, id},
};

const PIPELINE_COUNT: u64 = 2;
const STAGE_COUNT: u64 = 6;
/// What the stages of a pipeline are called, what they mean, and how likely a deal in them is to be won.
const STAGE: [(&str, &str, i64); STAGE_COUNT as usize] = [
    ("Qualified", "OPEN", 20),
    ("Meeting", "OPEN", 40),
    ("Proposal", "OPEN", 60),
    ("Negotiation", "OPEN", 80),
    ("Won", "WON", 100),
    ("Lost", "LOST", 0),
];

fn pipeline(n: u64) -> u128 {
    id(Kind::Setup, 1 + n)
}

fn stage(pipeline: u64, place: u64) -> u128 {
    id(Kind::Setup, 100 * (1 + pipeline) + place)
}

pub(super) const PIPELINES: Table = Table {
    name: "pipelines",
    columns: "workspace_id id name name_folded is_default version created_at updated_at created_by_id \
              updated_by_id deleted_at",
    fill: |world, sink| {
        (0..PIPELINE_COUNT).try_for_each(|n| {
            let mut dice = Dice::new(90, n);
            let name = ["New business", "Renewals"].get(n as usize).copied().unwrap_or_default();
            let created = world.created(0, 1, &mut dice);
            let row = Row::of(&[world.workspace, pipeline(n)]).text(name.to_owned()).boolean(n == 0);
            sink(&row.stamps(world, created, &mut dice))
        })
    },
};

pub(super) const STAGES: Table = Table {
    name: "stages",
    columns: "workspace_id id pipeline_id name name_folded position kind probability required_fields \
              allowed_move_ids rot_days version created_at updated_at created_by_id updated_by_id deleted_at",
    fill: |world, sink| {
        (0..PIPELINE_COUNT).try_for_each(|n| {
            STAGE.into_iter().enumerate().try_for_each(|(place, (name, kind, probability))| {
                let mut dice = Dice::new(91, n * 100 + place as u64);
                let created = world.created(0, 1, &mut dice);
                let row = Row::of(&[world.workspace, stage(n, place as u64), pipeline(n)]);
                let row = row.text(name.to_owned()).integer(1 + place as i64).word(kind);
                sink(&row.integer(probability).nulls(3).stamps(world, created, &mut dice))
            })
        })
    },
};

/// A deal.
pub(super) struct Deal {
    pub id: u128,
    pub contact: u64,
    pipeline: u64,
    stage: u64,
    created: i64,
    dice: Dice,
}

impl Deal {
    pub fn new(world: &World, n: u64) -> Self {
        let mut dice = Dice::new(30, n);
        let contact = dice.skewed(world.contacts);
        let pipeline = u64::from(dice.percent(30));
        // Most deals are over.
        let stage = if dice.percent(35) { dice.below(4) } else { 4 + u64::from(dice.percent(60)) };
        let created = world.created(n, world.deals, &mut dice);
        Self { id: id(Kind::Deal, n), contact, pipeline, stage, created, dice }
    }
}

pub(super) const DEALS: Table = Table {
    name: "deals",
    columns: "workspace_id id name name_folded amount amount_currency pipeline_id stage_id status probability \
              start_date close_date closed_at stage_entered_at lost_reason lost_reason_folded forecast_category \
              company_id contact_id owner_id external_refs tag_ids version created_at updated_at created_by_id \
              updated_by_id deleted_at",
    fill: |world, sink| (0..world.deals).try_for_each(|n| sink(&deal_row(world, n))),
};

fn deal_row(world: &World, n: u64) -> Row {
    let Deal { id: own, contact, pipeline: way, stage: place, created, mut dice } = Deal::new(world, n);
    let (_, status, probability) = STAGE.get(place as usize).copied().unwrap_or_default();
    let company = Contact::new(world, contact).company_id();
    let row = Row::of(&[world.workspace, own]).text(format!("{} {n}", dice.pick(&TOPIC)));
    let row = row.integer(1_000 * (1 + dice.skewed(50_000) as i64)).word("EUR");
    let row = row.id(pipeline(way)).id(stage(way, place)).word(status).integer(probability);
    let day = created.div_euclid(DAY);
    let row = row.date(Some(day)).date(Some(day + 30 + dice.below(200) as i64));
    let lost = (status == "LOST").then(|| dice.pick(&["Price", "Timing", "Competitor"]).to_owned());
    let row = row.instant((status != "OPEN").then_some(created)).instant(Some(created)).text(lost);
    let row = row.word(dice.pick_early(&["PIPELINE", "BEST_CASE", "COMMIT", "OMITTED"]));
    let row = row.maybe_id(company).id(id(Kind::Contact, contact)).id(world.user(&mut dice)).nulls(2);
    row.stamps(world, created, &mut dice)
}

pub(super) const STAGE_CHANGES: Table = Table {
    name: "stage_changes",
    columns: "workspace_id id deal_id from_stage_id to_stage_id changed_at changed_by_id seconds_in_previous",
    fill: |world, sink| {
        (0..world.deals).try_for_each(|n| {
            let Deal { id: own, pipeline, stage: place, created, mut dice, .. } = Deal::new(world, n);
            let row = Row::of(&[world.workspace, id(Kind::StageChange, n), own]).nulls(1);
            let row = row.id(stage(pipeline, place)).instant(Some(created));
            sink(&row.id(world.user(&mut dice)).nulls(1))
        })
    },
};
