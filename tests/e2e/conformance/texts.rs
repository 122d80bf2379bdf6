//! Texts of every script: case, accents, kinds of white space and what looks like a pattern make no difference
//! that is not told, on either database.

use kernel::{
    Registry,
    field::{Kind, Writing},
    object::{Action, Attribute, Object},
    predicate::Operator,
    text::fold,
};
use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    prop_oneof,
    sample::select,
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::{Map, Value as Json, json};
use unicode_normalization::UnicodeNormalization;

use super::{oracle, predicates::ask_graphql, world::World};
use crate::support::{on_both, text};

const TEXTS: usize = 50;
const QUESTIONS: usize = 300;

#[test]
fn folding_ignores_the_case_of_every_character() {
    let is_cased = |c: &char| !c.to_lowercase().eq([*c]) || !c.to_uppercase().eq([*c]);
    for c in ('\u{1}'..=char::MAX).filter(is_cased) {
        let (one, upper, lower) = (c.to_string(), c.to_uppercase().to_string(), c.to_lowercase().to_string());
        assert_eq!(fold(&one), oracle::fold(&one), "{c:?}");
        assert_eq!(fold(&fold(&one)), fold(&one), "{c:?}");
        assert_eq!(fold(&lower), fold(&one), "{c:?}");
        // The upper case of letters with an iota below has one beside them, which is a letter.
        let has_iota = one.nfkd().any(|c| c == '\u{345}');
        assert!(has_iota || fold(&upper) == fold(&one), "{c:?} {upper:?}");
    }
}

on_both! {
    async fn text_operators_have_the_oracles_answer(stage) {
        let registry = stage.server.kith.registry();
        let (object, field) = subject(registry);
        let mut runner = TestRunner::default();
        let mut sample = || texts().new_tree(&mut runner).unwrap().current();
        for _ in 0..TEXTS {
            // Blank text is no name, and what cannot be seen at the ends is not kept.
            let name = format!("x{}x", sample());
            stage.owner.create(&object.path, Map::from_iter([(field.name.to_owned(), name.into())]).into()).await;
        }
        let world = World::seen_by(registry, &stage.owner).await;
        let rows = world.rows(object.name);
        let mut questions = Vec::new();
        for (number, operator) in Operator::of(field).iter().cycle().take(QUESTIONS).enumerate() {
            let other = text(&rows[(number * 7) % rows.len()][field.name]);
            let operand = operand(*operator, &other, &sample(), number);
            let test = json!({ field.name: { operator.as_str(): operand } });
            questions.push(if number % 5 == 4 { json!({ "not": test }) } else { test });
        }
        for batch in questions.chunks(950 / rows.len()) {
            let answers = ask_graphql(&stage.owner, object, batch, rows.len()).await;
            for (question, answer) in batch.iter().zip(answers) {
                let meant = rows.iter().filter(|row| oracle::holds(&world, object, row, question));
                let mut meant: Vec<_> = meant.map(|row| row["id"].clone()).collect();
                meant.sort_by_key(Json::to_string);
                let texts: Vec<_> = rows.iter().map(|row| &row[field.name]).collect();
                assert_eq!(answer, meant, "{question} among {texts:?}");
            }
        }
        for (sort, descending) in [(field.name.to_owned(), false), (format!("-{}", field.name), true)] {
            let list = stage.owner.get(&format!("/v1/{}?limit=200&sort={sort}", object.path)).await.ok();
            let mut expected = rows.to_vec();
            expected.sort_by(|one, other| oracle::order(object, &[(field.name, descending)], one, other));
            assert_eq!(list["items"], json!(expected), "{sort}");
        }
    }
}

/// An object of which a record needs no more than a long text.
fn subject(registry: &Registry) -> (&Object, &Attribute) {
    let needed = |object: &Object| {
        let needed = object.attributes.iter().filter(|field| field.required && field.preset.is_none());
        needed.filter(|field| field.writing == Writing::Free).map(|field| field.index).collect::<Vec<_>>()
    };
    let long = |field: &Attribute| matches!(field.kind, Kind::Text(200..)) && !field.unique;
    let mut objects = registry.objects().iter().filter(|object| object.allows(Action::Create));
    objects
        .find_map(|object| match needed(object).as_slice() {
            [only] => Some((object.as_ref(), object.at(*only).filter(|field| long(field))?)),
            _ => None,
        })
        .unwrap()
}

fn texts() -> impl Strategy<Value = String> {
    let of = |chars: &'static str| select(chars.chars().collect::<Vec<_>>());
    let c = prop_oneof![
        6 => of("aAbBsSzZiI "),
        3 => of("%_!'\"\\*?.^$[]{},;/&=#"),
        4 => of("äÄéÉñÅøŁßẞſıİΣσςΆάΐЖжЁёйæﬁŉǰ①Ⓐ"),
        2 => of("\u{301}\u{308}\u{327}\u{345}\u{5b0}\u{64e}"),
        2 => of("😀👩\u{200d}💻🇩🇪\u{fe0f}"),
        3 => of("漢字かガｶﾞ한글नमस्तेعربيไทย"),
        2 => of("\t\n\u{a0}\u{2003}\u{3000}\u{85}\u{200b}\u{feff}"),
        1 => any::<char>().prop_filter("U+0000 is refused", |c| *c != '\0'),
    ];
    vec(c, 0..12).prop_map(|chars| chars.into_iter().collect())
}

/// An operand that has something to do with a text: a part of it in another spelling, or else another text.
fn operand(operator: Operator, text: &str, other: &str, number: usize) -> Json {
    let spelled = |text: &str| match number % 6 {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        2 => text.nfd().collect(),
        3 => text.nfkc().collect(),
        4 => oracle::fold(text),
        _ => text.to_owned(),
    };
    let chars: Vec<char> = text.chars().collect();
    let cut = number % (chars.len() + 1);
    let (start, end): (String, String) = (chars[..cut].iter().collect(), chars[cut..].iter().collect());
    let part = if number.is_multiple_of(2) { start.clone() } else { end.clone() };
    match operator {
        Operator::IsNull => (number.is_multiple_of(2)).into(),
        Operator::In | Operator::NotIn => json!([spelled(text), other]),
        Operator::Between => json!([spelled(&part), spelled(other)]),
        Operator::StartsWith => spelled(&start).into(),
        Operator::EndsWith => spelled(&end).into(),
        Operator::Contains => spelled(&part).into(),
        Operator::Matches => spelled(&format!("{end} {start}")).into(),
        _ if number.is_multiple_of(3) => other.into(),
        _ => spelled(text).into(),
    }
}
