//! Import: the rows of a file become records, as a mapping says.
//!
//! The way of a row: `source` cuts the file, `mapping` and `transform` say what a row becomes (a `draft`), `feed`
//! does both on a thread of its own; `run` takes batches of drafts, and `batch` finds the records they refer to
//! (`lookup`) and are about (`recognise`), and writes them by the same rules as any other change.
//!
//! A row may refer to rows above it. In a dry run, where nothing is written, such a reference is taken for good
//! and its member left empty; what its record would have done there is not tried.

mod apply;
mod batch;
mod csv_rows;
mod decimal;
mod draft;
mod fault;
mod feed;
mod growth;
pub(crate) mod job;
mod json_lines;
mod lookup;
mod mapping;
mod mapping_file;
mod merge;
mod moment;
mod recognise;
mod rehearsal;
mod row;
mod run;
mod shape;
mod source;
pub(crate) mod start;
mod target;
mod transform;

pub use fault::RowError;
pub use mapping::{Mapping, MappingError};
pub use run::{Counts, Go, Import, Problem, Rejection, Report, Watch, run};
pub use source::Format;
pub use target::Target;
