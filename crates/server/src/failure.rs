//! Why a command of the command line failed, told to the person who gave it.

use std::{error::Error, fmt};

/// A failure, as text for a person.
#[derive(Clone, Debug)]
pub struct Failure(String);

/// A result of a command.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Adds what was being done when it happened.
    #[must_use]
    pub fn during(self, doing: impl fmt::Display) -> Self {
        Self(format!("{doing}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error> From<E> for Failure {
    /// The person here runs the server, so that unlike a client they are told the causes too.
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            // Many errors repeat their cause in their own text.
            let told = error.to_string();
            if !text.contains(&told) {
                text = format!("{text}: {told}");
            }
            cause = error.source();
        }
        Self(text)
    }
}
