//! Line items: products sold in a deal, with quantity and price.

use kernel::{
    Code,
    change::Change,
    field::Preset,
    money::{Money, multiply},
    object::Object,
    reference::OnDelete,
    value::{Decimal, Ref},
};

use super::{
    deal::Deal,
    product::{self, Product},
};

kernel::object_type!(LineItem, "lineItem");

/// A whole number as a decimal.
const fn whole(number: i64) -> Decimal {
    Decimal(number * 10i64.pow(Decimal::SCALE as u32))
}

pub const DEAL: Field<Ref<Deal>> = Field::reference("dealId", "The deal.")
    .required()
    .immutable()
    .on_delete(OnDelete::Cascade)
    .inverse("lineItems", "The deal's line items.");
pub const PRODUCT: Field<Ref<Product>> =
    Field::reference("productId", "The product; null where something else is sold.")
        .inverse("lineItems", "The line items that sell the product.");
pub const NAME: Field<String> = Field::text("name", 300, "The item's name. Default: the product's.");
pub const QUANTITY: Field<Decimal> =
    Field::decimal("quantity", "The number of units, not negative. Default: 1.")
        .required()
        .preset(Preset::Integer(whole(1).0));
pub const UNIT_PRICE: Field<Money> =
    Field::money("unitPrice", "The price of one unit. Default: the product's.");
pub const DISCOUNT_PERCENT: Field<Decimal> =
    Field::decimal("discountPercent", "The discount in percent, from 0 to 100. Default: 0.")
        .required()
        .preset(Preset::Integer(0));
pub const TOTAL: Field<Money> = Field::money(
    "total",
    "The total: quantity times unit price less the discount, rounded half away from zero; null without a price.",
)
.computed();

pub fn line_item() -> Object {
    Object::new("lineItem", "lineItems", "A line item: something sold in a deal, with quantity and price.")
        .fields(&[
            DEAL.def,
            PRODUCT.def,
            NAME.def,
            QUANTITY.def,
            UNIT_PRICE.def,
            DISCOUNT_PERCENT.def,
            TOTAL.def,
        ])
        .owned_through(DEAL)
        .needs(PRODUCT)
        .rule(take_over)
        .rule(limits)
        .rule(total)
}

fn take_over(change: &mut Change<'_, LineItem>) {
    if let Some(product) = change.referenced(PRODUCT) {
        let (name, price) = (product.get(product::NAME), product.get(product::UNIT_PRICE));
        change.set_default(NAME, name);
        change.set_default(UNIT_PRICE, price);
    }
    change.require(NAME);
}

fn limits(change: &mut Change<'_, LineItem>) {
    if change.get(QUANTITY).is_some_and(|quantity| quantity < whole(0)) {
        change.refuse(QUANTITY, Code::OutOfRange, "quantity must not be negative");
    }
    if change.get(DISCOUNT_PERCENT).is_some_and(|discount| !(whole(0)..=whole(100)).contains(&discount)) {
        change.refuse(DISCOUNT_PERCENT, Code::OutOfRange, "discountPercent must be from 0 to 100");
    }
}

fn total(change: &mut Change<'_, LineItem>) {
    let quantity = change.get(QUANTITY).unwrap_or(whole(1));
    let discount = change.get(DISCOUNT_PERCENT).unwrap_or(whole(0));
    let total = change.get(UNIT_PRICE).map(|price| (price, times(price.minor, quantity, discount)));
    match total {
        Some((price, Some(minor))) => change.set(TOTAL, Money { minor, ..price }),
        Some((_, None)) => change.refuse(QUANTITY, Code::OutOfRange, "quantity times price is too large"),
        None => change.set(TOTAL, None::<Money>),
    }
}

/// What that many units cost; rounded once, at the end.
fn times(minor: i64, quantity: Decimal, discount: Decimal) -> Option<i64> {
    // A percentage is a hundredth, so the rest of it has two decimals more than a decimal has.
    let rest = whole(100).0.checked_sub(discount.0)?;
    multiply(minor, quantity.0.checked_mul(rest)?, Decimal::SCALE + Decimal::SCALE + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Trial, With, record};

    fn money(amount: &str) -> Option<Money> {
        Money::parse(amount, "EUR")
    }

    #[test]
    fn line_items_take_over_from_the_product() {
        let product = record(product::product(), 3)
            .with(product::NAME, "GTX Pro".to_owned())
            .with(product::UNIT_PRICE, money("4821"));
        let item = record(line_item(), 1).with(PRODUCT, product.id()).with(QUANTITY, whole(2));
        let outcome = Trial::create(item.clone()).to(PRODUCT, &product).run();
        outcome.refuses(&[]);
        assert_eq!(outcome.get(NAME).as_deref(), Some("GTX Pro"));
        assert_eq!(outcome.get(TOTAL), money("9642"));

        let cheaper = item.with(UNIT_PRICE, money("10"));
        assert_eq!(Trial::create(cheaper).to(PRODUCT, &product).run().get(TOTAL), money("20"));
    }

    #[test]
    fn totals_are_rounded_once() {
        let total = |price: &str, quantity: i64, discount: i64| {
            let item = record(line_item(), 1)
                .with(NAME, "Work".to_owned())
                .with(UNIT_PRICE, money(price))
                .with(QUANTITY, Decimal(quantity))
                .with(DISCOUNT_PERCENT, Decimal(discount));
            Trial::create(item).run().get(TOTAL)
        };
        assert_eq!(total("100", 15_000, 0), money("150"));
        assert_eq!(total("0.05", 5_000, 0), money("0.03"));
        assert_eq!(total("19.99", 30_000, 333_333), money("39.98"));
        assert_eq!(total("19.99", 30_000, 1_000_000), money("0"));
        assert_eq!(total("", 30_000, 0), None);
    }

    #[test]
    fn amounts_have_limits() {
        let item = record(line_item(), 1).with(NAME, "Work".to_owned()).with(UNIT_PRICE, money("1"));
        let wrong = item.clone().with(QUANTITY, whole(-1)).with(DISCOUNT_PERCENT, Decimal(1_000_001));
        let expected = [(Code::OutOfRange, "/quantity"), (Code::OutOfRange, "/discountPercent")];
        Trial::create(wrong).run().refuses(&expected);
        let huge = item.with(QUANTITY, Decimal(i64::MAX));
        Trial::create(huge).run().refuses(&[(Code::OutOfRange, "/quantity")]);
        Trial::create(record::<LineItem>(line_item(), 1)).run().refuses(&[(Code::Required, "/name")]);
    }
}
