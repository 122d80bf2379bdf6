//! Why a mapping cannot be used, and where.

use std::fmt;

/// Why a mapping cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// The place in the mapping, as a JSON Pointer.
    pub pointer: String,
    /// A sentence for people.
    pub message: String,
    /// The other errors.
    pub others: Vec<MappingError>,
}

impl MappingError {
    pub(super) fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into(), others: Vec::new() }
    }

    /// The values of several parts, or all their errors.
    pub(super) fn gathered<T>(parts: impl Iterator<Item = Result<T, Self>>) -> Result<Vec<T>, Self> {
        let (mut read, mut first) = (Vec::new(), None::<Self>);
        for part in parts {
            match (part, &mut first) {
                (Ok(part), _) => read.push(part),
                (Err(error), None) => first = Some(error),
                (Err(mut error), Some(first)) => {
                    let others = std::mem::take(&mut error.others);
                    first.others.push(error);
                    first.others.extend(others);
                }
            }
        }
        first.map_or(Ok(read), Err)
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, message, others } = self;
        if pointer.is_empty() {
            return write!(formatter, "the mapping cannot be used: {message}");
        }
        write!(formatter, "the mapping cannot be used: {message} (at {pointer})")?;
        others
            .iter()
            .try_for_each(|Self { pointer, message, .. }| write!(formatter, "; {message} (at {pointer})"))
    }
}

impl std::error::Error for MappingError {}

/// The JSON Pointer (RFC 6901) of a member or item below another.
pub(super) fn child(pointer: &str, name: &str) -> String {
    if name.contains(['~', '/']) {
        return format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    }
    format!("{pointer}/{name}")
}

#[cfg(test)]
mod tests {
    use super::child;

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(child("/a", "b/c~d"), "/a/b~1c~0d");
    }
}
