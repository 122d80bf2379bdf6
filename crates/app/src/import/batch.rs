//! Writes a batch of rows in one unit of work, in a few statements.
//!
//! Rows of one batch may belong together: two may be about the same record, and one may refer to the record that
//! another makes. Such rows are written in waves, one after the other.

use std::collections::HashSet;

use kernel::{
    Result,
    input::{self, Input, Purpose},
};
use serde_json::{Map, Value as Json};

use super::{
    draft::Draft,
    dry_run::DryRun,
    fault::{Fault, RowError},
    feed::FileRow,
    lookup::Lookups,
    matching::Match,
    merge::apply_to_existing,
    target::Target,
};
use crate::{unit_of_work::UnitOfWork, validate::PendingChange};

/// The outcome of a row.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Created,
    Updated,
    Unchanged,
    Rejected(Vec<RowError>),
}

/// A batch that is being written.
pub(super) struct Batch<'a> {
    pub work: &'a mut UnitOfWork,
    pub target: &'a Target,
    pub lookups: &'a mut Lookups,
    /// In a dry run, the records that earlier batches would have created.
    pub dry_run: Option<&'a DryRun>,
}

/// A row that waits, by its place in the batch.
type Waiting<'l> = (usize, &'l Draft);

impl Batch<'_> {
    /// Writes the rows, and returns the outcome of each.
    pub async fn write(&mut self, lines: &[FileRow]) -> Result<Vec<Outcome>> {
        let lost = || Outcome::Rejected(vec![Fault::new("internal", "the row was lost").in_row()]);
        let mut outcomes: Vec<Outcome> = lines.iter().map(|_| lost()).collect();
        let mut waiting: Vec<Waiting<'_>> = Vec::with_capacity(lines.len());
        for ((row, line), outcome) in lines.iter().enumerate().zip(&mut outcomes) {
            match &line.draft {
                Ok(draft) => waiting.push((row, draft)),
                Err(errors) => *outcome = Outcome::Rejected(errors.clone()),
            }
        }
        while !waiting.is_empty() {
            for (row, outcome) in self.next_wave(&mut waiting).await? {
                if let Some(place) = outcomes.get_mut(row) {
                    *place = outcome;
                }
            }
        }
        // What the database refuses shows here, where the rows can be retried one by one.
        self.work.transaction.flush().await?;
        Ok(outcomes)
    }

    /// Writes those of the waiting rows that depend on no other, and leaves the rest waiting.
    async fn next_wave(&mut self, waiting: &mut Vec<Waiting<'_>>) -> Result<Vec<(usize, Outcome)>> {
        let drafts = waiting.iter().map(|(_, draft)| *draft);
        let findings = self.lookups.find(self.work, self.target, drafts).await?;
        let (mut wave, mut outcomes, mut lost, mut later) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (row, draft) in waiting.drain(..) {
            let keys = self.target.match_keys(draft).into_iter();
            if keys.map(|key| seen.insert(key)).filter(|is_new| !is_new).count() > 0 {
                later.push((row, draft));
                continue;
            }
            match findings.fill(draft, self.target, self.dry_run) {
                Ok(input) => wave.push((row, draft, input)),
                Err(unfilled) if unfilled.may_come => lost.push((row, draft, unfilled.errors)),
                Err(unfilled) => outcomes.push((row, Outcome::Rejected(unfilled.errors))),
            }
        }
        for (row, draft, errors) in lost {
            match wave.is_empty() {
                // No row is left that could create what it refers to.
                true => outcomes.push((row, Outcome::Rejected(errors))),
                false => later.push((row, draft)),
            }
        }
        later.sort_unstable_by_key(|(row, _)| *row);
        *waiting = later;
        outcomes.extend(self.wave(wave).await?);
        Ok(outcomes)
    }

    /// Writes rows that do not depend on each other.
    async fn wave(&mut self, rows: Vec<(usize, &Draft, Map<String, Json>)>) -> Result<Vec<(usize, Outcome)>> {
        let (mut outcomes, mut ready) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (row, draft, input) in rows {
            // Fields that are set on create only are judged in `merge`: the same value may come again.
            match input::members(&self.target.create, Purpose::Import, &input) {
                Ok(values) => {
                    let changes = Input { values, items: self.target.additions(&input), ..Input::default() };
                    ready.push((row, draft, self.target.keys(&changes.values), changes));
                }
                Err(violations) => outcomes.push((row, Outcome::Rejected(draft.row_errors(violations)))),
            }
        }
        // Before records are locked: the holder of the table's lock may wait for one of them.
        for (_, _, _, changes) in &ready {
            self.work.lock_contended(&self.target.create, &changes.values).await?;
        }
        let keys: Vec<_> = ready.iter().flat_map(|(_, _, keys, _)| keys).cloned().collect();
        let matches = self.target.find_matches(self.work, &keys).await?;
        let (mut creates, mut created, mut updates, mut updated) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (row, draft, keys, changes) in ready {
            match matches.with(&keys).as_slice() {
                [] => {
                    creates.push((row, draft));
                    created.push(self.work.draft(self.target.create.object(), changes.values));
                }
                [Match { record: None, .. }] => outcomes.push((row, Outcome::Unchanged)),
                [Match { record: Some(before), .. }] => {
                    match apply_to_existing(before, changes, &self.target.adds) {
                        Ok(after) => {
                            updates.push((row, draft, before.version()));
                            updated.push(PendingChange::new(Some(before.clone()), after));
                        }
                        Err(violations) => {
                            outcomes.push((row, Outcome::Rejected(draft.row_errors(violations))))
                        }
                    }
                }
                several => {
                    let message = format!("{} records are recognised in this row", several.len());
                    let at = format!("/{}", self.target.mapping.matching().unwrap_or_default());
                    let error = draft.fault_at(&at, Fault::new("ambiguous_match", message));
                    outcomes.push((row, Outcome::Rejected(vec![error])));
                }
            }
        }
        if !created.is_empty() {
            let created = self.work.create_all(&self.target.create, created).await?;
            for ((row, draft), created) in creates.into_iter().zip(created) {
                outcomes.push((
                    row,
                    match created {
                        Ok(_) => self.made(draft),
                        Err(error) => Outcome::Rejected(draft.errors(error)),
                    },
                ));
            }
        }
        if !updated.is_empty() {
            let updated = self.work.update_all(&self.target.existing, &mut updated).await?;
            for ((row, draft, version), updated) in updates.into_iter().zip(updated) {
                outcomes.push((
                    row,
                    match updated {
                        Ok(record) if record.version() == version => Outcome::Unchanged,
                        Ok(_) => Outcome::Updated,
                        Err(error) => Outcome::Rejected(draft.errors(error)),
                    },
                ));
            }
        }
        Ok(outcomes)
    }

    /// A created record counts as such, unless a dry run would have made it in an earlier batch.
    fn made(&self, draft: &Draft) -> Outcome {
        match self.dry_run.is_some_and(|dry_run| dry_run.has_matching(&self.target.match_keys(draft))) {
            false => Outcome::Created,
            true if self.target.keeps() => Outcome::Unchanged,
            true => Outcome::Updated,
        }
    }
}
