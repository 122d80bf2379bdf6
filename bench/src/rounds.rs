//! The rounds: every workload with its floor beside it, again and again, so that what else the machine does
//! meets all of them alike.

use std::{path::PathBuf, thread::sleep, time::Duration};

use crate::{
    Outcome, cpu, drive,
    floor::{pgbench, sqlite},
    measured::{Measured, Pace},
    scene::Scene,
    seed::{self, Engine},
    server::Server,
    workloads::{ALL, Workload},
};

/// How long and how often.
pub struct Course {
    /// How many rounds.
    pub rounds: u32,
    /// For how many seconds each time.
    pub seconds: u32,
    /// Over how many connections.
    pub connections: Vec<u32>,
    /// Which workloads; all where it is empty.
    pub only: Vec<String>,
}

/// What came of a workload: for each round the door and the floor.
pub struct Row {
    /// The workload.
    pub workload: &'static Workload,
    /// Over how many connections.
    pub connections: u32,
    /// The door and the floor of each round.
    pub rounds: Vec<(Measured, Measured)>,
}

/// What is measured on one database.
pub struct Rounds<'a> {
    /// The database and what is in it.
    pub scene: &'a Scene,
    /// Which kind it is.
    pub engine: Engine,
    /// The PostgreSQL server.
    pub postgres: &'a seed::Server,
    /// The process that all of PostgreSQL's processes come from.
    pub postmaster: Option<u32>,
    /// The server under test.
    pub server: &'a Server,
    /// How long and how often.
    pub course: &'a Course,
}

impl Rounds<'_> {
    /// Checks every workload once, warms up, and goes all rounds.
    pub fn run(&self) -> Outcome<Vec<Row>> {
        let mut rows = Vec::new();
        for connections in &self.course.connections {
            let fitting =
                ALL.iter().filter(|workload| workload.is_for(*connections) && self.course.has(workload));
            rows.extend(fitting.map(|workload| Row {
                workload,
                connections: *connections,
                rounds: Vec::new(),
            }));
        }
        // What writes comes last, so that a round's lists are read before they grow.
        rows.sort_by_key(|row| row.workload.writes);
        for workload in ALL.iter().filter(|workload| self.course.has(workload)) {
            self.prepare(workload)?;
        }
        for row in &rows {
            let mark = format!("warm-{}-", row.connections);
            // On a cold disk a second may bring no answer at all; what is really wrong fails the first round.
            self.floor(row.workload, row.connections, 1).ok();
            self.door(row.workload, row.connections, 1, &mark).ok();
        }
        for round in 0..self.course.rounds {
            for row in &mut rows {
                let Row { workload, connections, rounds } = row;
                let mark = format!("r{round}-{connections}-");
                let floor = self.floor(workload, *connections, self.course.seconds)?;
                let door = self.door(workload, *connections, self.course.seconds, &mark)?;
                eprintln!(
                    "  round {}: {}, {}, {connections} connections: {:.0}/s, floor {:.0}/s",
                    round + 1,
                    workload.title,
                    workload.door,
                    door.rate(),
                    floor.rate()
                );
                rounds.push((door, floor));
            }
        }
        Ok(rows)
    }

    /// Writes the requests down, and looks at the answer to the first of them.
    fn prepare(&self, workload: &Workload) -> Outcome {
        let requests = (workload.requests)(self.scene)?;
        drive::write(&self.file(workload), &requests)?;
        if let Some(request) = requests.first() {
            let mut request = request.clone();
            request.body = request.body.replace("{n}", &format!("check{}", workload.workspaces.end));
            (workload.check)(self.scene, &request.ask(&self.server.address)?)?;
        }
        Ok(())
    }

    fn file(&self, workload: &Workload) -> PathBuf {
        let Workload { title, door, .. } = workload;
        let name: String = format!("{title} {door}").chars().filter(char::is_ascii_alphanumeric).collect();
        self.scene.directory.join(format!("requests-{name}.txt"))
    }

    fn door(&self, workload: &Workload, connections: u32, seconds: u32, mark: &str) -> Outcome<Measured> {
        // Two workloads that write do not meet in one workspace's records.
        let mark = format!("{mark}{}-", workload.workspaces.end);
        let drive = || drive::drive(&self.file(workload), &self.server.address, connections, seconds, &mark);
        self.measure(workload, || self.server.cpu(), drive)
    }

    fn floor(&self, workload: &Workload, connections: u32, seconds: u32) -> Outcome<Measured> {
        let (scene, floor) = (self.scene, &workload.floor);
        let workspaces = scene.among(workload.workspaces.clone());
        let me = std::process::id();
        match self.engine {
            Engine::Postgres => {
                let run = || pgbench::run(scene, floor, workspaces, connections, seconds);
                self.measure(workload, || cpu::reaped(me), run)
            }
            Engine::Sqlite => {
                let run = || sqlite::run(scene, floor, workspaces, connections, seconds);
                self.measure(workload, || cpu::own(me), run)
            }
        }
    }

    fn measure(
        &self,
        workload: &Workload,
        asker: impl Fn() -> Outcome<f64>,
        work: impl FnOnce() -> Outcome<Pace>,
    ) -> Outcome<Measured> {
        let (asked, used) = (asker()?, self.database()?);
        let pace = work()?;
        // PostgreSQL's processes end a moment after their clients.
        sleep(Duration::from_millis(100));
        let measured = Measured { pace, asker: asker()? - asked, database: self.database()? - used };
        if workload.writes && self.engine == Engine::Postgres {
            // What was written is put away now, and not during somebody else's turn.
            self.postgres.ask("postgres", "CHECKPOINT")?;
        }
        Ok(measured)
    }

    /// The seconds that the database's own processes have used.
    fn database(&self) -> Outcome<f64> {
        self.postmaster.map_or(Ok(0.0), cpu::family)
    }
}

impl Course {
    fn has(&self, workload: &Workload) -> bool {
        self.wants(workload.name)
    }

    /// Whether a workload of this name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}
