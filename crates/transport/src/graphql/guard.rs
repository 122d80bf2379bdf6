//! Looks over a GraphQL document before the parser sees it: bounded text, bounded nesting, bounded expansion.
//!
//! The parser and the validation behind it recurse as deep as brackets nest, and visit a fragment again at
//! every spread, before any limit of theirs looks. This check is linear in the document and never recurses. It
//! does not say whether a document is correct, only that reading it costs little; so where it has to guess at
//! what a malformed document means it guesses high, and leaves the complaint to the parser. It takes over only what
//! the parser gets wrong: strings (`strings.rs`), and members that stand twice in an object.

mod expand;
mod outline;
mod strings;
mod tokens;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use strings::Aside;

/// How many bytes a document may have.
pub const MAX_BYTES: usize = 32 * 1024;
/// How many names, values and punctuation marks a document may have.
pub const MAX_TOKENS: usize = 10_000;
/// How deep brackets of every kind may nest, fragments written out where they are spread.
pub const MAX_NESTING: usize = 64;
/// How many fields of a document may be renamed.
pub const MAX_ALIASES: usize = 50;
/// How many directives a document may use.
pub const MAX_DIRECTIVES: usize = 100;
/// How many variables an operation may declare.
pub const MAX_VARIABLES: usize = 100;
/// How many arguments one field or directive may be given.
pub const MAX_ARGUMENTS: usize = 20;
/// How many fragments a document may define.
pub const MAX_FRAGMENTS: usize = 100;
/// How many selections may stand at the root of an operation, fragments written out.
pub const MAX_ROOT_FIELDS: usize = 50;
/// How many selections a document may come to, fragments written out. One inside an inline fragment or a spread
/// counts once more for each, because it is compared with the fields around every one of them.
pub const MAX_SELECTIONS: usize = 5_000;
/// How many bytes a document may come to, fragments written out; blanks and comments do not count.
pub const MAX_EXPANDED_BYTES: usize = 4 * MAX_BYTES;

/// Why a document is not given to the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, as a word that stays the same across versions.
    pub reason: &'static str,
    /// What is wrong, as a sentence for the person who wrote the document.
    pub detail: String,
    /// The line and column where it is wrong, if it is at one place.
    pub at: Option<(usize, usize)>,
}

impl Refusal {
    fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), at: None }
    }

    /// Whether the text is none of GraphQL, rather than too much of it.
    pub fn is_about_text(&self) -> bool {
        let reasons = [
            "unexpected_character",
            "unterminated_string",
            "unknown_escape",
            "null_character",
            "unbalanced_brackets",
        ];
        reasons.contains(&self.reason)
    }

    /// Whether the text is GraphQL that means nothing.
    pub fn is_about_meaning(&self) -> bool {
        self.reason == "duplicate_member"
    }
}

/// Accepts a document that can be parsed, validated and compiled at little cost.
///
/// # Errors
///
/// The first limit that the document passes, or the place where its text stops being tokens.
pub fn check(document: &str) -> Result<(), Refusal> {
    within("document_too_large", "bytes", document.len(), MAX_BYTES)?;
    expand::check(&outline::definitions(document)?)
}

/// An accepted document as the parser can read it, and the strings that were put aside for it.
///
/// # Errors
///
/// The first string that spells none.
pub fn readable(document: &str) -> Result<(Cow<'_, str>, Aside), Refusal> {
    strings::set_aside(document)
}

fn within(reason: &'static str, things: &str, found: usize, limit: usize) -> Result<(), Refusal> {
    if found <= limit {
        return Ok(());
    }
    Err(Refusal::new(reason, format!("The document has more than {limit} {things}.")))
}
