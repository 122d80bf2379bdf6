//! Import: the rows of a file become records, as a mapping says.
//!
//! The way of a row: `source` cuts the file, `mapping` and `transform` say what a row becomes (a `draft`), `feed`
//! does both on a thread of its own; `run` takes batches of drafts, and `batch` finds the records they refer to
//! (`lookup`) and match (`matching`), and writes them by the same rules as any other change.
//!
//! A row may refer to rows above it. In a dry run, where nothing is written, such a reference counts as valid and its
//! member is left empty; rules that depend on it are not tried.

mod apply;
mod batch;
mod csv_rows;
mod decimal;
mod draft;
mod dry_run;
mod fault;
mod feed;
mod growth;
pub(crate) mod job;
mod json_lines;
mod lookup;
mod mapping;
mod mapping_error;
mod mapping_file;
mod matching;
mod merge;
mod moment;
mod row;
mod run;
mod shape;
mod source;
pub(crate) mod start;
mod target;
mod transform;

pub use fault::RowError;
pub use mapping::Mapping;
pub use mapping_error::MappingError;
pub use run::{Counts, Import, Observer, Problem, Rejection, Report, run};
pub use source::Format;
pub use target::Target;
