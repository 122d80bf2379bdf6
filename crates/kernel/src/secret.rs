//! Secrets where they should not be: in a path, in a parameter's name, in what a library says went wrong.

use std::borrow::Cow;

/// The prefix of every key, by which scanners for leaked secrets find it.
pub const PREFIX: &str = "kith_";
/// The replacement of a key in the log.
const MASK: &str = "kith_***";
/// The least letters behind the prefix that may be a key, or a part of one.
const LETTERS: usize = 32;

/// The text with everything masked that looks like a key.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut parts = text.split(PREFIX);
    let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return Cow::Borrowed(text) };
    let mut masked = first.to_owned();
    for part in std::iter::once(second).chain(parts) {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let rest = part.trim_start_matches(is_letter);
        let is_secret = part.len() - rest.len() >= LETTERS;
        masked.push_str(if is_secret { MASK } else { PREFIX });
        masked.push_str(if is_secret { rest } else { part });
    }
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_masked() {
        let key = format!("kith_{}", "aZ09-_".repeat(14));
        assert_eq!(masked(&format!("/v1/{key}/x?a={key}")), "/v1/kith_***/x?a=kith_***");
        assert_eq!(masked("role kith_app, database kith_test"), "role kith_app, database kith_test");
        assert!(matches!(masked("/v1/contacts"), Cow::Borrowed(_)));
    }
}
