//! `kith import`: rows of a file become records, without a server in between.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use app::{
    UnitOfWork,
    import::{Counts, Format, Import, Mapping, Observer, Problem, Rejection, Report, Target, run},
};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kernel::{Error, Result};
use serde_json::json;

use super::key::Presented;
use crate::{
    config::Config,
    database,
    failure::{Failure, Outcome},
    output::say,
};

/// The exit code when rows were rejected.
const SOME_REJECTED: u8 = 3;

/// Imports a file
#[derive(Args)]
pub(super) struct ImportCommand {
    /// The file: CSV with a header row, or one JSON object per line
    file: PathBuf,
    /// The object whose records the rows become: contact
    #[arg(long)]
    object: String,
    /// The file that says which column becomes which field
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// The format of the file [default: by the ending of its name]
    #[arg(long, value_enum)]
    format: Option<Spelling>,
    /// Tries everything and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Writes every error there, one JSON object per line
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Prints the report as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    presented: Presented,
}

/// A file's format.
#[derive(Clone, Copy, ValueEnum)]
enum Spelling {
    /// Comma-separated values with a header row
    Csv,
    /// One JSON object per line
    JsonLines,
}

impl ImportCommand {
    pub async fn run(self, config: &Config) -> Outcome<ExitCode> {
        let opened =
            |path: &Path| File::open(path).map_err(|error| Failure::from(error).during(path.display()));
        let format = self.format()?;
        let mapping = std::fs::read(&self.mapping);
        let mapping = mapping.map_err(|error| Failure::from(error).during(self.mapping.display()))?;
        let mapping = Mapping::parse(&mapping)?;
        let file = opened(&self.file)?;
        let errors = self.errors.as_deref().map(File::create).transpose()?;

        let kith = database::open(config).await?;
        let actor = self.presented.actor(&kith).await?;
        let target = Target::new(&kith, &actor, &self.object, mapping, "")?;
        let bar = progress_bar(file.metadata()?.len());
        let content = Box::new(bar.wrap_read(file));
        let import = Import { target, content, format, dry_run: self.dry_run, counts: Counts::default() };
        let mut observer = ProgressObserver { bar: bar.clone(), errors: errors.map(BufWriter::new) };
        let begun = Instant::now();
        let ended = run(&kith, &actor, import, &mut observer).await;
        bar.finish_and_clear();
        if let Some(errors) = &mut observer.errors {
            errors.flush()?;
        }
        let report = ended?;
        self.tell(&report, begun.elapsed())?;
        Ok(match report.counts.rows_rejected {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(SOME_REJECTED),
        })
    }

    fn format(&self) -> Outcome<Format> {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let format = match self.format {
            Some(Spelling::Csv) => Some(Format::Csv),
            Some(Spelling::JsonLines) => Some(Format::JsonLines),
            None => ending.and_then(Format::from_extension),
        };
        let unknown = || Failure::new("the file's name does not tell how it is written; say --format");
        format.ok_or_else(unknown)
    }

    fn tell(&self, report: &Report, took: Duration) -> Outcome {
        if self.json {
            let mut json = serde_json::to_value(report)?;
            if let Some(members) = json.as_object_mut() {
                members.insert("dryRun".to_owned(), json!(self.dry_run));
                members.insert("seconds".to_owned(), json!((took.as_secs_f64() * 1_000.0).round() / 1_000.0));
            }
            return say(json);
        }
        let Counts { rows_read, rows_created, rows_updated, rows_unchanged, rows_rejected } = report.counts;
        let written = if self.dry_run { "nothing was written; would be " } else { "" };
        let seconds = took.as_secs_f64();
        say(format_args!(
            "{rows_read} rows in {seconds:.1} s: {written}{rows_created} created, {rows_updated} updated, \
             {rows_unchanged} unchanged, {rows_rejected} rejected"
        ))?;
        for Problem { column, code, rows, message, first_row } in &report.problems {
            let place = column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default();
            let message = format!("{rows} × {code}{place}; first in row {first_row}: {message}");
            writeln!(io::stderr(), "  {message}").ok();
        }
        Ok(())
    }
}

fn progress_bar(bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{wide_bar} {percent} %, {msg} {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Shows the progress of the import, and writes its errors to a file.
struct ProgressObserver {
    bar: ProgressBar,
    errors: Option<BufWriter<File>>,
}

impl Observer for ProgressObserver {
    async fn before_commit(
        &mut self,
        _: &mut UnitOfWork,
        _: &Counts,
        _: &[Rejection],
    ) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    async fn committed(&mut self, counts: &Counts, rejections: &[Rejection]) -> Result<ControlFlow<()>> {
        if let Some(errors) = &mut self.errors {
            for rejection in rejections {
                serde_json::to_writer(&mut *errors, rejection).map_err(|error| Error::internal(error))?;
                errors.write_all(b"\n").map_err(|error| Error::internal(error))?;
            }
        }
        self.bar.set_message(format!("{} rows, {} rejected,", counts.rows_read, counts.rows_rejected));
        Ok(ControlFlow::Continue(()))
    }
}
