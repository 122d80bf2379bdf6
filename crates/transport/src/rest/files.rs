//! Contents of files: bytes that come and go as they are. They are the one thing that GraphQL does not carry.

use std::{io, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        Method, StatusCode,
        header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue},
    },
    web::{Bytes, Payload},
};
use app::operation::{Output, OutputKind, Reading};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use kernel::{Code, Error, Record, Result, Value};

use super::{Ask, answer::PlannedAnswer, precondition::names};
use crate::request::{self, Arriving};

/// Where contents are sent to.
pub const PATH: &str = "/v1/files";
const BYTES: &str = "application/octet-stream";

/// Whether the request sends the content of a file.
pub(crate) fn is_upload(method: &Method, path: &str) -> bool {
    method == Method::POST && path == PATH
}

pub async fn upload(mut ask: Ask<'_>) -> Result<HttpResponse> {
    let name = ask.parameters.take("name").unwrap_or_default();
    let selection = ask.take_selection()?;
    ask.parameters.finish()?;
    let media_type = request::header(ask.request, "content-type")?;
    request::expect_no_encoding(ask.request)?;
    if media_type.is_some_and(is_form) {
        let detail = "a file is the body itself, with its own Content-Type; a multipart form is not read";
        return Err(Error::new(Code::UnsupportedMediaType, detail));
    }
    let outputs = [Output { name: ask.object.name, kind: OutputKind::Record(ask.object.name), doc: "" }];
    let timeout = ask.transport.settings().timeout;
    let mut planned = PlannedAnswer::plan(ask.kith, &ask.caller, &outputs, true, selection)?;
    let content = patient(ask.request, ask.payload, timeout);
    let answer = async |work: Reading<'_>, produced: Vec<_>| planned.write(work, &produced).await;
    let written = ask.kith.store_file(&ask.caller.actor, &name, media_type, content, answer).await?;
    Ok(written.response(StatusCode::CREATED))
}

pub async fn download(mut ask: Ask<'_>) -> Result<HttpResponse> {
    ask.no_body()?;
    ask.parameters.finish()?;
    let content = ask.kith.file_bytes(&ask.caller.actor, ask.id()?).await?;
    let text = |field| match content.record.value(field) {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let media_type = text("mediaType").filter(|text| header::HeaderValue::from_str(text).is_ok());
    let mut response = HttpResponse::Ok();
    response.content_type(media_type.unwrap_or(BYTES));
    response
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Authorization"));
    // What others have uploaded is never shown as if it were a page of this server.
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response.insert_header(attachment(text("name").unwrap_or_default()));
    if let Some(digest) = text("sha256") {
        let tag = format!("\"{digest}\"");
        response.insert_header((header::ETAG, tag.as_str()));
        if names(request::header(ask.request, "if-none-match")?, &tag) {
            return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
        }
    }
    let size = size(&content.record);
    let log = |error: Error| {
        tracing::error!(error = error.to_string(), "a content broke off");
        io::Error::other("the content broke off")
    };
    Ok(response.body(SizedStream::new(size, content.bytes.map_ok(Bytes::from).map_err(log))))
}

/// A file to be kept under its name, which may be in any script (RFC 6266).
fn attachment(name: &str) -> ContentDisposition {
    let value = name.as_bytes().to_vec();
    let name = ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::FilenameExt(name)],
    }
}

fn size(record: &Record) -> u64 {
    match record.value("size") {
        Value::Integer(size) => u64::try_from(*size).unwrap_or_default(),
        _ => 0,
    }
}

/// Whether a file comes in the form that browsers send: between boundaries, beside other fields.
fn is_form(media_type: &str) -> bool {
    media_type.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
}

/// The pieces of a body, as long as each comes in time.
fn patient<'a>(
    request: &'a HttpRequest,
    payload: &'a mut Payload,
    patience: Duration,
) -> impl Stream<Item = Result<Bytes>> + 'a {
    stream::unfold(payload, move |payload| async move {
        Arriving::note(request, true);
        let piece = tokio::time::timeout(patience, payload.next()).await;
        Arriving::note(request, false);
        let piece = match piece {
            Ok(piece) => {
                piece?.map_err(|error| Error::new(Code::Malformed, format!("the body broke off: {error}")))
            }
            Err(_) => Err(Code::RequestTimeout.into()),
        };
        Some((piece, payload))
    })
}
