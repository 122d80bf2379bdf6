//! Sales: deals on their way through pipelines, what is sold in them, and leads that become deals.

mod conversion;
mod deals;
mod line_items;
mod moves;
mod outcomes;
mod stages;
