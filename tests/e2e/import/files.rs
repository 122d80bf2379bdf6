//! Files as spreadsheets and other programs write them: what can be found out is, and what cannot is told in words.

use serde_json::{Value as Json, json};

use super::{counts, error, errors, import, start, store};
use crate::support::{Caller, on_both};

fn mapping() -> Json {
    json!({ "fields": {
        "givenName": { "column": "Name" },
        "emails": { "list": [{ "address": { "column": "Mail" } }] },
        "jobTitle": { "column": "Title" }
    } })
}

/// Names, addresses and titles of the contacts, in the order of the rows.
async fn rows(caller: &Caller) -> Vec<[Json; 3]> {
    let list =
        caller.get("/v1/contacts?limit=200&sort=createdAt&fields=givenName,emails,jobTitle").await.ok();
    let row =
        |item: &Json| [&item["givenName"], &item["emails"][0]["address"], &item["jobTitle"]].map(Json::clone);
    list["items"].as_array().unwrap().iter().map(row).collect()
}

/// Imports a file and deletes what came of it.
async fn taken(caller: &Caller, content: impl Into<Vec<u8>>, mapping: &Json) -> Vec<[Json; 3]> {
    let job = import(caller, "contact", content, mapping).await;
    assert_eq!((&job["state"], &job["rowsRejected"]), (&json!("SUCCEEDED"), &json!(0)), "{job}");
    let mut rows = rows(caller).await;
    rows.sort_by_key(|row| row[0].to_string());
    for item in caller.get("/v1/contacts?limit=200&fields=id").await.ok()["items"].as_array().unwrap() {
        caller.delete(&format!("/v1/contacts/{}", item["id"].as_str().unwrap())).await.ok();
    }
    assert_eq!(job["rowsRead"].as_u64().unwrap() as usize, rows.len(), "{job}");
    rows
}

fn expected() -> Vec<[Json; 3]> {
    let row = |name: &str, mail: &str, title: Json| [name.into(), mail.into(), title];
    vec![row("Ada", "ada@example.org", "Gräfin, a. D.".into()), row("Zoë", "zoe@example.org", Json::Null)]
}

const PLAIN: &str = "Name,Mail,Title\nAda,ada@example.org,\"Gräfin, a. D.\"\nZoë,zoe@example.org,\n";

on_both! {
    async fn blank_cells_at_the_end_and_blank_lines_are_nothing(stage) {
        let owner = &stage.owner;
        for file in [
            PLAIN.to_owned(),
            "Name,Mail,Title\nAda,ada@example.org,\"Gräfin, a. D.\",,\nZoë,zoe@example.org\n".to_owned(),
            "Name,Mail,Title,,\n\n   \n,,\nAda,ada@example.org,\"Gräfin, a. D.\"\n,,,,\r\n\"\",\" \"\nZoë,zoe@example.org, \n \t\n".to_owned(),
        ] {
            assert_eq!(taken(owner, file.clone(), &mapping()).await, expected(), "{file}");
        }
        let wide = "Name,Mail,Title\nAda,ada@example.org,x,y\nEve,eve@example.org,x\n";
        let job = import(owner, "contact", wide, &mapping()).await;
        assert_eq!(counts(&job), [1, 0, 0, 1]);
        assert_eq!(errors(owner, &job).await, [error(1, "", "cell_count")]);
    }
}

on_both! {
    async fn what_parts_the_cells_is_found_out(stage) {
        let owner = &stage.owner;
        for parting in [";", "\t", "|"] {
            let file = PLAIN.replace("\"Gräfin, a. D.\"", "@").replace(',', parting).replace('@', "Gräfin, a. D.");
            let file = file.replace("adaGräfin, a. D.", "ada@").replace("zoeGräfin, a. D.", "zoe@");
            assert_eq!(taken(owner, file.clone(), &mapping()).await, expected(), "{file}");
        }
        for first in ["sep=,\r\n", "\"sep=,\"\n", "SEP=,\n"] {
            assert_eq!(taken(owner, format!("{first}{PLAIN}"), &mapping()).await, expected(), "{first}");
        }
        // A header that has more of another sign than of the one meant.
        let odd = PLAIN.replace("Name,Mail,Title", "Name;a;b;c,Mail,Title");
        let mut said = mapping();
        said["delimiter"] = json!(",");
        said["fields"]["givenName"]["column"] = json!("Name;a;b;c");
        assert_eq!(taken(owner, odd, &said).await, expected());
        said["delimiter"] = json!("::");
        start(owner, "contact", &store(owner, "a.csv", PLAIN).await, &said).await.violates(422, "invalid", &[("invalid", "/mapping/delimiter")]);
        let job = import(owner, "contact", "Vorname;Mail\nAda;a@b.org\n", &mapping()).await;
        let detail = job["detail"].as_str().unwrap();
        assert!(detail.contains("Name, Title") && detail.contains("Vorname, Mail") && detail.contains('“'), "{detail}");
    }
}

on_both! {
    async fn encodings_are_found_out_or_said(stage) {
        let owner = &stage.owner;
        let wide = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
            let text = PLAIN.encode_utf16().flat_map(bytes);
            mark.iter().copied().chain(text).collect::<Vec<u8>>()
        };
        for file in [
            format!("\u{feff}{PLAIN}").into_bytes(),
            wide(&[0xff, 0xfe], u16::to_le_bytes),
            wide(&[0xfe, 0xff], u16::to_be_bytes),
            wide(&[], u16::to_le_bytes),
            wide(&[], u16::to_be_bytes),
        ] {
            assert_eq!(taken(owner, file, &mapping()).await, expected());
        }
        let latin: Vec<u8> = PLAIN.chars().map(|c| c as u8).collect();
        let job = import(owner, "contact", latin.clone(), &mapping()).await;
        let message = match job["state"].as_str() {
            Some("FAILED") => job["detail"].to_string(),
            _ => owner.get("/v1/job-errors?limit=9").await.ok()["items"][0]["message"].to_string(),
        };
        assert!(message.contains("encoding") && message.contains("windows-1252"), "{message}");
        let mut said = mapping();
        said["encoding"] = json!("windows-1252");
        assert_eq!(taken(owner, latin, &said).await, expected());
        said["encoding"] = json!("klingon");
        start(owner, "contact", &store(owner, "a.csv", PLAIN).await, &said).await.violates(422, "invalid", &[("invalid", "/mapping/encoding")]);
    }
}

on_both! {
    async fn quotes_behind_a_space_are_quotes(stage) {
        let owner = &stage.owner;
        let file = "Name, Mail, Title\nAda, \"ada@example.org\",   \"Gräfin, a. D.\"\n \"Zoë\" , \"zoe@example.org\"\n";
        assert_eq!(taken(owner, file, &mapping()).await, expected());
        let file = "Name,Mail,Title\nAda,a@b.org,\"the \\\"countess\\\", a. D.\"\nEve,eve@b.org,\"C:\\\"\n";
        let job = import(owner, "contact", file, &mapping()).await;
        assert_eq!(errors(owner, &job).await, [error(1, "", "malformed_row")]);
        let told = owner.get("/v1/job-errors?limit=9").await.ok()["items"][0]["message"].to_string();
        assert!(told.contains("backslash"), "{told}");
        assert_eq!(rows(owner).await, [[json!("Eve"), json!("eve@b.org"), json!("C:\\")]]);
    }
}

on_both! {
    async fn a_column_that_comes_twice_matters_where_it_is_read(stage) {
        let owner = &stage.owner;
        let twice = PLAIN.replace("Title\n", "Title,Note,Note\n");
        assert_eq!(taken(owner, twice, &mapping()).await, expected());
        let job = import(owner, "contact", "Name,Name,Mail,Title\nA,B,a@b.org,\n", &mapping()).await;
        assert_eq!(job["state"], "FAILED", "{job}");
        assert!(job["detail"].as_str().unwrap().contains("“Name” comes twice"), "{job}");
    }
}
