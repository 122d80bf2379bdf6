//! `convertLead`.

use domain::{
    people::{
        affiliation::{self, Affiliation},
        company::{self, Company},
        contact::{self, Contact, ContactLeadStatus, ContactLifecycle},
    },
    sales::{
        deal::{self, Deal},
        pipeline,
        stage::{self, Stage, StageKind},
    },
};
use kernel::{Code, Error, Of, Result, change::NewRecord, money::Money};
use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::{ToSchema, openapi::Ref};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::{
    command::{Command, Produced, Product, Spec, broken, record},
    contract,
    unit_of_work::UnitOfWork,
};

/// The input of `convertLead`.
#[derive(Deserialize, Validate, ToSchema)]
#[validate(schema(function = amount_is_money), schema(function = one_company))]
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
    /// The id of the company the contact is affiliated with. Default: the contact's primary company.
    company_id: Option<String>,
    /// The name of a new company that the contact becomes affiliated with; not together with `companyId`.
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
    type On = Of<Contact>;

    async fn run(self, work: &mut UnitOfWork, contact: Of<Contact>) -> Result<Produced> {
        // A deleted deal does not count. A live one may be another user's, which is not shown.
        if let Some(deal) = contact.get(contact::CONVERTED_DEAL)
            && work.lives::<Deal>(deal).await?
        {
            let deal = work.find_one::<Deal>(deal).await?;
            let company = deal.as_ref().and_then(|deal| deal.get(deal::COMPANY));
            return Ok(produced(contact, company, deal.map(Product::from)));
        }
        let named = match &self.company_id {
            Some(id) => Some(work.referenced::<Company>("companyId", id).await?.id()),
            None => None,
        };
        let stage = self.stage(work).await?;
        let amount = self.amount.as_ref().and_then(Money::from_json);
        let company = self.company(work, &contact, named).await?;
        let deal = NewRecord::<Deal>::new()
            .with(deal::NAME, self.deal_name)
            .with(deal::AMOUNT, amount)
            .with(deal::STAGE, stage)
            .with(deal::COMPANY, company)
            .with(deal::CONTACT, contact.id())
            .with(deal::OWNER, contact.get(contact::OWNER));
        let deal = work.make(deal).await?;
        let contact = work.change(contact, |contact| {
            contact.set(contact::CONVERTED_DEAL, deal.id());
            contact.set(contact::LEAD_STATUS, ContactLeadStatus::Converted);
            if contact.get(contact::LIFECYCLE).is_none_or(leads_to_opportunity) {
                contact.set(contact::LIFECYCLE, ContactLifecycle::Opportunity);
            }
        });
        Ok(produced(contact.await?, company, Some(deal.into())))
    }
}

impl ConvertLead {
    async fn stage(&self, work: &mut UnitOfWork) -> Result<Uuid> {
        if let Some(id) = &self.stage_id {
            return Ok(work.referenced::<Stage>("stageId", id).await?.id());
        }
        let default = work.find_by(pipeline::IS_DEFAULT, true).await?.pop();
        let nowhere = || Error::new(Code::IllegalState, "there is no default pipeline; name the stage");
        let mut stages = work.find_by(stage::PIPELINE, default.ok_or_else(nowhere)?.id()).await?;
        stages.retain(|stage| stage.get(stage::KIND) == Some(StageKind::Open));
        stages.sort_by_key(|stage| (stage.get(stage::POSITION), stage.id()));
        Ok(stages.first().ok_or_else(nowhere)?.id())
    }

    /// The company: the one named, a new one, or the one the contact belongs to already.
    async fn company(
        &self,
        work: &mut UnitOfWork,
        contact: &Of<Contact>,
        named: Option<Uuid>,
    ) -> Result<Option<Uuid>> {
        let mut ties = work.find_by(affiliation::CONTACT, contact.id()).await?;
        ties.sort_by_key(|tie| (tie.get(affiliation::PRIMARY) != Some(true), tie.id()));
        let today = work.now().utc().with_timezone(&work.actor().zone).date_naive();
        let lasts = |tie: &&Of<Affiliation>| {
            let begun = tie.get(affiliation::FROM).is_none_or(|first| first <= today);
            begun && tie.get(affiliation::TO).is_none_or(|last| last >= today)
        };
        let company_of = |tie: &Of<Affiliation>| tie.get(affiliation::COMPANY);
        let known: Vec<Uuid> = ties.iter().filter(lasts).filter_map(company_of).collect();
        let company = match (named, &self.company_name) {
            (Some(named), _) => named,
            (None, Some(name)) => {
                let new = NewRecord::<Company>::new().with(company::NAME, name.clone());
                work.make(new.with(company::OWNER, contact.get(contact::OWNER))).await?.id()
            }
            (None, None) => {
                // The primary one first; one that is deleted or invisible to the actor does not count.
                for id in known {
                    if work.find_one::<Company>(id).await?.is_some() {
                        return Ok(Some(id));
                    }
                }
                return Ok(None);
            }
        };
        if !known.contains(&company) {
            // Where there was a tie before, this one begins now; else nobody knows when it began.
            let again = ties.iter().any(|tie| company_of(tie) == Some(company));
            let tie = NewRecord::<Affiliation>::new().with(affiliation::CONTACT, contact.id());
            let tie = tie.with(affiliation::COMPANY, company).with(affiliation::FROM, again.then_some(today));
            work.make(tie.with(affiliation::PRIMARY, known.is_empty())).await?;
        }
        Ok(Some(company))
    }
}

/// An amount has a currency, and its decimals at most.
fn amount_is_money(input: &ConvertLead) -> Result<(), ValidationError> {
    match &input.amount {
        Some(json) if Money::from_json(json).is_none() => {
            let detail =
                "{\"amount\":\"1234.50\",\"currency\":\"EUR\"} with the currency's decimals is expected";
            Err(broken(Code::WrongType, "amount", detail))
        }
        _ => Ok(()),
    }
}

/// A company is there already, or it is made.
fn one_company(input: &ConvertLead) -> Result<(), ValidationError> {
    match (&input.company_id, &input.company_name) {
        (Some(_), Some(_)) => {
            Err(broken(Code::Invalid, "companyName", "companyId and companyName exclude each other"))
        }
        _ => Ok(()),
    }
}

/// Whether a conversion raises the lifecycle stage; customers keep theirs.
fn leads_to_opportunity(lifecycle: ContactLifecycle) -> bool {
    use ContactLifecycle::{Former, Lead, Mql, Other, Sql, Subscriber};
    matches!(lifecycle, Subscriber | Lead | Mql | Sql | Former | Other)
}

fn produced(contact: Of<Contact>, company: Option<Uuid>, deal: Option<Product>) -> Produced {
    let company = company.map_or(Product::Nothing, Product::Id);
    vec![contact.into(), company, deal.unwrap_or(Product::Nothing)]
}
