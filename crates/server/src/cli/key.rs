//! `kith key create`: the command `issueApiKey`, from the command line.

use app::{
    Kith,
    operation::{Call, Product},
};
use clap::{Args, Subcommand};
use kernel::{
    actor::{Actor, Origin},
    id::TypeId,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    config::Config,
    database,
    failure::{Failure, Outcome},
    output::say,
};

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Issues a key, and prints it this once
    Create(CreateKey),
}

/// The new key.
#[derive(Args)]
pub(super) struct CreateKey {
    /// Your own key
    #[arg(long, env = "KITH_KEY", hide_env_values = true, required_unless_present = "workspace")]
    key: Option<String>,
    /// The id of a workspace that nobody has a key to any more: its user gets an owner's key, and is active again
    #[arg(long, value_name = "ID", requires = "user")]
    workspace: Option<String>,
    /// The new key's purpose
    #[arg(long, default_value = "Issued on the command line")]
    name: String,
    /// The id of the user on whose behalf it acts [default: the presented key's own user]
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Its role: OWNER, AGENT or READ_ONLY
    #[arg(long, required_unless_present = "workspace")]
    role: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// The key that authenticates a command of the command line.
#[derive(Args)]
pub(crate) struct Presented {
    /// Your own key
    #[arg(long, env = "KITH_KEY", hide_env_values = true)]
    key: String,
}

impl Presented {
    /// The actor of the command.
    pub async fn actor(&self, kith: &Kith) -> Outcome<Actor> {
        let caller = kith.authenticate(&self.key, Origin::CommandLine, "command-line".into()).await;
        Ok(caller.map_err(|error| Failure::from(error).during("the key"))?.actor)
    }
}

impl KeyCommand {
    pub async fn run(self, config: &Config) -> Outcome {
        let Self::Create(create) = self;
        let kith = database::open(config).await?;
        let json = create.json;
        let (id, secret) = match &create.workspace {
            Some(workspace) => create.let_in(&kith, workspace).await?,
            None => create.issue(&kith).await?,
        };
        let id = TypeId { prefix: "api_key", uuid: id };
        if json {
            return say(json!({ "apiKeyId": id.to_string(), "key": secret }));
        }
        say(format_args!("key id  {id}"))?;
        say(format_args!("key     {secret}  (shown this once)"))
    }
}

impl CreateKey {
    /// The operator lets a user in.
    async fn let_in(&self, kith: &Kith, workspace: &str) -> Outcome<(Uuid, String)> {
        let id = |prefix: &str, text: &str| {
            TypeId::parse_as(prefix, text)
                .ok_or_else(|| Failure::new(format!("{text} is no id of a {prefix}")))
        };
        if self.role.as_ref().is_some_and(|role| role != "OWNER") {
            return Err(Failure::new("without a key of one's own, the role is OWNER"));
        }
        let workspace = id("workspace", workspace)?;
        let user = id("user", self.user.as_deref().unwrap_or_default())?;
        Ok(kith.let_in(workspace, user, &self.name).await?)
    }

    /// The bearer of a key issues another.
    async fn issue(self, kith: &Kith) -> Outcome<(Uuid, String)> {
        let Self { key, name, user, role, .. } = self;
        let actor = Presented { key: key.unwrap_or_default() }.actor(kith).await?;
        let user = user.unwrap_or_else(|| TypeId { prefix: "user", uuid: actor.user }.to_string());
        let input = json!({ "name": name, "userId": user, "role": role });
        let call = Call { input: input.as_object().cloned().unwrap_or_default(), ..Call::default() };
        let issue = kith.operations().named("issueApiKey");
        let issue = issue.ok_or_else(|| Failure::new("there is no command issueApiKey"))?;
        let produced = kith.perform(&actor, issue, &call, async |_, produced| Ok(produced)).await?;
        match produced.as_slice() {
            [Product::Record(key), Product::Text(secret)] => Ok((key.id(), secret.clone())),
            _ => Err(Failure::new("issueApiKey has not answered a key")),
        }
    }
}
