//! `kith workspace create`, which the API does not offer.

use app::NewWorkspace;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::{config::Config, database, failure::Outcome, output::say};

#[derive(Subcommand)]
pub(super) enum WorkspaceCommand {
    /// Makes a workspace with its owner, and prints the owner's key this once
    Create(CreateWorkspace),
}

/// The new workspace.
#[derive(Args)]
pub(super) struct CreateWorkspace {
    /// The workspace's name
    #[arg(long)]
    name: String,
    /// The name of its owner
    #[arg(long)]
    owner: String,
    /// The owner's e-mail address
    #[arg(long)]
    email: Option<String>,
    /// The IANA time zone in which its days begin and end
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// The ISO 4217 currency it usually sells in
    #[arg(long, value_name = "CODE", default_value = "EUR")]
    currency: String,
    /// Makes no pipeline; else the workspace begins with one, with the usual stages
    #[arg(long)]
    empty: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl WorkspaceCommand {
    pub async fn run(self, config: &Config) -> Outcome {
        let Self::Create(CreateWorkspace { name, owner, email, time_zone, currency, empty, json }) = self;
        let kith = database::open(config).await?;
        let new = NewWorkspace { name, owner, email, time_zone, currency, with_pipeline: !empty };
        let made = kith.create_workspace(new).await?;
        if json {
            return say(json!({
                "workspaceId": made.id, "userId": made.user, "apiKeyId": made.key_id, "key": made.key,
            }));
        }
        say(format_args!("workspace  {}", made.id))?;
        say(format_args!("owner      {}", made.user))?;
        say(format_args!("key id     {}", made.key_id))?;
        say(format_args!("key        {}  (shown this once)", made.key))
    }
}
