//! Products: what the workspace sells.

use kernel::{field::Preset, money::Money, object::Object, text::Comparison};

kernel::object_type!(Product, "product");

pub const NAME: Field<String> =
    Field::text("name", 200, "The product's name; no two products share one.").required().unique();
pub const SKU: Field<String> =
    Field::text("sku", 100, "The stock-keeping unit (SKU); no two products share one.")
        .unique()
        .compared(Comparison::IgnoringCase);
pub const FAMILY: Field<String> = Field::text("family", 200, "The product family.");
pub const DESCRIPTION: Field<String> =
    Field::text("description", 20_000, "The product's description.").opaque();
pub const UNIT_PRICE: Field<Money> =
    Field::money("unitPrice", "The list price of one unit; the default of line items.");
pub const ACTIVE: Field<bool> = Field::boolean("active", "Whether the product is on sale. Default: `true`.")
    .required()
    .preset(Preset::Boolean(true));

pub fn product() -> Object {
    Object::new("product", "products", "A product or service that the workspace sells.").fields(&[
        NAME.def,
        SKU.def,
        FAMILY.def,
        DESCRIPTION.def,
        UNIT_PRICE.def,
        ACTIVE.def,
    ])
}
