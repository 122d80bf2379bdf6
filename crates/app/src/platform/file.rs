//! Stored files: their content comes in and goes out as a stream, in bounded memory.

use std::{
    io::{self, Read, Seek, Write},
    sync::Arc,
};

use domain::platform::file::{self, File};
use futures::{Stream, TryStreamExt, pin_mut, stream};
use kernel::{
    Code, Error, Record, Result, Violation,
    actor::Actor,
    change::NewRecord,
    field::Field,
    input,
    object::{Action, Object},
    system,
    time::Instant,
    value::FieldType,
};
use persistence::file::PIECE;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{
    Kith,
    deletion::{DAY_MICROS, RESTORABLE_DAYS},
    operation::{Endpoint, Mode, Operation, OperationKind, Produced, Reading},
};

/// The largest file that is stored, in bytes.
pub const MAX_FILE: u64 = 1024 * 1024 * 1024;
/// The bytes of an upload kept in memory; more goes to a temporary file.
const IN_MEMORY: usize = 4 * PIECE;

const UPLOAD: &str = "uploadFile";

/// The operations on contents of files, which are neither standard ones nor commands.
pub(crate) fn operations(object: &Arc<Object>) -> [Operation; 2] {
    let operation = |name: &str, doc: &str, action, endpoint, kind| Operation {
        name: name.to_owned(),
        object: Arc::clone(object),
        action,
        on_record: action == Action::Read,
        endpoint,
        aliases: &[],
        doc: doc.to_owned(),
        kind,
    };
    let upload = "Stores a file. The body is its content as it is, of any content type and up to 1 GiB.";
    let download = "Gets the content of a file, as it was sent. Its `ETag` is its SHA-256.";
    [
        operation(UPLOAD, upload, Action::Create, Endpoint::post(""), OperationKind::Upload),
        operation("downloadFile", download, Action::Read, Endpoint::get("content"), OperationKind::Download),
    ]
}

/// The age at which an unfinished upload counts as abandoned.
const LEFT_MICROS: i64 = DAY_MICROS;

/// A stored file.
pub struct Content<S> {
    /// Its record.
    pub record: Record,
    /// Its bytes, in pieces.
    pub bytes: S,
}

impl Kith {
    /// Stores a file. The content is received as a whole first, so that a slow sender holds up nobody; then it is
    /// written piece by piece, and the record last, under a key that is still good.
    /// As in [`Kith::perform`], `answer` makes the answer in the unit of work.
    pub async fn store_file<B: AsRef<[u8]>, T>(
        &self,
        actor: &Actor,
        name: &str,
        media_type: Option<&str>,
        content: impl Stream<Item = Result<B>>,
        mut answer: impl AsyncFnMut(Reading<'_>, Produced) -> Result<T>,
    ) -> Result<T> {
        let object = self.object("file")?;
        actor.permit_command(object, UPLOAD)?;
        let checked = |field: Field<File, String>, text: &str| match object.attribute(field.def.name) {
            Some(attribute) => {
                let read = input::value(attribute, &Json::from(text));
                let violation = |(code, detail)| Violation::new(code, format!("/{}", field.def.name), detail);
                read.map(|value| String::read(&value)).map_err(violation)
            }
            None => Ok(None),
        };
        if name.is_empty() {
            return Err(Violation::new(Code::Required, "/name", "name is required").into());
        }
        let name = checked(file::NAME, name)?;
        let media_type = media_type.map(|text| checked(file::MEDIA_TYPE, text)).transpose()?.flatten();
        let Received { spool, digest, size } = Received::all_of(content).await?;
        let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let size = i64::try_from(size).map_err(|error| Error::internal(error))?;
        let now = self.context().clock.now();
        let (workspace, id) = (actor.workspace, self.context().ids.next(now));
        self.database().begin_upload(workspace, id, now).await?;
        let stored = async {
            self.keep_pieces(workspace, id, spool).await?;
            self.with_retries(actor, async |actor: Actor| {
                let file = NewRecord::<File>::new()
                    .with(system::ID, id)
                    .with(file::NAME, name.clone())
                    .with(file::MEDIA_TYPE, media_type.clone())
                    .with(file::SIZE, size)
                    .with(file::SHA256, hex.clone())
                    .with(file::OWNER, actor.user);
                self.in_unit_of_work(&actor, Mode::Commit, async |work| {
                    let file = work.make(file).await?;
                    work.transaction.end_upload(file.id()).await?;
                    answer(Reading::of(work), vec![file.into()]).await
                })
                .await
            })
            .await
        };
        let stored = stored.await;
        if let Err(error) = &stored
            && error.code != Code::Unavailable
            && !error.is_in_doubt()
        {
            // If this fails, or the outcome of the commit is unknown, the next sweep finds them.
            let _ = self.database().free_pieces(workspace, id).await;
        }
        stored
    }

    async fn keep_pieces(&self, workspace: Uuid, file: Uuid, mut spool: SpooledTempFile) -> Result<()> {
        spool.rewind().map_err(|error| Error::internal(error))?;
        for position in 0.. {
            let piece;
            (spool, piece) = blocking(move || {
                let mut piece = Vec::new();
                Read::by_ref(&mut spool).take(PIECE as u64).read_to_end(&mut piece)?;
                Ok((spool, piece))
            })
            .await?;
            if piece.is_empty() {
                break;
            }
            self.database().keep_piece(workspace, file, position, piece).await?;
        }
        Ok(())
    }

    /// Frees what nobody can reach any more: the contents of files that were deleted too long ago to be restored,
    /// and what is left of uploads that never came to their end. Gives the number of files.
    pub async fn sweep_files(&self) -> Result<usize> {
        let now = self.context().clock.now().0;
        let object = self.object("file")?;
        let since = Instant(now.saturating_sub(RESTORABLE_DAYS.saturating_mul(DAY_MICROS)));
        let mut files = self.database().deleted_files(object, since).await?;
        files.extend(self.database().abandoned_uploads(Instant(now.saturating_sub(LEFT_MICROS))).await?);
        let mut pieces = 0_u64;
        for (workspace, file) in &files {
            pieces = pieces.saturating_add(self.database().free_pieces(*workspace, *file).await?);
        }
        if !files.is_empty() {
            let bytes = pieces.saturating_mul(PIECE as u64);
            tracing::info!(files = files.len(), pieces, at_most_bytes = bytes, "freed the contents of files");
        }
        Ok(files.len())
    }

    /// The content of a file, in pieces.
    pub async fn file_bytes(
        &self,
        actor: &Actor,
        id: Uuid,
    ) -> Result<Content<impl Stream<Item = Result<Vec<u8>>> + use<>>> {
        let record = self.record(actor, "file", id).await?;
        let (kith, actor) = (self.clone(), actor.clone());
        let piece = move |position: i64| {
            let (kith, actor) = (kith.clone(), actor.clone());
            async move {
                let piece = kith.database().piece(&actor, id, position).await?;
                Ok(piece.map(|piece| (piece, position.saturating_add(1))))
            }
        };
        Ok(Content { record, bytes: stream::try_unfold(0, piece) })
    }
}

/// Content that has come in.
struct Received {
    spool: SpooledTempFile,
    digest: Sha256,
    size: u64,
}

impl Received {
    async fn all_of<B: AsRef<[u8]>>(content: impl Stream<Item = Result<B>>) -> Result<Self> {
        let mut received = Self { spool: SpooledTempFile::new(IN_MEMORY), digest: Sha256::new(), size: 0 };
        let mut piece = Vec::new();
        pin_mut!(content);
        while let Some(bytes) = content.try_next().await? {
            piece.extend_from_slice(bytes.as_ref());
            if piece.len() >= PIECE {
                received = received.add(std::mem::take(&mut piece)).await?;
            }
        }
        received.add(piece).await
    }

    async fn add(mut self, piece: Vec<u8>) -> Result<Self> {
        self.size = self.size.saturating_add(piece.len() as u64);
        if self.size > MAX_FILE {
            return Err(Error::new(Code::TooLarge, format!("a file may have {MAX_FILE} bytes")));
        }
        blocking(move || {
            self.digest.update(&piece);
            self.spool.write_all(&piece)?;
            Ok(self)
        })
        .await
    }
}

/// Does what may wait for a disk where it keeps nobody else waiting.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(error))?
        .map_err(|error| Error::internal(error))
}
