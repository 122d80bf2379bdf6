//! Sales: pipelines and their stages, deals and their line items, products.

pub mod deal;
mod deal_rules;
pub mod line_item;
pub mod pipeline;
pub mod product;
pub mod stage;
pub mod stage_change;

use kernel::object::Object;

/// The objects of this area.
pub fn objects() -> Vec<Object> {
    vec![
        pipeline::pipeline(),
        stage::stage(),
        deal::deal(),
        stage_change::stage_change(),
        product::product(),
        line_item::line_item(),
    ]
}
