//! `kith demo`: a small made-up workspace to try things out, in a database that ends with the process.

mod moment;
mod script;
mod seed;

use std::time::Instant;

use app::{Context, Kith};
use clap::Args;
use tempfile::TempDir;

use crate::{config::Config, database, failure::Outcome, output::say, serve, signals::Signals};

/// The options of the demo.
#[derive(Args)]
pub(crate) struct Demo {
    /// The port to listen on, on this machine only; 0 is any free one
    #[arg(long, value_name = "NUMBER", default_value_t = 8080)]
    port: u16,
}

/// Makes the workspace and serves it. Unless a database was `named`, it is made in a fresh file: never in the
/// one that environment or file configure, which may be in use.
pub(crate) async fn run(demo: Demo, mut config: Config, named: bool) -> Outcome {
    let begun = Instant::now();
    let signals = Signals::new()?;
    let directory = TempDir::with_prefix("kith-demo-")?;
    if !named {
        config.database = format!("sqlite:{}", directory.path().join("kith.db").display());
    }
    config.listen = format!("127.0.0.1:{}", demo.port);
    let store = database::store(&config).await?;
    let key = seed::seed(&store).await?;
    let running = serve::start(Kith::new(store, Context::system()), &config)?;
    tell(&running.url, &key, begun)?;
    running.until_asked(signals).await?;
    Ok(directory.close()?)
}

fn tell(url: &str, key: &str, begun: Instant) -> Outcome {
    let seconds = begun.elapsed().as_secs_f32();
    let query = "{ deals(first: 3, where: {status: {eq: WON}}) { nodes { name amount { amount currency } \
                 company { name } } } }";
    say(format_args!(
        "Kith is ready at {url}, after {seconds:.1} s, with the workspace of {}.

  REST     {url}/v1
  GraphQL  {url}/graphql
  OpenAPI  {url}/openapi.json
  Key      {key}

curl -g -H 'Authorization: Bearer {key}' '{url}/v1/deals?filter[status]=OPEN&sort=closeDate&limit=3'

curl -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
  -d '{{\"query\": \"{query}\"}}' {url}/graphql
",
        seed::WORKSPACE
    ))
}
