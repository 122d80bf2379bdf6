//! Products: what the workspace sells.

use kernel::{
    field::{Field, Preset},
    money::Money,
    object::Object,
    text::Comparison,
};

/// Its name.
pub const NAME: Field<String> =
    Field::text("name", 200, "The product's name; no two products share one.").required().unique();
/// Its number.
pub const SKU: Field<String> =
    Field::text("sku", 100, "The product's stock-keeping number; no two products share one.")
        .unique()
        .compared(Comparison::IgnoringCase);
/// Its family.
pub const FAMILY: Field<String> = Field::text("family", 200, "The family or series the product belongs to.");
/// What it is.
pub const DESCRIPTION: Field<String> = Field::text("description", 20_000, "What the product is.").opaque();
/// What it costs.
pub const UNIT_PRICE: Field<Money> =
    Field::money("unitPrice", "What one unit costs; line items take it over unless they say otherwise.");
/// Whether it is sold.
pub const ACTIVE: Field<bool> =
    Field::boolean("active", "Whether the product is sold now.").required().preset(Preset::Boolean(true));

/// The object.
pub fn product() -> Object {
    Object::new("product", "products", "Something the workspace sells.").fields(&[
        NAME.def,
        SKU.def,
        FAMILY.def,
        DESCRIPTION.def,
        UNIT_PRICE.def,
        ACTIVE.def,
    ])
}
