//! What happened and what is to be done.

use super::{
    Table,
    dice::Dice,
    row::Row,
    sales::Deal,
    texts::{SENTENCE, TOPIC},
    world::{Kind, World, id, type_id},
};

const TYPE: [&str; 8] = ["EMAIL", "CALL", "NOTE", "MEETING", "CHAT", "VISIT", "SMS", "OTHER"];

/// What an activity is about: a deal with its contact, or a contact alone.
struct Subjects {
    contact: u128,
    deal: Option<u128>,
    dice: Dice,
}

impl Subjects {
    fn new(world: &World, matter: u64, n: u64) -> Self {
        let mut dice = Dice::new(matter, n);
        if dice.percent(40) {
            let deal = Deal::new(world, dice.skewed(world.deals));
            return Self { contact: id(Kind::Contact, deal.contact), deal: Some(deal.id), dice };
        }
        Self { contact: id(Kind::Contact, dice.skewed(world.contacts)), deal: None, dice }
    }

    fn json(&self) -> String {
        let contact = type_id("contact", self.contact);
        match self.deal {
            Some(deal) => format!("[\"{contact}\",\"{}\"]", type_id("deal", deal)),
            None => format!("[\"{contact}\"]"),
        }
    }
}

fn sentences(dice: &mut Dice) -> String {
    let count = 1 + dice.below(6);
    (0..count).map(|_| dice.pick(&SENTENCE)).collect::<Vec<_>>().join(" ")
}

pub(super) const ACTIVITIES: Table = Table {
    name: "activities",
    columns: "workspace_id id external_refs type direction channel channel_folded occurred_at subject \
              subject_folded body subjects duration_seconds owner_id version created_at updated_at created_by_id \
              updated_by_id deleted_at",
    fill: |world, sink| {
        (0..world.activities).try_for_each(|n| {
            let subjects = Subjects::new(world, 40, n);
            let about = subjects.json();
            let mut dice = subjects.dice;
            let created = world.created(n, world.activities, &mut dice);
            let row =
                Row::of(&[world.workspace, id(Kind::Activity, n)]).nulls(1).word(dice.pick_early(&TYPE));
            let row = row.word(dice.pick(&["INBOUND", "OUTBOUND"])).text(None).instant(Some(created));
            let row = row.text(format!("{} {}", dice.pick(&TOPIC), dice.below(1_000)));
            let row = row.word(sentences(&mut dice)).word(about).integer(60 * dice.below(90) as i64);
            sink(&row.id(world.user(&mut dice)).stamps(world, created, &mut dice))
        })
    },
};

pub(super) const ACTIVITY_SUBJECTS: Table = Table {
    name: "activity_subjects",
    columns: "workspace_id record_id position subject_id subject_id_object",
    fill: |world, sink| {
        (0..world.activities).try_for_each(|n| {
            let subjects = Subjects::new(world, 40, n);
            let row = |place| Row::of(&[world.workspace, id(Kind::Activity, n)]).integer(place);
            sink(&row(0).id(subjects.contact).word("contact"))?;
            subjects.deal.map_or(Ok(()), |deal| sink(&row(1).id(deal).word("deal")))
        })
    },
};

pub(super) const TASKS: Table = Table {
    name: "tasks",
    columns: "workspace_id id title title_folded description due_at remind_at status priority completed_at \
              contact_id deal_id ticket_id assignee_id external_refs tag_ids version created_at updated_at \
              created_by_id updated_by_id deleted_at",
    fill: |world, sink| {
        (0..world.tasks).try_for_each(|n| {
            let Subjects { contact, deal, mut dice } = Subjects::new(world, 50, n);
            let created = world.created(n, world.tasks, &mut dice);
            let due = created + dice.below(1_000) as i64 * 3_600_000_000;
            let status = dice.pick_early(&["DONE", "OPEN", "IN_PROGRESS", "CANCELLED"]);
            let row = Row::of(&[world.workspace, id(Kind::Task, n)]);
            let row = row.text(format!("{}: call back", dice.pick(&TOPIC))).word(sentences(&mut dice));
            let row = row.instant(Some(due)).nulls(1).word(status);
            let row = row.word(dice.pick_early(&["MEDIUM", "HIGH", "LOW", "CRITICAL"]));
            let row = row.instant((status == "DONE").then_some(due)).id(contact).maybe_id(deal).nulls(1);
            let row = row.id(world.user(&mut dice)).nulls(2);
            sink(&row.stamps(world, created, &mut dice))
        })
    },
};
