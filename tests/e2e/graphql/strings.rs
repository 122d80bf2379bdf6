//! Strings in documents, as the specification has had them since October 2021.

use serde_json::{Value as Json, json};

use crate::support::on_both;

/// A document whose second line has a string as the name of a contact, and a field that may be none.
fn create(string: &str, shown: &str) -> String {
    format!("mutation {{\n createContact(input: {{ givenName: {string} }}) {{ contact {{ {shown} }} }} }}")
}

on_both! {
    async fn every_letter_can_be_spelled(stage) {
        for (string, meant) in [
            (r#""\uD83D\uDE00""#, "😀"),
            (r#""\u{1F600}""#, "😀"),
            (r#""\u{00e9}\u{E9}\u00E9""#, "ééé"),
            (r#""a\u{10FFFF}\u{22}\"""#, "a\u{10FFFF}\"\""),
            (r#""\b\f\n\r\t\/\\\u0041""#, "\u{8}\u{c}\n\r\t/\\A"),
            ("\"\u{F0000}\u{F0001}\"", "\u{F0000}\u{F0001}"),
            ("\"\u{F0000}\"", "\u{F0000}"),
            (r#""""a \""" b""""#, "a \"\"\" b"),
            (r#""""\u0041 \" \\ """"#, "\\u0041 \\\" \\\\"),
            ("\"\"\"\n    one\n      two \\\"\"\"\r\n\r\n    three\n  \t\n\"\"\"", "one\n  two \"\"\"\n\nthree"),
        ] {
            let query = "query($name: String!) { contacts(first: 1, where: {jobTitle: {eq: $name}}) { nodes { jobTitle } } }";
            let mutation = create("\"x\"", "jobTitle").replace("givenName:", &format!("jobTitle: {string}, givenName:"));
            let data = stage.owner.graphql(&mutation, json!({})).await;
            let shown = &data["createContact"]["contact"]["jobTitle"];
            // Records have their texts without blanks at the ends and without control characters, if at all.
            let plain = |text: &str| text.trim().replace(|letter: char| letter.is_control(), "");
            assert_eq!(plain(shown.as_str().unwrap()), plain(meant), "{string}");
            let found = stage.owner.graphql(query, json!({ "name": shown })).await;
            assert_eq!(&found["contacts"]["nodes"][0]["jobTitle"], shown);
        }
    }
}

on_both! {
    async fn what_is_no_letter_is_refused_where_it_stands(stage) {
        for string in [
            r#""\uD83D""#,
            r#""\uDE00\uD83D""#,
            r#""\uD83Dx""#,
            r#""\u{D83D}\u{DE00}""#,
            r#""\u{110000}""#,
            r#""\u{}""#,
            r#""\u{1F600""#,
            r#""\u12""#,
            r#""\x41""#,
        ] {
            let reply = stage.owner.graphql_reply(&create(string, "id"), json!({})).await;
            let errors = reply.graphql_refused(400, "malformed");
            assert_eq!(errors[0]["locations"][0]["line"], 2, "{string}: {errors}");
            let column = errors[0]["locations"][0]["column"].as_u64().unwrap();
            assert!((36..=46).contains(&column), "{string}: {errors}");
        }
        for string in [r#""\u{0}""#, r#""\u{0000}""#, r#""\u0000""#] {
            let reply = stage.owner.graphql_reply(&create(string, "id"), json!({})).await;
            reply.graphql_refused(400, "malformed");
        }
    }
}

on_both! {
    async fn what_follows_keeps_its_place(stage) {
        let place = |errors: &Json| errors[0]["locations"][0].clone();
        for string in [
            r#""plain""#,
            r#""\u{1F600}\u{1F600}""#,
            r#""\uD83D\uDE00""#,
            r#""""a \""" b""""#,
            "\"\"\"\n a\n \\\"\"\"\n  b \"\"\"",
            "\"\u{F0000}\"",
        ] {
            let reply = stage.owner.graphql_reply(&create(string, "nope"), json!({})).await;
            let errors = reply.graphql_refused(400, "invalid_query");
            let document = create(string, "nope");
            let before = document.split("nope").next().unwrap();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(place(&errors), json!({ "line": line, "column": column }), "{string}: {errors}");
        }
    }
}

on_both! {
    async fn an_unreadable_document_is_told_in_a_sentence(stage) {
        for (document, line, column) in
            [("{ contacts(first: 1) { nodes { id } }", 1, 38), ("{\n  contacts(first: ) { id } }", 2, 19), ("query {", 1, 8),
             ("{ contacts(first: 01) { nodes { id } } }", 1, 20)]
        {
            let reply = stage.owner.graphql_reply(document, json!({})).await;
            let errors = reply.graphql_refused(400, "malformed");
            assert_eq!(errors[0]["locations"][0], json!({ "line": line, "column": column }), "{document}: {errors}");
            let message = errors[0]["message"].as_str().unwrap();
            assert!(!message.contains('\n') && !message.contains("-->") && message.len() < 200, "{message}");
        }
    }
}
