//! The seed: a filled database of each kind, made once and copied for each run.

mod crowd;
mod postgres;
mod sqlite;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value as Json, json};

use crate::{
    Outcome,
    data::{World, uuid_of},
    failed,
    tool::output,
};

pub use crowd::CROWD;
pub use postgres::Server;

/// How many more workspaces there are, each with one key and no records.
pub const MORE_WORKSPACES: usize = 16;

/// Which database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// As tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// A workspace and the key of its owner.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: u128,
    /// Its owner's id.
    pub owner: u128,
    /// The owner's key.
    pub key: String,
}

/// A filled database.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Which kind of database it is.
    pub engine: Engine,
    /// What it is filled with.
    pub world: World,
    /// The workspace with the data, then those without, then the small ones.
    pub workspaces: Vec<Workspace>,
}

impl Seed {
    /// The small workspace that the others are copies of.
    fn original(&self) -> Outcome<&Workspace> {
        self.workspaces.get(CROWD.start).ok_or_else(|| failed("the seed has no small workspace"))
    }

    /// The copies of it.
    fn copies(&self) -> &[Workspace] {
        self.workspaces.get(CROWD.start + 1..).unwrap_or_default()
    }
}

/// Where and how to make seeds.
pub struct Maker<'a> {
    /// The binary of Kith.
    pub kith: &'a Path,
    /// The directory of all that is kept.
    pub directory: &'a Path,
    /// The PostgreSQL server.
    pub server: &'a Server,
    /// The size of the data.
    pub scale: f64,
}

impl Maker<'_> {
    /// The seed that is there and fits, or a new one.
    pub fn seed(&self, engine: Engine, fresh: bool) -> Outcome<Seed> {
        let note = self.note(engine);
        if !fresh
            && let Ok(text) = fs::read_to_string(&note)
            && let Ok(seed) = self.read(engine, &serde_json::from_str(&text)?)
        {
            // A seed that lacks steps of the schema was made for another binary.
            if self.exists(&seed) && !self.migrate(engine)?.contains("applied") {
                return Ok(seed);
            }
        }
        eprintln!("filling {} at scale {}", engine.name(), self.scale);
        fs::remove_file(&note).ok();
        self.clear(engine)?;
        let url = self.url(engine, "seed");
        self.migrate(engine)?;
        let workspaces = (0..=CROWD.start).map(|n| self.workspace(&url, n)).collect::<Outcome<Vec<_>>>()?;
        let seed = self.read(engine, &json!({ "workspaces": workspaces }))?;
        match engine {
            Engine::Postgres => self.server.fill(&self.server.database("seed", self.scale), &seed)?,
            Engine::Sqlite => sqlite::fill(&self.file("seed"), &seed)?,
        }
        fs::write(note, serde_json::to_string_pretty(&json!({ "workspaces": workspaces, "url": url }))?)?;
        Ok(seed)
    }

    /// Brings the seed's schema up to date, and gives what Kith says about it.
    fn migrate(&self, engine: Engine) -> Outcome<String> {
        output(Command::new(self.kith).args(["migrate", "--database", &self.url(engine, "seed")]))
    }

    fn workspace(&self, url: &str, n: usize) -> Outcome<Json> {
        let name = format!("Workspace {n}");
        let mut create = Command::new(self.kith);
        create.args([
            "workspace",
            "create",
            "--json",
            "--empty",
            "--owner",
            "Ada",
            "--name",
            &name,
            "--database",
            url,
        ]);
        Ok(serde_json::from_str(&output(&mut create)?)?)
    }

    fn read(&self, engine: Engine, note: &Json) -> Outcome<Seed> {
        let text =
            |made: &Json, name: &str| made.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let id = |made: &Json, name: &str| uuid_of(&text(made, name)).ok_or_else(|| failed("no id"));
        let made = note.get("workspaces").and_then(Json::as_array).into_iter().flatten();
        let workspaces = made.map(|made| {
            Ok(Workspace { id: id(made, "workspaceId")?, owner: id(made, "userId")?, key: text(made, "key") })
        });
        let mut workspaces = workspaces.collect::<Outcome<Vec<_>>>()?;
        let original =
            workspaces.get(CROWD.start).ok_or_else(|| failed("the seed has no small workspace"))?;
        workspaces.extend(crowd::copies(original)?);
        let first = workspaces.first().ok_or_else(|| failed("the seed has no workspace"))?;
        let world = World::new(first.id, self.scale);
        Ok(Seed { engine, world, workspaces })
    }

    /// The name tells the size, so that seeds of several sizes can be kept.
    fn note(&self, engine: Engine) -> PathBuf {
        self.directory.join(format!("{}.json", self.name(engine)))
    }

    fn name(&self, engine: Engine) -> String {
        format!("seed-{}-{}", engine.name().to_lowercase(), self.scale)
    }

    /// The SQLite file of the seed or of a run.
    fn file(&self, part: &str) -> PathBuf {
        self.directory.join(format!("{part}-{}.db", self.scale))
    }

    /// The URL by which Kith opens the seed or a run.
    pub fn url(&self, engine: Engine, part: &str) -> String {
        match engine {
            Engine::Postgres => self.server.url(&self.server.database(part, self.scale)),
            Engine::Sqlite => format!("sqlite:{}", self.file(part).display()),
        }
    }

    fn exists(&self, seed: &Seed) -> bool {
        match seed.engine {
            Engine::Postgres => self.server.has(&self.server.database("seed", self.scale)),
            Engine::Sqlite => self.file("seed").exists(),
        }
    }

    fn clear(&self, engine: Engine) -> Outcome {
        match engine {
            Engine::Postgres => self.server.create(&self.server.database("seed", self.scale), None),
            Engine::Sqlite => remove_sqlite(&self.file("seed")),
        }
    }

    /// Makes a copy of the seed to be written to, and gives its URL.
    pub fn copy(&self, seed: &Seed) -> Outcome<String> {
        match seed.engine {
            Engine::Postgres => {
                let of = self.server.database("seed", self.scale);
                self.server.create(&self.server.database("run", self.scale), Some(&of))?;
            }
            Engine::Sqlite => {
                remove_sqlite(&self.file("run"))?;
                fs::copy(self.file("seed"), self.file("run"))?;
            }
        }
        Ok(self.url(seed.engine, "run"))
    }

    /// Takes the copy away.
    pub fn discard(&self, seed: &Seed) -> Outcome {
        match seed.engine {
            Engine::Postgres => self.server.remove(&self.server.database("run", self.scale)),
            Engine::Sqlite => remove_sqlite(&self.file("run")),
        }
    }
}

fn remove_sqlite(file: &Path) -> Outcome {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
