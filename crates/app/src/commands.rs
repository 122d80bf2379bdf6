//! Every command, by area. A new one stands in its area's folder and here.

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
