//! Views: a record and what is most worth knowing around it.

use actix_web::{HttpResponse, http::StatusCode};
use app::view::View;
use kernel::{
    Code, Result,
    answer::{Member, Shape, Source},
    object::Action,
    plan::Plan,
};

use super::{Ask, reply::json, select::Selection};

pub async fn show(mut ask: Ask<'_>, view: &View) -> Result<HttpResponse> {
    ask.no_body()?;
    ask.parameters.finish()?;
    let (actor, everything) = (&ask.caller.actor, Selection::default());
    let mut plan = Plan::by_id(actor.permit(ask.object, Action::Read)?, ask.id()?);
    let record = everything.shape(&mut plan)?;
    let mut shape = Shape { members: vec![Member::new(view.object, Source::Itself(record))] };
    for panel in view.panels {
        let (link, mut child) = ask.kith.panel(actor, &plan, panel)?;
        let record = everything.listed(&mut child)?;
        let child = plan.follow(link, child);
        shape.members.push(Member::new(panel.name, Source::Each(child, record)));
    }
    let shown = ask.shown_by(&mut plan, &shape).await?.ok_or(Code::NotFound)?;
    Ok(json(StatusCode::OK).body(shown.json))
}
