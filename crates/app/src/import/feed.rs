//! Reads a file on a thread of its own and turns its rows into drafts, a batch at a time.

use std::io::Read;

use kernel::{Code, Error, Result};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    draft::Draft,
    fault::RowError,
    mapping::Mapping,
    source::{BrokenRow, Format, SourceError, SourceReader},
};

/// The number of rows in a batch, which is written together.
pub(super) const BATCH_ROWS: usize = 500;
/// The size at which a batch of long rows ends earlier.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The number of batches read ahead while one is written.
const AHEAD: usize = 1;

/// A row of the file, as a draft.
#[derive(Debug)]
pub(super) struct FileRow {
    /// The row's number, from 1, the header not counted.
    pub number: u64,
    /// The draft, or the row's errors.
    pub draft: Result<Draft, Vec<RowError>>,
}

/// The most columns listed in the error about a missing one.
const SHOWN: usize = 30;

/// The batches that the thread sends; the last one is empty.
pub(super) type Batches = mpsc::Receiver<Result<Vec<FileRow>>>;

/// Starts a thread that reads the rows behind the given one.
pub(super) fn feed(content: Box<dyn Read + Send>, format: Format, mapping: Mapping, behind: u64) -> Batches {
    let (sender, receiver) = mpsc::channel(AHEAD);
    spawn_blocking(move || {
        let ended = read(content, format, &mapping, behind, &sender).map(|()| Vec::new());
        // A failure means that the import has ended.
        let _ = sender.blocking_send(ended);
    });
    receiver
}

fn read(
    content: Box<dyn Read + Send>,
    format: Format,
    mapping: &Mapping,
    behind: u64,
    sender: &mpsc::Sender<Result<Vec<FileRow>>>,
) -> Result<()> {
    let reader = SourceReader::new(content, format, mapping.spelling).map_err(unreadable)?;
    let missing = reader.columns().map(|header| mapping.missing_columns(header)).unwrap_or_default();
    if !missing.is_empty() {
        let there: Vec<_> =
            reader.columns().unwrap_or_default().iter().map(String::as_str).take(SHOWN).collect();
        let delimiter = match reader.delimiter() {
            Some('\t') => "tabs".to_owned(),
            delimiter => format!("“{}”", delimiter.unwrap_or(',')),
        };
        let (missing, there) = (missing.join(", "), there.join(", "));
        let detail = format!("the file has no column {missing}; it has {there}, parted by {delimiter}");
        return Err(Error::new(Code::Invalid, detail));
    }
    let mapped = mapping.columns();
    if let Some(name) = reader.doubled().into_iter().flatten().find(|name| mapped.contains(name.as_str())) {
        let detail = format!("the column “{name}” comes twice, and the mapping reads it");
        return Err(Error::new(Code::Invalid, detail));
    }
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH_ROWS), 0_usize);
    for row in reader {
        let line = match row {
            Ok(row) if row.number > behind => FileRow { number: row.number, draft: mapping.apply(&row) },
            Err(SourceError::Row(BrokenRow { number, line: _, error })) if number > behind => {
                FileRow { number, draft: Err(vec![error]) }
            }
            Ok(_) | Err(SourceError::Row(_)) => continue,
            Err(error) => return Err(unreadable(error)),
        };
        bytes = bytes.saturating_add(line.draft.as_ref().map_or(0, |draft| draft.size));
        batch.push(line);
        if batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            bytes = 0;
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            if sender.blocking_send(Ok(full)).is_err() {
                return Ok(());
            }
        }
    }
    if !batch.is_empty() {
        let _ = sender.blocking_send(Ok(batch));
    }
    Ok(())
}

fn unreadable(error: SourceError) -> Error {
    let detail = error.to_string();
    match error {
        SourceError::Io(cause) => match cause.downcast::<Error>() {
            // The content comes from the database, whose error says why it cannot be read.
            Ok(error) => error,
            Err(_) => Error::new(Code::Invalid, detail),
        },
        SourceError::Header(_) | SourceError::Row(_) => Error::new(Code::Invalid, detail),
    }
}
