//! Every command, by area. A new one stands in its area's folder and here.

use kernel::{
    Registry,
    access::{self, Policy},
    role::Role,
};

use crate::{activities, command::Registered, import, platform, sales, service};

pub(crate) fn all() -> Vec<Registered> {
    vec![
        Registered::of::<platform::api_key::IssueApiKey>(),
        Registered::of::<platform::api_key::RevokeApiKey>(),
        Registered::of::<platform::job::CancelJob>(),
        Registered::of::<import::start::StartImport>(),
        Registered::of::<sales::move_deal::MoveDeal>(),
        Registered::of::<sales::close_deal::WinDeal>(),
        Registered::of::<sales::close_deal::LoseDeal>(),
        Registered::of::<sales::close_deal::ReopenDeal>(),
        Registered::of::<sales::convert_lead::ConvertLead>(),
        Registered::of::<service::ticket::SolveTicket>(),
        Registered::of::<service::ticket::ReopenTicket>(),
        Registered::of::<activities::task::CompleteTask>(),
    ]
}

/// The access of roles to objects and commands.
pub(crate) fn policy(registry: &Registry, roles: &[&'static Role], commands: &[Registered]) -> Policy {
    let named = commands.iter().map(|Registered { spec, .. }| access::Command {
        name: spec.name,
        object: spec.object,
        action: spec.action,
    });
    let named: Vec<_> = named.chain([platform::file::UPLOAD]).collect();
    Policy::new(registry, roles, &named)
}
