//! Lets the demo's script happen, through the same door as everything else, on a clock of its own.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use app::{Context, Kith, NewWorkspace, UnitOfWork, operation::Call};
use chrono::NaiveDate;
use kernel::{
    actor::{Actor, Origin},
    id::TypeId,
    input::{self, Purpose},
    object::Action,
    time::{Clock, Instant, SystemClock},
};
use persistence::Database;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{
    moment,
    script::{self, Deed, Step},
};
use crate::failure::{Failure, Outcome};

/// The name of the workspace.
pub(super) const WORKSPACE: &str = "Birkenfeld Instruments";

/// A clock that is set.
#[derive(Default)]
struct Then(AtomicI64);

impl Clock for Then {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::Relaxed))
    }
}

/// A record that was created.
struct Known {
    id: String,
    uuid: Uuid,
    version: i64,
}

struct Seeder {
    kith: Kith,
    actor: Actor,
    today: NaiveDate,
    known: HashMap<String, Known>,
}

/// Fills a store with the demo's workspace, and gives its owner's key.
pub(super) async fn seed(store: &Database) -> Outcome<String> {
    let today = SystemClock.now().utc().date_naive();
    let steps = script::steps(today)?;
    let clock = Arc::new(Then::default());
    let context = Context { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..Context::system() };
    let set = |at: Instant| clock.0.store(at.0, Ordering::Relaxed);

    set(steps.first().map_or(SystemClock.now(), |step| step.at));
    let kith = Kith::new(store.clone(), context);
    let workspace = kith.create_workspace(NewWorkspace {
        name: WORKSPACE.to_owned(),
        owner: "Mara Lindqvist".to_owned(),
        email: Some("mara.lindqvist@birkenfeld.example".to_owned()),
        time_zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        with_pipeline: false,
    });
    let workspace = workspace.await?;
    let actor = kith.authenticate(&workspace.key, Origin::CommandLine, "demo".into()).await?.actor;
    // The demo makes users as it goes on, and nobody ends its key meanwhile.
    let actor = Actor { epoch: None, ..actor };
    let owner = Known { id: workspace.user, uuid: actor.user, version: 1 };
    let known = HashMap::from([("mara".to_owned(), owner)]);

    let mut seeder = Seeder { kith, actor, today, known };
    for together in steps.chunk_by(|one, next| one.at == next.at) {
        together.iter().for_each(|step| set(step.at));
        seeder.create(together).await?;
        for step in together {
            seeder.command(step).await?;
        }
    }
    Ok(workspace.key)
}

impl Seeder {
    /// Creates the records of one instant in one piece of work: hundreds of commits would take their time.
    async fn create(&mut self, steps: &[Step]) -> Outcome {
        let mut work = UnitOfWork::begin(&self.kith, &self.actor).await?;
        for step in steps {
            let Deed::Create { object, key } = &step.deed else { continue };
            let doing = || format!("the demo's {object} {}", key.as_deref().unwrap_or_default());
            let permit = work.permit(object, Action::Create)?;
            let values = input::members(&permit, Purpose::Create, &self.meant(&step.input)?);
            let values = values.map_err(kernel::Error::invalid);
            let created = match values {
                Ok(values) => work.create(&permit, values).await,
                Err(error) => Err(error),
            };
            let created = created.map_err(|error| Failure::from(error).during(doing()))?;
            let id = TypeId { prefix: &created.object.prefix, uuid: created.id() }.to_string();
            if let Some(key) = key {
                self.known.insert(key.clone(), Known { id, uuid: created.id(), version: 1 });
            }
        }
        Ok(work.commit().await?)
    }

    async fn command(&mut self, step: &Step) -> Outcome {
        let Deed::Command { name, on } = &step.deed else { return Ok(()) };
        let doing = || format!("the demo's {name} on {on}");
        let unknown = || Failure::new("there is no such thing").during(doing());
        let input = self.meant(&step.input)?;
        let record = on.strip_prefix('@').and_then(|key| self.known.get_mut(key)).ok_or_else(unknown)?;
        let call =
            Call { id: Some(record.uuid), expected_version: Some(record.version), input, ..Call::default() };
        let command = self.kith.operations().named(name).ok_or_else(unknown)?;
        let done = self.kith.perform(&self.actor, command, &call, async |_, _| Ok(())).await;
        done.map_err(|error| Failure::from(error).during(doing()))?;
        record.version += 1;
        Ok(())
    }

    /// The input with names and days replaced by what they mean.
    fn meant(&self, input: &Map<String, Json>) -> Outcome<Map<String, Json>> {
        input.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?))).collect()
    }

    fn value(&self, value: &Json) -> Outcome<Json> {
        Ok(match value {
            Json::String(text) => self.text(text)?.into(),
            Json::Array(items) => items.iter().map(|item| self.value(item)).collect::<Outcome<_>>()?,
            Json::Object(members) => Json::Object(self.meant(members)?),
            other => other.clone(),
        })
    }

    fn text(&self, text: &str) -> Outcome<String> {
        if let Some(key) = text.strip_prefix('@') {
            let known = self.known.get(key).map(|known| known.id.clone());
            return known.ok_or_else(|| Failure::new(format!("the demo has no {key}")));
        }
        Ok(moment::read(text, self.today).map_or_else(|| text.to_owned(), moment::Moment::text))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{config::Config, database};

    #[tokio::test]
    async fn the_script_can_happen() {
        let directory = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", directory.path().join("kith.db").display());
        let store = database::store(&Config { database, ..Config::default() }).await.unwrap();
        let key = seed(&store).await.unwrap();
        let kith = Kith::new(store, Context::system());
        kith.authenticate(&key, Origin::Api, "test".into()).await.unwrap();
    }
}
