//! From the text of a cell to the value of a member.

use super::fault::{Fault, excerpt};
use super::shape::Shape;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most values one cell may be split into.
const MAX_PARTS: usize = 1000;

/// The transformation of a cell's text, in the order of the fields.
#[derive(Debug, Clone)]
pub(super) struct Transform {
    pub trim: bool,
    pub split: Option<Split>,
    pub case: Option<Case>,
    pub alias: BTreeMap<String, String>,
    pub map: Option<Choices>,
    pub shape: Shape,
    pub blank: Blank,
}

/// The cell is cut at every `on`; `take` says what is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    pub on: String,
    pub take: Take,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Take {
    First,
    /// All after the first.
    Rest,
    Last,
    /// Every part that is not blank, as a list.
    All,
    /// The part at this place, from 0.
    At(usize),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Case {
    Lower,
    Upper,
    Title,
}

/// The values a cell may have and what they become; any other is an error unless there is a default.
#[derive(Debug, Clone)]
pub(super) struct Choices {
    pub values: BTreeMap<String, String>,
    pub default: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Blank {
    /// The member is left out.
    #[default]
    Skip,
    /// The member is null.
    Null,
}

/// The texts a cell gives before they are shaped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Texts {
    Blank,
    One(String),
    Many(Vec<String>),
}

impl TryFrom<Value> for Take {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let place = value.as_u64().and_then(|place| usize::try_from(place).ok());
        match (value.as_str(), place) {
            (Some("FIRST"), _) => Ok(Self::First),
            (Some("REST"), _) => Ok(Self::Rest),
            (Some("LAST"), _) => Ok(Self::Last),
            (Some("ALL"), _) => Ok(Self::All),
            (None, Some(place)) => Ok(Self::At(place)),
            _ => Err("`take` is FIRST, REST, LAST, ALL or a place counted from 0".to_owned()),
        }
    }
}

impl Transform {
    /// Whether the cell goes through as it is, so that a JSON value may too.
    pub fn is_plain(&self) -> bool {
        let Self { trim: _, split, case, alias, map, shape, blank: _ } = self;
        split.is_none() && case.is_none() && alias.is_empty() && map.is_none() && matches!(shape, Shape::Text)
    }

    pub fn trimmed<'t>(&self, text: &'t str) -> &'t str {
        if self.trim { kernel::text::trim(text) } else { text }
    }

    /// Everything that turns text into text; `text` is trimmed already.
    pub fn texts(&self, text: &str) -> Result<Texts, Fault> {
        if text.is_empty() {
            return Ok(Texts::Blank);
        }
        let one = |text: &str| Ok(self.text(text)?.map_or(Texts::Blank, Texts::One));
        let Some(Split { on, take }) = &self.split else {
            return one(text);
        };
        match take {
            Take::First => one(text.split_once(on).map_or(text, |(first, _)| first)),
            Take::Rest => one(text.split_once(on).map_or("", |(_, rest)| rest)),
            Take::Last => one(text.rsplit_once(on).map_or(text, |(_, last)| last)),
            Take::At(place) => one(text.split(on).nth(*place).unwrap_or_default()),
            Take::All => {
                let mut parts = Vec::new();
                for part in text.split(on) {
                    parts.extend(self.text(part)?);
                    if parts.len() > MAX_PARTS {
                        return Err(Fault::new(
                            "too_many_values",
                            format!("more than {MAX_PARTS} values in one cell"),
                        ));
                    }
                }
                Ok(if parts.is_empty() { Texts::Blank } else { Texts::Many(parts) })
            }
        }
    }

    /// One part of a cell; `None` when it is blank, or an alias or the map makes it so.
    fn text(&self, text: &str) -> Result<Option<String>, Fault> {
        let text = self.trimmed(text);
        if text.is_empty() {
            return Ok(None);
        }
        let text = match self.case {
            None => text.to_owned(),
            Some(Case::Lower) => text.to_lowercase(),
            Some(Case::Upper) => text.to_uppercase(),
            Some(Case::Title) => title(text),
        };
        let text = self.alias.get(&text).cloned().unwrap_or(text);
        let text = match &self.map {
            None => text,
            Some(Choices { values, default }) => match values.get(&text).or(default.as_ref()) {
                Some(value) => value.clone(),
                None => {
                    let message = format!("{} is not among the values of the mapping", excerpt(&text));
                    return Err(Fault::new("unmapped_value", message));
                }
            },
        };
        Ok((!text.is_empty()).then_some(text))
    }
}

/// Every word with a capital; words end at white space and hyphens.
fn title(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        if begins {
            result.extend(character.to_uppercase());
        } else {
            result.extend(character.to_lowercase());
        }
        begins = character.is_whitespace() || character == '-';
    }
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Blank, Case, Choices, Shape, Split, Take, Texts, Transform};
    use serde_json::{Value, json};

    fn plain() -> Transform {
        Transform {
            trim: true,
            split: None,
            case: None,
            alias: [].into(),
            map: None,
            shape: Shape::Text,
            blank: Blank::Skip,
        }
    }

    fn split(on: &str, take: Take, text: &str) -> String {
        let transform = Transform { split: Some(Split { on: on.to_owned(), take }), ..plain() };
        match transform.texts(text).unwrap() {
            Texts::Blank => "-".to_owned(),
            Texts::One(text) => text,
            Texts::Many(texts) => texts.join("|"),
        }
    }

    #[test]
    fn splits() {
        assert_eq!(split(" ", Take::First, "Anna van Dyck"), "Anna");
        assert_eq!(split(" ", Take::Rest, "Anna  van Dyck"), "van Dyck");
        assert_eq!(split(" ", Take::Last, "Anna van Dyck"), "Dyck");
        assert_eq!(split(" ", Take::First, "Cher"), "Cher");
        assert_eq!(split(" ", Take::Rest, "Cher"), "-");
        assert_eq!(split(";", Take::All, " a;; b ;"), "a|b");
        assert_eq!(split(";", Take::All, ";;"), "-");
        assert_eq!(split(";", Take::At(2), "a;;c"), "c");
        assert_eq!(split(";", Take::At(9), "a;;c"), "-");
        let transform = Transform { split: Some(Split { on: ",".to_owned(), take: Take::All }), ..plain() };
        assert_eq!(transform.texts(&"x,".repeat(1001)).unwrap_err().code, "too_many_values");
    }

    #[test]
    fn takes_are_words_or_places() {
        let take = |value: Value| serde_json::from_value::<Take>(value).ok();
        assert_eq!(take(json!("REST")), Some(Take::Rest));
        assert_eq!(take(json!(1)), Some(Take::At(1)));
        for wrong in [json!("first"), json!(-1), json!(1.5), json!(null)] {
            assert_eq!(take(wrong), None);
        }
    }

    #[test]
    fn case_then_alias_then_map() {
        let choices = Choices { values: [("Won".to_owned(), "WON".to_owned())].into(), default: None };
        let transform = Transform {
            case: Some(Case::Title),
            alias: [("Gewonnen".to_owned(), "Won".to_owned()), ("N/A".to_owned(), String::new())].into(),
            map: Some(choices.clone()),
            ..plain()
        };
        assert_eq!(transform.texts("gEWONNEN").unwrap(), Texts::One("WON".to_owned()));
        assert_eq!(transform.texts("lost").unwrap_err().code, "unmapped_value");
        let map = Some(Choices { default: Some("OTHER".to_owned()), ..choices });
        let lenient = Transform { map, ..plain() };
        assert_eq!(lenient.texts("lost").unwrap(), Texts::One("OTHER".to_owned()));
        assert_eq!(lenient.texts("").unwrap(), Texts::Blank);
        let emptied = Transform { alias: [("n/a".to_owned(), String::new())].into(), ..plain() };
        assert_eq!(emptied.texts("n/a").unwrap(), Texts::Blank);
    }

    #[test]
    fn titles() {
        let transform = Transform { case: Some(Case::Title), ..plain() };
        assert_eq!(transform.texts("mary-JANE o'neill").unwrap(), Texts::One("Mary-Jane O'neill".to_owned()));
    }
}
