//! The server under test.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{Outcome, cpu, failed, http::Request};

/// How long it may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `kith serve`; it ends when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: String,
    /// How long it took from its start to its first answer.
    pub started: Duration,
}

impl Server {
    /// Has this command start one over a database, and waits until it answers this request. Flags that are not
    /// given come from the environment, as ever.
    pub fn start(mut serve: Command, database: &str, first: &Request) -> Outcome<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let begun = Instant::now();
        serve.args(["--database", database, "--listen", &address]);
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self { child, address, started: Duration::ZERO };
        loop {
            if let Ok(reply) = first.send(&server.address) {
                server.started = begun.elapsed();
                return match reply.status {
                    200 => Ok(server),
                    status => Err(failed(format!("the first answer was {status}: {}", reply.body))),
                };
            }
            if let Some(status) = server.child.try_wait()? {
                return Err(failed(format!("kith serve --database {database} ended with {status}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(failed("the server does not answer"));
            }
            sleep(Duration::from_millis(1));
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The seconds of processor time it has used.
    pub fn cpu(&self) -> Outcome<f64> {
        cpu::own(self.child.id())
    }

    /// A line of what it tells about its memory, in MiB.
    pub fn memory(&self, line: &str) -> Outcome<f64> {
        cpu::memory(self.child.id(), line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As an operator would end it, so that SQLite's log is put away.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}
