#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]

use super::*;

fn reason(document: &str) -> Option<&'static str> {
    check(document).err().map(|refusal| refusal.reason)
}

/// Fragments that each spread the next one twice, and what the last of them selects.
fn bomb(fragments: usize, last: &str) -> String {
    let links = (0..fragments).map(|n| format!("fragment F{n} on T{{...F{0} ...F{0}}}", n + 1));
    format!("{{x{{...F0}}}}{}fragment F{fragments} on T{{{last}}}", links.collect::<String>())
}

#[test]
fn ordinary_documents_pass() {
    for document in [
        "",
        "{ __typename }",
        "query { contacts(first: 20, where: {and: [{lastName: {eq: \"O[\"}}]}) { nodes { id name: fullName } } }",
        "mutation M($input: [ContactInput!]! = [{tags: [\"a\"]}], $n: Int = -1 @d) @live(if: true) { f(i: $input) { id } }",
        "query Q($all: Boolean!) { ...A @include(if: $all) ... on Query { b } ... @skip(if: $all) { c { ...A } } }
         fragment A on Query { a { ...B } ...B } fragment B on Query { d }",
        "# a comment with [[[ and \"\n{ a(b: \"\"\"block [[[ \\\"\"\" text\"\"\") }",
        "subscription { changed { id } }",
    ] {
        assert_eq!(check(document), Ok(()), "{document}");
    }
}

#[test]
fn text_is_bounded() {
    assert_eq!(reason(&" ".repeat(MAX_BYTES)), None);
    assert_eq!(reason(&" ".repeat(MAX_BYTES + 1)), Some("document_too_large"));
    let list = |values: usize| format!("{{a(b:[{}])}}", "1 ".repeat(values));
    assert_eq!(reason(&list(MAX_TOKENS - 9)), None);
    assert_eq!(reason(&list(MAX_TOKENS - 8)), Some("too_many_tokens"));
}

#[test]
fn brackets_of_every_kind_nest_only_so_deep() {
    let too_deep = Some("nesting_too_deep");
    for (before, open, close, after, limit) in [
        ("{a(b:", "[", "]", ")}", MAX_NESTING - 2),
        ("{a(b:", "{c:", "}", ")}", MAX_NESTING - 2),
        ("{a(b:", "[{c:", "}]", ")}", (MAX_NESTING - 2) / 2),
        ("query($a:", "[", "]", "){b}", MAX_NESTING - 1),
        ("query($a:I=", "[", "]", "){b}", MAX_NESTING - 1),
        ("{a@b(c:", "[", "]", ")}", MAX_NESTING - 2),
        ("", "{a", "}", "", MAX_NESTING),
        ("{x{a", "...{b", "}", "}}", MAX_NESTING - 2),
        ("", "(", ")", "", MAX_NESTING),
    ] {
        let nested =
            |levels: usize| format!("{before}{}{}{after}", open.repeat(levels), close.repeat(levels));
        assert_eq!(reason(&nested(limit)), None, "{open}");
        assert_eq!(reason(&nested(limit + 1)), too_deep, "{open}");
        let never_closed = format!("{before}{}", open.repeat(4096 / open.len()));
        assert_eq!(reason(&never_closed), too_deep, "{open}");
    }
}

#[test]
fn nesting_goes_on_inside_fragments() {
    let half = |name: &str, inner: &str, levels: usize| {
        format!("{name}{}{inner}{}", "{a".repeat(levels), "}".repeat(levels))
    };
    let document = |levels| format!("{}{}", half("query", "{...F}", 31), half("fragment F on T", "", levels));
    assert_eq!(reason(&document(32)), None);
    assert_eq!(reason(&document(33)), Some("nesting_too_deep"));
}

#[test]
fn brackets_must_match() {
    for document in ["{", "}", "{a(}", "{a(b:[)}", "{a)", "(}", "{a}}", "{a(b:{c:[1}])}"] {
        assert_eq!(reason(document), Some("unbalanced_brackets"), "{document}");
    }
}

#[test]
fn fragment_bombs_do_not_go_off() {
    assert_eq!(reason(&bomb(5, "a")), None);
    for last in ["a", "...Missing", "...{a}", "__typename"] {
        assert_eq!(reason(&bomb(30, last)), Some("expansion_too_large"), "{last}");
        assert_eq!(reason(&bomb(30, last).replacen("{...F0}", "", 1)), Some("expansion_too_large"), "unused");
    }
    let in_fields =
        bomb(20, "a").replace("...F", "b{...F").replace(" b{", "}b{").replace("}fragment", "}}fragment");
    assert_eq!(reason(&in_fields), Some("expansion_too_large"));
    assert_eq!(reason(&bomb(99, "a").replace("fragment F", "fragmentF")), Some("nesting_too_deep"));
    assert_eq!(reason(&bomb(100, "a")), Some("too_many_fragments"));
}

#[test]
fn arguments_in_fragments_count_at_every_spread() {
    let fragment = format!("fragment F on T{{a(b:[{}])}}", "nullnull ".repeat(1500));
    let spreads = |fields: usize| format!("{{{}}}{fragment}", "x{...F}".repeat(fields));
    assert_eq!(reason(&spreads(10)), None);
    assert_eq!(reason(&spreads(11)), Some("expansion_too_large"));
}

#[test]
fn fragments_cannot_spread_themselves() {
    for document in [
        "{a} fragment A on T {...A}",
        "{...A} fragment A on T {b{...B}} fragment B on T {... on U {...A}}",
        "{...X} fragment X on T {...Y ...A} fragment Y on T {y} fragment A on T {...B} fragment B on T {...A}",
        "{...A}fragmentA on T{...A}",
    ] {
        let refusal = check(document).unwrap_err();
        assert_eq!(refusal.reason, "fragment_cycle", "{document}");
        assert!(["`A`", "`B`"].iter().any(|name| refusal.detail.contains(name)), "{}", refusal.detail);
    }
    assert_eq!(reason("{...on} fragment on on T {a}"), Some("reserved_fragment_name"));
    assert_eq!(reason("{...on}fragmenton on T{a}"), Some("reserved_fragment_name"));
}

#[test]
fn selections_count_for_every_set_they_merge_into() {
    let plain = format!("{{x{{{}}}}}", "a ".repeat(MAX_SELECTIONS - 1));
    assert_eq!(reason(&plain), None);
    assert_eq!(reason(&plain.replacen("{a", "{b a", 1)), Some("expansion_too_large"));
    let inline = |levels: usize, fields: usize| {
        format!("{{x{{{}{}{}}}}}", "...{".repeat(levels), "a ".repeat(fields), "}".repeat(levels))
    };
    assert_eq!(reason(&inline(49, 70)), None);
    assert_eq!(reason(&inline(49, 80)), Some("expansion_too_large"));
    let chain = |fields: usize| {
        let links = (0..25).map(|n| format!("fragment F{n} on T{{...{{...F{}}}}}", n + 1));
        format!("{{x{{...F0}}}}{}fragment F25 on T{{{}}}", links.collect::<String>(), "a ".repeat(fields))
    };
    assert_eq!(reason(&chain(30)), None);
    assert_eq!(reason(&chain(80)), Some("expansion_too_large"));
}

#[test]
fn small_things_are_counted() {
    let many = |before: &str, thing: &str, after: &str, count: usize| {
        reason(&format!("{before}{}{after}", thing.repeat(count)))
    };
    for (before, thing, after, limit, refused) in [
        ("{x{", "a:b ", "}}", MAX_ALIASES, "too_many_aliases"),
        ("{x{", "a@b ", "}}", MAX_DIRECTIVES, "too_many_directives"),
        ("query($a:B", "@c ", "){x}", MAX_DIRECTIVES, "too_many_directives"),
        ("query(", "$a:B", "){x}", MAX_VARIABLES, "too_many_variables"),
        ("{x(", "a:1 ", ")}", MAX_ARGUMENTS, "too_many_arguments"),
        ("{x@y(", "a:nullb:1 ", ")}", MAX_ARGUMENTS / 2, "too_many_arguments"),
        ("{", "a ", "}", MAX_ROOT_FIELDS, "too_many_root_fields"),
        ("{...{", "a ", "}}", MAX_ROOT_FIELDS - 1, "too_many_root_fields"),
        ("{...F}fragment F on Query{", "a ", "}", MAX_ROOT_FIELDS - 1, "too_many_root_fields"),
    ] {
        assert_eq!(many(before, thing, after, limit), None, "{refused}");
        assert_eq!(many(before, thing, after, limit + 1), Some(refused));
    }
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "...",
        "on ",
        "fragment ",
        "query ",
        "A",
        ":",
        "@",
        "$",
        "\"",
        "\"\"\"",
        "\\",
        "é",
        "#",
        "\n",
        "1.",
        "!",
    ];
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        let mut document = String::new();
        for _ in 0..24 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            document.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let _ = check(&document);
    }
}

#[test]
fn no_string_spells_u0000() {
    assert_eq!(reason(r#"{a(b:"x\u0000")}"#), Some("null_character"));
    assert_eq!(reason(r#"{a(b:"\\\u0000")}"#), Some("null_character"));
    for harmless in [r#"{a(b:"\\u0000")}"#, r#"{a(b:"\u0001")}"#, r#"{a(b:"""\u0000""")}"#, "{a} # \\u0000"] {
        assert_eq!(reason(harmless), None, "{harmless}");
    }
}

#[test]
fn members_stand_once_in_an_object() {
    for (document, column) in [
        ("{x(a:{b:1 b:2})}", Some(11)),
        ("{x(a:{b:{b:1 c:2}c:[{b:1 b:2}]})}", Some(26)),
        ("query($a:T={b:1,b:1}){x}", Some(17)),
        ("{x@y(a:{b:E b:E})}", Some(13)),
        ("{x(a:{b:{b:[{b:1}{b:1}]}c:{b:1}})}", None),
        ("{x(a:{b:c c:b})}", None),
    ] {
        let refusal = check(document).err();
        assert_eq!(
            refusal.as_ref().and_then(|refusal| refusal.at),
            column.map(|column| (1, column)),
            "{document}"
        );
        assert!(refusal.is_none_or(|refusal| refusal.is_about_meaning()));
    }
}
