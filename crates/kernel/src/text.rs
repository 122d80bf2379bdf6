//! The comparison of texts, the same on every database, and the trimming of what cannot be seen.

use std::{borrow::Cow, sync::Arc};

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed,
    props::{GeneralCategory, GeneralCategoryGroup, Script},
};

const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();
const SCRIPTS: CodePointMapDataBorrowed<'static, Script> = CodePointMapData::<Script>::new();
const CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();

/// The comparison of a field's texts: which are equal, and their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// As people read them: without case, accents and kinds of white space.
    Folded,
    /// Without case: numbers and codes that people type.
    IgnoringCase,
    /// Without case, each domain in its one spelling: e-mail addresses and domains.
    Address,
    /// As they are, byte for byte: the ids of other systems.
    Exact,
}

impl Comparison {
    /// The form in which a text is compared and ordered.
    pub fn form(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Folded => fold(text),
            Self::IgnoringCase => ignoring_case(text),
            Self::Address => address(text),
            Self::Exact => Cow::Borrowed(text),
        }
    }
}

/// As people read it: compatibility forms and letters with strokes as the plain ones, without the accents of Latin,
/// Greek and Cyrillic letters, in one case, every white space a plain space. The signs of other scripts are letters:
/// vowels, viramas, voicing and tone marks.
pub fn fold(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| (b.is_ascii_graphic() || b == b' ') && !b.is_ascii_uppercase();
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.chars().map(folded_ascii).collect());
    }
    let mut folded = String::with_capacity(text.len());
    let mut keeps_marks = false;
    for c in NFKD.normalize_iter(text.chars()) {
        if GeneralCategoryGroup::Mark.contains(CATEGORIES.get(c)) {
            // Marks that belong to no script stand for what the letter before them makes of them.
            if !is_variation(c) && (keeps_marks || !has_accents(SCRIPTS.get(c))) {
                folded.extend(in_one_case(c));
            }
            continue;
        }
        keeps_marks = !has_accents(SCRIPTS.get(c));
        for c in in_one_case(c) {
            match bare_letter(c) {
                Some(letters) => folded.push_str(letters),
                None => folded.push(if c.is_whitespace() { ' ' } else { c }),
            }
        }
    }
    Cow::Owned(NFC.normalize(&folded).into_owned())
}

fn folded_ascii(c: char) -> char {
    if c.is_ascii_whitespace() || c == '\u{b}' { ' ' } else { c.to_ascii_lowercase() }
}

/// By way of the upper case of the lower one, so that ß and ẞ are ss and ς is σ.
fn in_one_case(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Whether marks on letters of this script, or of none, are accents.
fn has_accents(script: Script) -> bool {
    [Script::Latin, Script::Greek, Script::Cyrillic, Script::Common, Script::Inherited].contains(&script)
}

/// Whether it only chooses between pictures of the character before it.
fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// The base of a letter that has a stroke or is two in one; Unicode does not decompose these.
fn bare_letter(c: char) -> Option<&'static str> {
    Some(match c {
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'ħ' => "h",
        'ł' | 'ƚ' => "l",
        'ø' | 'ɵ' => "o",
        'ŧ' => "t",
        'ƀ' | 'ɓ' => "b",
        'ȼ' => "c",
        'ǥ' => "g",
        'ɨ' => "i",
        'ɉ' => "j",
        'ɍ' => "r",
        'ʉ' => "u",
        'ɏ' => "y",
        'ƶ' => "z",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

/// In one case, each character composed in one way.
fn ignoring_case(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    // Cases are told of composed and of taken apart characters alike, so it is composed last.
    let folded: String = NFC.normalize(text).chars().flat_map(in_one_case).collect();
    Cow::Owned(NFC.normalize(&folded).into_owned())
}

/// An address in one case, its domain as people read it: `xn--mnchen-3ya.de` is `münchen.de`.
fn address(text: &str) -> Cow<'_, str> {
    let (local, domain) = text.rsplit_once('@').map_or(("", text), |(local, domain)| (local, domain));
    let is_plain = text.is_ascii() && !domain.contains("--");
    if is_plain {
        return ignoring_case(text);
    }
    match (idna::domain_to_unicode(domain), text.len() == domain.len()) {
        // Parts of addresses are asked for as well, and need not be addresses.
        ((_, Err(_)), _) => ignoring_case(text),
        ((domain, Ok(())), true) => Cow::Owned(domain),
        ((domain, Ok(())), false) => Cow::Owned(format!("{}@{domain}", ignoring_case(local))),
    }
}

/// The text without what cannot be seen at its ends: white space, and characters without width.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
    })
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
        assert_eq!(fold("A\tB\u{b}"), "a b ");
    }

    #[test]
    fn signs_of_other_scripts_are_letters() {
        for text in ["नमस्ते", "ボテル", "がき", "ข้าว", "שָׁלוֹם", "كَتَبَ", "한글", "தமிழ்", "མཐའ"]
        {
            assert_eq!(fold(text), NFC.normalize(text), "{text}");
        }
        assert_eq!(fold("ｶﾞ"), "ガ");
        assert_eq!(fold("Łódź Đà Nẵng Ørsted Ħal Þóra Æsir"), "lodz da nang orsted hal thora aesir");
        assert_eq!(fold("йЁ ΆΐἝ ❤\u{fe0f} 1\u{301}"), "ие αιε ❤ 1");
    }

    #[test]
    fn identifiers_keep_what_matters() {
        let form = |comparison: Comparison, text| comparison.form(text).into_owned();
        assert_eq!(form(Comparison::Exact, "0015g00000AbCdÉ "), "0015g00000AbCdÉ ");
        assert_eq!(form(Comparison::IgnoringCase, "ÁB-1 e\u{301}\tß"), "áb-1 é\tss");
        for spelling in ["Jörg@MÜNCHEN.de", "jo\u{308}rg@xn--mnchen-3ya.DE", "JÖRG@mu\u{308}nchen。de"] {
            assert_eq!(form(Comparison::Address, spelling), "jörg@münchen.de");
        }
        assert_eq!(form(Comparison::Address, "XN--H2BRJ9C"), "भारत");
        for part in ["@", "Ex", "a@b@", "münch", ".DE", "xn--", "a b"] {
            assert_eq!(form(Comparison::Address, part), part.to_lowercase());
        }
    }

    #[test]
    fn what_cannot_be_seen_at_the_ends_goes() {
        assert_eq!(trim("\u{200b} \tAda\u{a0}King\u{feff}\u{3000}\n"), "Ada\u{a0}King");
        assert_eq!(trim("\u{200b}\u{2060} \u{85}"), "");
        // A joined emoji ends with its last part.
        assert_eq!(trim("👩\u{200d}💻"), "👩\u{200d}💻");
    }

    #[test]
    fn names_change_their_case() {
        assert_eq!(snake("lineItem"), "line_item");
        assert_eq!(upper_snake("createdAt"), "CREATED_AT");
        assert_eq!(pascal("lineItem"), "LineItem");
        assert_eq!(kebab("lineItems"), "line-items");
    }
}
