//! The server: both doors over one Kith, until it is asked to stop.

use std::io;

use actix_web::dev::ServerHandle;
use app::Kith;
use tokio::task::JoinHandle;
use transport::{Settings, Transport};

use crate::{
    config::Config,
    database,
    failure::{Failure, Outcome},
    listener,
    signals::Signals,
};

/// A server that runs. It lives in the runtime it was started in.
pub struct Running {
    /// Its URL.
    pub url: String,
    /// The Kith that it serves.
    pub kith: Kith,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    followers: followers::Handle,
}

/// Opens the configured database and serves it.
pub async fn run(config: &Config) -> Outcome<Running> {
    run_with(config, config.settings()).await
}

/// Opens the configured database and serves it, with settings of the transport that no configuration has.
pub async fn run_with(config: &Config, settings: Settings) -> Outcome<Running> {
    let kith = database::open(config).await?;
    start_with(kith, config, settings)
}

/// Serves a Kith.
pub fn start(kith: Kith, config: &Config) -> Outcome<Running> {
    start_with(kith, config, config.settings())
}

/// Serves a Kith, with settings of the transport that no configuration has.
pub fn start_with(kith: Kith, config: &Config, settings: Settings) -> Outcome<Running> {
    let transport = Transport::new(kith.clone(), settings);
    let listening = |error: io::Error| Failure::from(error).during(format!("listening on {}", config.listen));
    let listener = listener::bind(&config.listen).map_err(listening)?;
    let address = listener.local_addr()?;
    let server = listener::server(listener, transport, config).map_err(listening)?;
    let handle = server.handle();
    let (url, server) = (format!("http://{address}"), tokio::spawn(server));
    Ok(Running { url, handle, server, followers: followers::start(&kith, config.jobs), kith })
}

impl Running {
    /// Serves until the process is asked to stop, and then stops; asked twice, it ends at once.
    pub(crate) async fn until_asked(mut self, mut signals: Signals) -> Outcome {
        tokio::select! {
            ended = &mut self.server => return Ok(ended??),
            () = signals.next() => tracing::info!("stopping: the requests that run are finished"),
        }
        tokio::select! {
            stopped = self.stop() => stopped,
            () = signals.next() => Err(Failure::new("ended before all requests were finished")),
        }
    }

    /// Takes no more requests, finishes those that run, and ends; jobs go on where a server starts again.
    pub async fn stop(self) -> Outcome {
        self.handle.stop(true).await;
        self.followers.stop().await;
        let served = self.server.await;
        self.kith.close().await;
        Ok(served??)
    }
}
