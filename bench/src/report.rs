//! What was measured, as Markdown.

use std::fmt::Write;

use crate::{
    import::Imported,
    measured::{Measured, median},
    rounds::Row,
    seed::Engine,
    size::Sizes,
};

/// What a server takes before and after its work.
pub struct Footprint {
    /// From its start to its first answer, in milliseconds, of several starts.
    pub starts: Vec<f64>,
    /// Its memory after the first answer, in MiB, of several starts.
    pub idle: Vec<f64>,
    /// Its memory after everything, in MiB.
    pub after: f64,
}

/// The table of the workloads on one database.
pub fn workloads(engine: Engine, rows: &[Row], page: u64) -> String {
    let deep = if page > 0 { format!("The deep page is page {page}. ") } else { String::new() };
    let mut text = format!(
        "## {}\n\n{deep}CPU is in seconds per 1 000 requests; the ratio is server and \
         database over the floor's client and database.\n\n\
         | workload | door | connections | req/s | p50 ms | p99 ms | server CPU | database CPU | total | \
         floor req/s | floor client | floor database | floor total | ratio | ratio to the floor's database |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        engine.name()
    );
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.workload.title, row.workload.door != "REST", row.connections));
    for Row { workload, connections, rounds } in sorted {
        let door = |of: fn(&Measured) -> f64| median(rounds.iter().map(|(door, _)| of(door)));
        let floor = |of: fn(&Measured) -> f64| median(rounds.iter().map(|(_, floor)| of(floor)));
        let ratio = median(rounds.iter().map(|(door, floor)| door.total() / floor.total()));
        let bare = median(rounds.iter().map(|(door, floor)| door.total() / floor.database()));
        let apart = engine == Engine::Postgres;
        let or_none = |value: f64| if apart { format!("{value:.3}") } else { "–".to_owned() };
        let bare = if apart { format!("{bare:.1}") } else { "–".to_owned() };
        writeln!(
            text,
            "| {} | {} | {connections} | {:.0} | {:.2} | {:.2} | {:.3} | {} | {:.3} | {:.0} | {:.3} | {} | {:.3} | \
             {ratio:.1} | {bare} |",
            workload.title,
            workload.door,
            door(Measured::rate),
            door(|measured| measured.pace.p50),
            door(|measured| measured.pace.p99),
            door(Measured::asker),
            or_none(door(Measured::database)),
            door(Measured::total),
            floor(Measured::rate),
            floor(Measured::asker),
            or_none(floor(Measured::database)),
            floor(Measured::total),
        )
        .ok();
    }
    text
}

/// The lines about memory and start.
pub fn footprint(Footprint { starts, idle, after }: &Footprint) -> String {
    let (start, idle) = (median(starts.iter().copied()), median(idle.iter().copied()));
    format!(
        "W8: {start:.0} ms from the start to the first answer, a contact by id; {idle:.0} MiB resident then, \
         {after:.0} MiB after everything.\n"
    )
}

/// The table of what a contact takes on disk.
pub fn sizes(Sizes { contacts, tables }: &Sizes) -> String {
    let total: f64 = tables.iter().map(|(_, data, indexes)| data + indexes).sum();
    let mut text = format!(
        "Bytes on disk of a contact with an e-mail address, a phone number and the id of another system, and of its \
         event; of {contacts:.0} contacts: {total:.0} in all.\n\n| table | rows | indexes | both |\n|---|--:|--:|--:|\n"
    );
    for (table, data, indexes) in tables {
        writeln!(text, "| {table} | {data:.0} | {indexes:.0} | {:.0} |", data + indexes).ok();
    }
    text
}

/// The lines about the import.
pub fn import(imported: &Imported) -> String {
    let Imported { rows, updated, seconds, peak, cpu } = imported;
    format!(
        "W10: {rows:.0} rows imported in {seconds:.1} s, {:.0} rows/s, {updated:.0} of them updates; {peak:.0} MiB \
         at most, {cpu:.1} CPU seconds of the process.\n",
        rows / seconds
    )
}
