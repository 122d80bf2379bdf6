//! Folding of text, so that search and order ignore case and accents with one answer on every database.

use std::{borrow::Cow, sync::Arc};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The form in which texts are compared and ordered: compatibility-decomposed (NFKD), without combining
/// marks, in one case, every white space a plain space.
pub fn fold(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| (b.is_ascii_graphic() || b == b' ') && !b.is_ascii_uppercase();
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
    let folded = bare
        // By way of the upper case of the lower one, so that ß and ẞ are ss and ς is σ.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    Cow::Owned(folded)
}

/// `camelCase` as `snake_case`: how a member is called in the database.
pub fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// A name as JSON text with the colon behind it: how a member begins.
pub fn json_key(name: &str) -> Arc<str> {
    format!("{}:", serde_json::Value::from(name)).into()
}

/// `camelCase` as `UPPER_SNAKE`.
pub fn upper_snake(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `camelCase` as `PascalCase`: how a type is called.
pub fn pascal(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// `camelCase` as `kebab-case`: how it is spelled in a path.
pub fn kebab(name: &str) -> String {
    snake(name).replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_and_accents() {
        assert_eq!(fold("Ångström"), "angstrom");
        assert_eq!(fold("ﬁne\tİstanbul"), "fine istanbul");
        assert_eq!(fold("ΟΔΟΣ οδος"), "οδοσ οδοσ");
        assert_eq!(fold("Straße STRAẞE STRASSE ısı ISI"), "strasse strasse strasse isi isi");
        assert_eq!(fold("100% _o'Brien_ \"😀\""), "100% _o'brien_ \"😀\"");
        assert_eq!(fold("plain"), "plain");
    }

    #[test]
    fn names_change_their_case() {
        assert_eq!(snake("lineItem"), "line_item");
        assert_eq!(upper_snake("createdAt"), "CREATED_AT");
        assert_eq!(pascal("lineItem"), "LineItem");
        assert_eq!(kebab("lineItems"), "line-items");
    }
}
