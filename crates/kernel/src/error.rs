//! The one error of Kith: a stable code, a sentence for people, the violations and whatever a client
//! needs as data. The transports turn it into HTTP and GraphQL, each in one place.

use std::{error::Error as StdError, fmt, panic::Location, sync::Arc};

use serde_json::{Map, Value as Json};

/// A result whose failure a client can act on.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// The code of an error, as a stable word that a client can match on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, for the catalogue in the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// The code's meaning, for the catalogue and as the default detail of an error.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The body, the document or the path could not be read as what it is sent as.
    Malformed = "malformed",
    /// A query parameter the operation does not know.
    UnknownParameter = "unknown_parameter",
    /// A parameter whose value has the wrong shape or is out of its range.
    InvalidParameter = "invalid_parameter",
    /// A body member the object does not have.
    UnknownField = "unknown_field",
    /// The input breaks one or more rules; each is listed.
    Invalid = "invalid",
    /// A required member is missing or null.
    Required = "required",
    /// The value has another type or format than the field.
    WrongType = "wrong_type",
    /// The value is longer, larger or more numerous than the field allows.
    OutOfRange = "out_of_range",
    /// The value is not one of the field's allowed values.
    UnknownValue = "unknown_value",
    /// The field is set by Kith and cannot be written.
    ReadOnly = "read_only",
    /// The field is set when the record is created and cannot be changed.
    Immutable = "immutable",
    /// The field changes through a command of its own only.
    CommandOnly = "command_only",
    /// The record referred to does not exist, or the caller may not see it.
    ReferenceNotFound = "reference_not_found",
    /// Another record already has this value.
    NotUnique = "not_unique",
    /// A predicate compares with null; use `isNull`.
    NullOperand = "null_operand",
    /// The field does not know this operator.
    UnknownOperator = "unknown_operator",
    /// The predicate is nested too deeply or has too many conditions or values.
    PredicateTooLarge = "predicate_too_large",
    /// The caller's role may not read this field.
    FieldForbidden = "field_forbidden",
    /// The cursor is damaged or was not made by this server.
    InvalidCursor = "invalid_cursor",
    /// The cursor belongs to another list, predicate or order.
    CursorMismatch = "cursor_mismatch",
    /// No valid credential was presented.
    Unauthenticated = "unauthenticated",
    /// The caller's role does not allow this.
    Forbidden = "forbidden",
    /// There is no such record, or the caller may not see it.
    NotFound = "not_found",
    /// There is no such path or operation.
    UnknownOperation = "unknown_operation",
    /// The path does not know this method.
    MethodNotAllowed = "method_not_allowed",
    /// The answer cannot be given in a form that the client accepts.
    NotAcceptable = "not_acceptable",
    /// The record has changed since the version the caller has seen.
    VersionConflict = "version_conflict",
    /// The operation needs the version the caller has seen: `If-Match` or `expectedVersion`.
    VersionRequired = "version_required",
    /// The record's state does not allow this operation.
    IllegalState = "illegal_state",
    /// The pipeline does not allow a deal to move between these stages.
    IllegalMove = "illegal_move",
    /// The stage wants a field that the deal does not have.
    StageRequirement = "stage_requirement",
    /// Several records match the key.
    AmbiguousMatch = "ambiguous_match",
    /// The body is larger than the operation accepts.
    TooLarge = "too_large",
    /// The JSON is nested deeper than 32 levels.
    TooDeep = "too_deep",
    /// The content type is not one the operation reads.
    UnsupportedMediaType = "unsupported_media_type",
    /// The GraphQL document does not fit the schema.
    InvalidQuery = "invalid_query",
    /// The GraphQL document, what a list includes or the answer is larger or costlier than the limits.
    QueryTooComplex = "query_too_complex",
    /// The request did not arrive whole in the time that the server waits for one.
    RequestTimeout = "request_timeout",
    /// The server did not finish in the time that it allows itself.
    Timeout = "timeout",
    /// The server has more to do than it can; try again after the time that `Retry-After` gives.
    Overloaded = "overloaded",
    /// The database has no room left; nothing was written.
    StorageFull = "storage_full",
    /// The server cannot answer now; try again.
    Unavailable = "unavailable",
    /// Something failed inside the server; the request id finds it in the log.
    Internal = "internal",
}

/// One broken rule, at one place of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The code.
    pub code: Code,
    /// The place: a JSON pointer (RFC 6901) into the input.
    pub pointer: String,
    /// A sentence for people.
    pub detail: String,
    /// Data that a client may need to act on it.
    pub meta: Map<String, Json>,
}

impl Violation {
    /// A violation at a place of the input.
    pub fn new(code: Code, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), detail: detail.into(), meta: Map::new() }
    }

    /// Adds a datum for the client.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.meta.insert(key.to_owned(), value.into());
        self
    }
}

/// The most violations of one error: an input may hold very many of them.
const MAX_VIOLATIONS: usize = 100;

/// A failure a client can act on.
#[derive(Clone, Debug)]
pub struct Error {
    /// The code.
    pub code: Code,
    /// A sentence for people.
    pub detail: String,
    /// Each broken rule of the input, all at once.
    pub violations: Vec<Violation>,
    /// Data that a client may need to act on it.
    pub meta: Map<String, Json>,
    /// The cause, for the operator and never for the client.
    pub cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Code {
    /// Whether another look at the caller's credential could have another outcome.
    pub fn is_about_access(self) -> bool {
        matches!(self, Self::Unauthenticated | Self::Forbidden | Self::FieldForbidden)
    }
}

impl Error {
    /// A failure with its own sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), violations: Vec::new(), meta: Map::new(), cause: None }
    }

    /// A failure of the server; the cause and the place of the call go to the log, never to the client.
    #[track_caller]
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let located = Located { cause: cause.into(), place: Location::caller() };
        Self { cause: Some(Arc::new(located)), ..Code::Internal.into() }
    }

    /// All broken rules of an input.
    pub fn invalid(mut violations: Vec<Violation>) -> Self {
        violations.truncate(MAX_VIOLATIONS);
        Self { violations, ..Code::Invalid.into() }
    }

    /// Marks a write whose outcome is unknown: the client has to read before it retries.
    #[must_use]
    pub fn in_doubt(self) -> Self {
        self.with("outcome", "UNKNOWN")
    }

    /// Whether the outcome of a write is unknown.
    pub fn is_in_doubt(&self) -> bool {
        self.meta.contains_key("outcome")
    }

    /// Adds a datum for the client.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.meta.insert(key.to_owned(), value.into());
        self
    }

    /// The code that clients see: the violations' code if they all share one.
    pub fn public_code(&self) -> Code {
        match self.violations.as_slice() {
            [first, others @ ..] if others.iter().all(|other| other.code == first.code) => first.code,
            _ => self.code,
        }
    }

    /// Whether clients are expected to meet this in normal use: GraphQL answers it in the payload.
    pub fn is_expected(&self) -> bool {
        use Code::*;
        matches!(
            self.code,
            Invalid
                | NotFound
                | VersionConflict
                | VersionRequired
                | IllegalState
                | IllegalMove
                | StageRequirement
                | AmbiguousMatch
                | NotUnique
                | Forbidden
                | FieldForbidden
        )
    }
}

/// The cause of an internal error, and where the error was made.
#[derive(Debug)]
struct Located {
    cause: Box<dyn StdError + Send + Sync>,
    place: &'static Location<'static>,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {})", self.cause, self.place)
    }
}

impl StdError for Located {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code, code.meaning())
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::invalid(vec![violation])
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)?;
        for violation in &self.violations {
            write!(f, "; {} {}: {}", violation.pointer, violation.code.as_str(), violation.detail)?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().map(|cause| cause.as_ref() as _)
    }
}
