//! What is sold in a deal: prices taken over, totals to the last cent.

use serde_json::{Value as Json, json};

use crate::support::{on_both, text};

on_both! {
    async fn totals_are_exact(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let deal = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        let item = |quantity: &str, price: &str, currency: &str, discount: &str| {
            json!({ "dealId": deal, "name": "Something", "quantity": quantity, "discountPercent": discount,
                "unitPrice": { "amount": price, "currency": currency } })
        };
        for (quantity, price, currency, discount, total) in [
            ("1", "9.99", "EUR", "0", "9.99"),
            ("3", "0.335", "KWD", "0", "1.005"),
            // Half a cent goes away from zero, on either side of it.
            ("0.5", "0.01", "EUR", "0", "0.01"),
            ("0.5", "-0.01", "EUR", "0", "-0.01"),
            ("0.4999", "0.01", "EUR", "0", "0.00"),
            ("1.5", "33.33", "EUR", "0", "50.00"),
            ("3", "19.99", "EUR", "12.5", "52.47"),
            ("7", "100", "JPY", "33.3333", "467"),
            ("2", "10", "EUR", "100", "0.00"),
            ("0", "10", "EUR", "0", "0.00"),
            ("1000000", "92233720368.54", "EUR", "0", "92233720368540000.00"),
        ] {
            let created = owner.create("line-items", item(quantity, price, currency, discount)).await;
            assert_eq!(
                created["total"],
                json!({ "amount": total, "currency": currency }),
                "{quantity} × {price} - {discount} %"
            );
        }
        let before = owner.trace().await;
        for (quantity, price, discount, code, pointer) in [
            ("-1", "1", "0", "out_of_range", "/quantity"),
            ("1", "1", "100.0001", "out_of_range", "/discountPercent"),
            ("1", "1", "-1", "out_of_range", "/discountPercent"),
            ("1.00001", "1", "0", "wrong_type", "/quantity"),
            ("1e3", "1", "0", "wrong_type", "/quantity"),
            ("2", "92233720368547758.07", "0", "out_of_range", "/quantity"),
            ("922337203685477", "92233720368547758.07", "0", "out_of_range", "/quantity"),
        ] {
            let reply = owner.post("/v1/line-items", &item(quantity, price, "EUR", discount)).await;
            reply.violates(422, code, &[(code, pointer)]);
        }
        assert_eq!(owner.trace().await, before);
    }
}

on_both! {
    async fn a_line_takes_over_from_its_product(stage) {
        let owner = &stage.owner;
        let [open, ..] = stage.pipeline().await;
        let deal = text(&owner.create("deals", json!({ "name": "A deal", "stageId": open })).await["id"]);
        let price = json!({ "amount": "9.99", "currency": "EUR" });
        let product = text(
            &owner.create("products", json!({ "name": "Wheel", "sku": "W-1", "unitPrice": price })).await["id"],
        );
        let item = owner
            .create("line-items", json!({ "dealId": deal, "productId": product, "quantity": "2.5" }))
            .await;
        assert_eq!(
            (&item["name"], &item["unitPrice"], &item["total"]["amount"]),
            (&json!("Wheel"), &price, &json!("24.98"))
        );
        assert_eq!((&item["quantity"], &item["discountPercent"]), (&json!("2.5"), &json!("0")));
        let path = format!("/v1/line-items/{}", text(&item["id"]));

        // A new price of the product leaves what was agreed.
        let dearer = json!({ "unitPrice": { "amount": "12", "currency": "EUR" } });
        owner.patch(&format!("/v1/products/{product}"), &dearer).await.ok();
        assert_eq!(owner.patch(&path, &json!({ "quantity": "4" })).await.ok()["total"]["amount"], "39.96");
        let cheaper = json!({ "discountPercent": "50", "unitPrice": { "amount": "10", "currency": "USD" } });
        assert_eq!(
            owner.patch(&path, &cheaper).await.ok()["total"],
            json!({ "amount": "20.00", "currency": "USD" })
        );

        let bare = json!({ "dealId": deal });
        owner.post("/v1/line-items", &bare).await.violates(422, "required", &[("required", "/name")]);
        let free = owner.create("line-items", json!({ "dealId": deal, "name": "Advice" })).await;
        assert_eq!((&free["total"], &free["unitPrice"]), (&Json::Null, &Json::Null));
        owner.patch(&path, &json!({ "total": null })).await.violates(
            422,
            "read_only",
            &[("read_only", "/total")],
        );
        owner.patch(&path, &json!({ "dealId": deal })).await.violates(
            422,
            "immutable",
            &[("immutable", "/dealId")],
        );
        let data = owner
            .graphql(
                "query($id: ID!) { deal(id: $id) { lineItems(first: 9) { nodes {
            name product { sku } } totalCount } } }",
                json!({ "id": deal }),
            )
            .await;
        let nodes =
            json!([{ "name": "Advice", "product": null }, { "name": "Wheel", "product": { "sku": "W-1" } }]);
        assert_eq!(data["deal"]["lineItems"], json!({ "nodes": nodes, "totalCount": 2 }));
    }
}
