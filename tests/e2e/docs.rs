//! The guides say what is so: what they tell to type is typed here, and their tables are the code's.

mod script;

use std::{fs, path::PathBuf};

use kernel::{Code, predicate::Operator, reference::OnDelete, text::snake};
use serde_json::json;

use crate::support::{Stage, eventually, on_both, text};

const GUIDES: [&str; 5] =
    ["README.md", "docs/querying.md", "docs/writing.md", "docs/importing.md", "docs/integrate.md"];

/// A file of the repository.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A little of what the demo has.
async fn furnish(stage: &Stage) {
    let owner = &stage.owner;
    let [open, ..] = stage.pipeline().await;
    for number in 0..3 {
        let company = json!({ "name": format!("Labs {number}"), "employeeCount": 10 + number });
        let company = text(&owner.create("companies", company).await["id"]);
        let contact =
            text(&owner.create("contacts", json!({ "givenName": "Ann", "familyName": "Abel" })).await["id"]);
        owner.create("affiliations", json!({ "contactId": contact, "companyId": company })).await;
        let deal = json!({ "name": "A deal", "stageId": open, "companyId": company, "contactId": contact });
        owner.create("deals", deal).await;
    }
    owner.create("segments", json!({ "name": "All", "object": "CONTACT", "where": {} })).await;
}

on_both! {
    async fn what_the_guides_tell_to_type_works(stage) {
        furnish(stage).await;
        for guide in GUIDES {
            let asked = script::run(guide, &read(guide), &stage.owner).await;
            assert!(asked > 0, "{guide} asks the server nothing");
        }
        let open = "/v1/jobs?filter[state][in]=QUEUED,RUNNING";
        let ended = async || (stage.owner.get(open).await.ok()["items"] == json!([])).then_some(());
        eventually("the end of all jobs", ended).await;
        let trace = stage.owner.trace().await;
        assert_eq!(trace["contacts"]["totalCount"], 3 + 2 + 2, "Ada is made by two guides, and two are imported");
        let ada = stage.owner.get("/v1/contacts/contact_01kamf0q00fay8vvr14d2pf2db").await.ok();
        assert_eq!(ada["leadStatus"], "CONVERTED");
    }
}

on_both! {
    async fn the_server_can_be_watched_as_the_guide_says(stage) {
        assert_eq!(script::run("docs/running.md", &read("docs/running.md"), &stage.owner).await, 2);
    }
}

/// The catalogue of codes as the guide has it.
fn catalogue() -> String {
    let row = |code: &Code| {
        let (name, status, meaning) = (code.as_str(), transport::status(*code), code.meaning());
        format!("| <a id=\"{name}\"></a>`{name}` | {status} | {meaning} |\n")
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    format!("| code | status | meaning |\n|---|---|---|\n{rows}")
}

/// What becomes of the records that refer to a deleted one, as the guide has it.
fn consequences() -> String {
    let registry = app::registry();
    let mut rows = String::new();
    for object in registry.objects() {
        let many = spaced(object.plural);
        for field in object.attributes.iter().filter(|field| field.depends()) {
            let target = spaced(field.target().unwrap());
            let told = match field.on_delete {
                OnDelete::Keep => continue,
                OnDelete::Restrict => format!("the {target} is not deleted while {many} refer to it"),
                OnDelete::Cascade => format!("the {many} are deleted along with the {target}"),
            };
            rows += &format!("| `{}.{}` | {told} |\n", object.name, field.name);
        }
    }
    format!("| reference | when the record it refers to is deleted |\n|---|---|\n{rows}")
}

/// A name in words: `line items`.
fn spaced(name: &str) -> String {
    snake(name).replace('_', " ")
}

/// A guide's table, between comments of that name, is the code's.
fn holds(guide: &str, name: &str, table: &str) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let text = read(guide);
    let (before, rest) = text.split_once(&begin).unwrap();
    let (written, after) = rest.split_once(&end).unwrap();
    if std::env::var("KITH_WRITE_DOCS").is_ok() {
        return fs::write(path(guide), format!("{before}{begin}{table}{end}{after}")).unwrap();
    }
    assert_eq!(written, table, "KITH_WRITE_DOCS=1 tests/run docs writes the table anew");
}

#[test]
fn the_guide_to_errors_lists_every_code() {
    holds("docs/errors.md", "codes", &catalogue());
}

#[test]
fn the_guide_to_writing_says_what_deleting_does_to_what_refers() {
    holds("docs/writing.md", "references", &consequences());
}

#[test]
fn the_guide_to_querying_names_every_operator() {
    let guide = read("docs/querying.md");
    for operator in Operator::ALL {
        assert!(guide.contains(&format!("`{}`", operator.as_str())), "{operator:?}");
    }
}

#[test]
fn guides_lead_to_files_that_are_there() {
    let pages = [
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "docs/adding-an-object.md",
        "docs/api-design.md",
        "docs/errors.md",
        "docs/running.md",
    ];
    for page in GUIDES.into_iter().chain(pages) {
        let text = read(page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let is_local = !file.is_empty() && !file.contains(':') && !file.contains(' ');
            let folder = path(page).parent().unwrap().to_owned();
            assert!(!is_local || folder.join(file).exists(), "{page} leads to {target}");
        }
    }
}
