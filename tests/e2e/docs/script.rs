//! Runs the commands of a guide: the fenced `sh` blocks in which the server is asked by curl, one after the
//! other in one shell. A fenced block with a file's name behind its language is that file.

use std::{fs, process::Command};

use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::support::Caller;

/// A fenced block: what stands behind the fence, and the lines.
struct Block {
    info: String,
    text: String,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: Vec<_> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        blocks.push(Block { info: info.to_owned(), text: text.join("\n") + "\n" });
    }
    blocks
}

/// Runs a guide for a caller, and says how many of its commands have asked the server.
pub async fn run(name: &str, guide: &str, caller: &Caller) -> usize {
    let folder = TempDir::new().unwrap();
    // A refusal is a failure, which curl does not think by itself.
    fs::write(folder.path().join(".curlrc"), "fail-with-body\nshow-error\nwrite-out = \"\\n\"\n").unwrap();
    let mut script = "set -euo pipefail\n".to_owned();
    for Block { info, text } in blocks(guide) {
        match info.split_once(' ') {
            Some((_, file)) => fs::write(folder.path().join(file), text).unwrap(),
            None if info == "sh" && text.contains("curl ") => script.push_str(&text),
            None => {}
        }
    }
    // The address and the key are this test's, not those of the guide.
    let script: Vec<_> = script.lines().filter(|line| !line.starts_with("export KITH=")).collect();
    let asked = script.iter().filter(|line| line.contains("curl -")).count();
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script.join("\n")).current_dir(folder.path());
    shell
        .env("KITH", &caller.url)
        .env("KEY", &caller.key)
        .env("CURL_HOME", folder.path())
        .env("HOME", folder.path());
    let done = spawn_blocking(move || shell.output()).await.unwrap().expect("bash runs");
    let (told, failed) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{name}: {told}\n{failed}");
    for line in told.lines().filter(|line| line.starts_with('{')) {
        let answer: Json =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        assert!(answer.get("errors").is_none(), "{name}: {line}");
        assert!(!line.contains(r#""userErrors":[{"#), "{name}: {line}");
    }
    asked
}
