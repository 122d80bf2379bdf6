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
    let mut masked = Cow::Borrowed("");
    let mut written = 0;
    for (start, _) in text.match_indices(PREFIX) {
        let key = text.get(start..).unwrap_or_default();
        let letters =
            key.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
        if start < written || letters < PREFIX.len() + LETTERS {
            continue;
        }
        masked.to_mut().push_str(text.get(written..start).unwrap_or_default());
        masked.to_mut().push_str(MASK);
        written = start + letters;
    }
    if written == 0 {
        return Cow::Borrowed(text);
    }
    masked.to_mut().push_str(text.get(written..).unwrap_or_default());
    masked
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
