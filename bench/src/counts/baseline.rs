//! The baseline: what each path took when somebody last looked and agreed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs, io,
    path::Path,
};

use crate::{Outcome, failed};

/// The instructions of each path.
pub type Counts = BTreeMap<String, u64>;

/// By how many percent a path may differ from the baseline. Runs of one binary were seen to differ by up to 2 %,
/// for threads do not meet in the same order twice; the rest is room for a build in another place, where another
/// compiler made SQLite and another C library is at hand.
const TOLERANCE: f64 = 10.0;

/// Makes these counts the baseline, and shows what they were before.
pub fn write(file: &Path, now: &Counts) -> Outcome {
    print!("{}", table(&read(file)?, now));
    fs::write(file, serde_json::to_string_pretty(now)? + "\n")?;
    println!("\nThis is the baseline now. Say in the commit why it changes.");
    Ok(())
}

/// Shows these counts beside the baseline, and fails if one is too far above it.
pub fn compare(file: &Path, now: &Counts) -> Outcome {
    let baseline = read(file)?;
    println!("{}", table(&baseline, now));
    println!("{}", verdict(&baseline, now)?);
    Ok(())
}

fn verdict(baseline: &Counts, now: &Counts) -> Outcome<&'static str> {
    if !baseline.keys().eq(now.keys()) {
        return Err(failed("the baseline is not of these paths: run bench/counts --write and commit it"));
    }
    let changes = || baseline.values().zip(now.values()).map(|(before, now)| percent(*before, *now));
    if changes().any(|change| change > TOLERANCE) {
        return Err(failed(format!(
            "a path takes over {TOLERANCE} % more instructions than the baseline; if that is what it has to \
             cost, run bench/counts --write and say in the commit why"
        )));
    }
    Ok(match changes().any(|change| change < -TOLERANCE) {
        true => "A path takes fewer instructions: lower the baseline with bench/counts --write.",
        false => "No path is further from the baseline than the tolerance.",
    })
}

fn read(file: &Path) -> Outcome<Counts> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(serde_json::from_str(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Counts::new()),
        Err(error) => Err(error.into()),
    }
}

fn percent(before: u64, now: u64) -> f64 {
    (now as f64 / before as f64 - 1.0) * 100.0
}

fn table(baseline: &Counts, now: &Counts) -> String {
    let paths: BTreeSet<_> = baseline.keys().chain(now.keys()).collect();
    let heading = "instructions";
    let names = paths.iter().map(|path| path.as_str()).chain([heading]);
    let width = names.map(|name| name.chars().count()).max().unwrap_or_default();
    let shown = |count: Option<&u64>| count.map_or_else(|| "-".to_owned(), u64::to_string);
    let mut text = format!("{heading:width$} {:>12} {:>12} {:>9}\n", "baseline", "now", "change");
    for path in paths {
        let (before, now) = (baseline.get(path), now.get(path));
        let change = before.zip(now).map(|(before, now)| percent(*before, *now));
        let mark = if change.is_some_and(|change| change.abs() > TOLERANCE) { " !" } else { "" };
        let change = change.map_or_else(|| "-".to_owned(), |change| format!("{change:+.1} %"));
        writeln!(text, "{path:width$} {:>12} {:>12} {change:>9}{mark}", shown(before), shown(now)).ok();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn counts(list: u64) -> Counts {
        Counts::from([("create".to_owned(), 1_000), ("list".to_owned(), list)])
    }

    #[test]
    fn a_path_may_get_cheaper_but_not_much_dearer() {
        let baseline = counts(2_000);
        assert!(verdict(&baseline, &counts(2_190)).unwrap().starts_with("No path"));
        assert!(verdict(&baseline, &counts(1_000)).unwrap().contains("lower"));
        assert!(verdict(&baseline, &counts(2_210)).is_err());
        assert!(verdict(&Counts::new(), &baseline).is_err(), "nothing is known of these paths");
    }

    #[test]
    fn the_table_marks_what_is_beyond_the_tolerance() {
        let table = table(&counts(2_000), &counts(2_400));
        assert_eq!(
            table,
            "instructions     baseline          now    change\n\
             create               1000         1000    +0.0 %\n\
             list                 2000         2400   +20.0 % !\n"
        );
    }
}
