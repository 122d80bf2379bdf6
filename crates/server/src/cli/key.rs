//! `kith key create`: the command `issueApiKey`, from the command line.

use app::{
    Kith,
    command::{Call, Product},
};
use clap::{Args, Subcommand};
use kernel::{
    actor::{Actor, Origin},
    id::TypeId,
};
use serde_json::json;

use super::say;
use crate::{
    config::Config,
    database,
    failure::{Failure, Outcome},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Issues a key, and prints it this once
    Create(Create),
}

/// What the key is to be.
#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    presented: Presented,
    /// What the new key is for
    #[arg(long)]
    name: String,
    /// The id of the user on whose behalf it acts; the presented key's own user where nothing is said
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// What it may do: OWNER, AGENT or READ_ONLY
    #[arg(long)]
    role: String,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// The key by which the command line knows who gives the command.
#[derive(Args)]
pub(crate) struct Presented {
    /// Your own key
    #[arg(long, env = "KITH_KEY", hide_env_values = true)]
    key: String,
}

impl Presented {
    /// Who gives the command.
    pub async fn actor(&self, kith: &Kith) -> Outcome<Actor> {
        let caller = kith.authenticate(&self.key, Origin::CommandLine, "command-line".into()).await;
        Ok(caller.map_err(|error| Failure::from(error).during("the key"))?.actor)
    }
}

impl Command {
    pub async fn run(self, config: &Config) -> Outcome {
        let Self::Create(Create { presented, name, user, role, json }) = self;
        let kith = database::open(config).await?;
        let actor = presented.actor(&kith).await?;
        let user = user.unwrap_or_else(|| TypeId { prefix: "user", uuid: actor.user }.to_string());
        let input = json!({ "name": name, "userId": user, "role": role });
        let call = Call { input: input.as_object().cloned().unwrap_or_default(), ..Call::default() };
        let issue = kith.commands().iter().find(|command| command.spec.name == "issueApiKey");
        let issue = issue.ok_or_else(|| Failure::new("there is no command issueApiKey"))?;
        let produced = issue.run(&kith, &actor, call).await?;
        let [Product::Record(id), Product::Text(secret)] = produced.as_slice() else {
            return Err(Failure::new("issueApiKey has not answered a key"));
        };
        let id = TypeId { prefix: "api_key", uuid: *id };
        if json {
            return say(json!({ "apiKeyId": id.to_string(), "key": secret }));
        }
        say(format_args!("key id  {id}"))?;
        say(format_args!("key     {secret}  (shown this once)"))
    }
}
