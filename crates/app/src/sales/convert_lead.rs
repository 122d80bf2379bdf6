//! `convertLead`.

use domain::{
    people::{
        affiliation, company,
        contact::{self, ContactLeadStatus, ContactLifecycle},
    },
    sales::{
        deal, pipeline,
        stage::{self, StageKind},
    },
};
use kernel::{Code, Error, Record, Result, change::Companion, money::Money};
use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::{ToSchema, openapi::Ref};
use uuid::Uuid;
use validator::Validate;

use crate::{
    command::{Command, Produced, Product, Spec, record},
    contract,
    work::Work,
};

/// What turns a lead into a customer to be.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConvertLead {
    /// The name of the new deal.
    #[schema(min_length = 1, max_length = 300)]
    deal_name: String,
    /// The id of the stage the deal begins in. Default: the first open stage of the default pipeline.
    stage_id: Option<String>,
    /// The deal's amount.
    #[schema(schema_with = amount)]
    amount: Option<Json>,
    /// The id of the contact's company. Default: the primary one it belongs to.
    company_id: Option<String>,
    /// The name of a new company for the contact; instead of `companyId`.
    #[schema(min_length = 1, max_length = 200)]
    company_name: Option<String>,
}

fn amount() -> Ref {
    let mut money = Ref::from_schema_name(contract::input(contract::MONEY));
    "The deal's amount.".clone_into(&mut money.description);
    money
}

impl Command for ConvertLead {
    const SPEC: Spec = Spec::new(
        "contact",
        "convertLead",
        "convert",
        "Converts the lead: gives the contact a company and a deal, all or nothing. Repeated, it answers \
              the same records and changes nothing.",
        &[
            record("contact", "contact", "The contact."),
            record("company", "company", "The contact's company, if there is one."),
            record("deal", "deal", "The deal."),
        ],
    );
    type On = Record;

    async fn run(self, work: &mut Work, contact: Record) -> Result<Produced> {
        // A deal that is gone is no deal. One that lives may be somebody else's, which is not shown.
        if let Some(deal) = contact.get(contact::CONVERTED_DEAL)
            && work.lives("deal", deal).await?
        {
            let deal = work.find_by("deal", kernel::system::ID, deal).await?.pop();
            let company = deal.as_ref().and_then(|deal| deal.get(deal::COMPANY));
            return Ok(produced(&contact, company, deal.map(|deal| deal.id())));
        }
        let named = match &self.company_id {
            Some(id) => Some(work.referenced("company", "companyId", id).await?.id()),
            None => None,
        };
        let stage = self.stage(work).await?;
        let amount = self.amount()?;
        let company = self.company(work, &contact, named).await?;
        let deal = Companion::new("deal")
            .with(deal::NAME, self.deal_name)
            .with(deal::AMOUNT, amount)
            .with(deal::STAGE, stage)
            .with(deal::COMPANY, company)
            .with(deal::CONTACT, contact.id())
            .with(deal::OWNER, contact.get(contact::OWNER));
        let deal = work.make(deal).await?.id();
        let contact = work.change(contact, |contact| {
            contact.set(contact::CONVERTED_DEAL, deal);
            contact.set(contact::LEAD_STATUS, ContactLeadStatus::Converted);
            if contact.get(contact::LIFECYCLE).is_none_or(leads_to_opportunity) {
                contact.set(contact::LIFECYCLE, ContactLifecycle::Opportunity);
            }
        });
        Ok(produced(&contact.await?, company, Some(deal)))
    }
}

impl ConvertLead {
    async fn stage(&self, work: &mut Work) -> Result<Uuid> {
        if let Some(id) = &self.stage_id {
            return Ok(work.referenced("stage", "stageId", id).await?.id());
        }
        let default = work.find_by("pipeline", pipeline::IS_DEFAULT, true).await?.pop();
        let nowhere = || Error::new(Code::IllegalState, "there is no default pipeline; name the stage");
        let mut stages = work.find_by("stage", stage::PIPELINE, default.ok_or_else(nowhere)?.id()).await?;
        stages.retain(|stage| stage.get(stage::KIND) == Some(StageKind::Open));
        stages.sort_by_key(|stage| (stage.get(stage::POSITION), stage.id()));
        Ok(stages.first().ok_or_else(nowhere)?.id())
    }

    fn amount(&self) -> Result<Option<Money>> {
        let wrong = || {
            let detail =
                "{\"amount\":\"1234.50\",\"currency\":\"EUR\"} with the currency's decimals is expected";
            kernel::Violation::new(Code::WrongType, "/amount", detail).into()
        };
        self.amount.as_ref().map(|json| Money::from_json(json).ok_or_else(wrong)).transpose()
    }

    /// The company: the one named, a new one, or the one the contact belongs to already.
    async fn company(&self, work: &mut Work, contact: &Record, named: Option<Uuid>) -> Result<Option<Uuid>> {
        let mut ties = work.find_by("affiliation", affiliation::CONTACT, contact.id()).await?;
        ties.sort_by_key(|tie| (tie.get(affiliation::PRIMARY) != Some(true), tie.id()));
        let today = work.now().utc().with_timezone(&work.actor().zone).date_naive();
        let lasts = |tie: &&Record| {
            let begun = tie.get(affiliation::FROM).is_none_or(|first| first <= today);
            begun && tie.get(affiliation::TO).is_none_or(|last| last >= today)
        };
        let company_of = |tie: &Record| tie.get(affiliation::COMPANY);
        let known: Vec<Uuid> = ties.iter().filter(lasts).filter_map(company_of).collect();
        let company = match (named, &self.company_name) {
            (Some(named), _) => named,
            (None, Some(name)) => {
                let new = Companion::new("company").with(company::NAME, name.clone());
                work.make(new.with(company::OWNER, contact.get(contact::OWNER))).await?.id()
            }
            (None, None) => {
                // The primary one first; one that is deleted or somebody else's does not count.
                for id in known {
                    if !work.find_by("company", kernel::system::ID, id).await?.is_empty() {
                        return Ok(Some(id));
                    }
                }
                return Ok(None);
            }
        };
        if !known.contains(&company) {
            // Where there was a tie before, this one begins now; else nobody knows when it began.
            let again = ties.iter().any(|tie| company_of(tie) == Some(company));
            let tie = Companion::new("affiliation").with(affiliation::CONTACT, contact.id());
            let tie = tie.with(affiliation::COMPANY, company).with(affiliation::FROM, again.then_some(today));
            work.make(tie.with(affiliation::PRIMARY, known.is_empty())).await?;
        }
        Ok(Some(company))
    }
}

/// Whether a conversion takes somebody further; who has bought stays what they are.
fn leads_to_opportunity(lifecycle: ContactLifecycle) -> bool {
    use ContactLifecycle::{Former, Lead, Mql, Other, Sql, Subscriber};
    matches!(lifecycle, Subscriber | Lead | Mql | Sql | Former | Other)
}

fn produced(contact: &Record, company: Option<Uuid>, deal: Option<Uuid>) -> Produced {
    let product = |id: Option<Uuid>| id.map_or(Product::Nothing, Product::Record);
    vec![contact.into(), product(company), product(deal)]
}
