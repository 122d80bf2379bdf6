//! Commands of sales.

pub mod close_deal;
pub mod convert_lead;
pub mod move_deal;
