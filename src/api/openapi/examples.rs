//! Examples of parameters, chosen so that every operation succeeds as it stands in the demo data; bodies bring their own.

use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::operations;

/// The first id or key in the path of each operation that has one.
const IDS: [(&str, &str); 39] = [
    ("get_user", "01890a5d-ac96-774b-bcce-b302099a8000"),
    ("update_user", "01890a5d-ac96-774b-bcce-b302099a8003"),
    ("get_api_key", "01890a5d-ac96-774b-bcce-b302099a7001"),
    ("update_api_key", "01890a5d-ac96-774b-bcce-b302099a7001"),
    ("rotate_api_key", "01890a5d-ac96-774b-bcce-b302099a7001"),
    ("delete_api_key", "01890a5d-ac96-774b-bcce-b302099a7002"),
    ("get_oauth_client", "01890a5d-ac96-774b-bcce-b302099a6001"),
    ("update_oauth_client", "01890a5d-ac96-774b-bcce-b302099a6001"),
    ("rotate_oauth_client_secret", "01890a5d-ac96-774b-bcce-b302099a6001"),
    ("delete_oauth_client", "01890a5d-ac96-774b-bcce-b302099a6002"),
    ("delete_consent", "01890a5d-ac96-774b-bcce-b302099a6001"),
    ("get_product", "01890a5d-ac96-774b-bcce-b302099a9001"),
    ("update_product", "01890a5d-ac96-774b-bcce-b302099a9003"),
    ("archive_product", "01890a5d-ac96-774b-bcce-b302099a9004"),
    ("get_inventory", "01890a5d-ac96-774b-bcce-b302099a9001"),
    ("adjust_inventory", "01890a5d-ac96-774b-bcce-b302099a9001"),
    ("list_product_recommendations", "01890a5d-ac96-774b-bcce-b302099a9001"),
    ("get_order", "01890a5d-ac96-774b-bcce-b302099aa002"),
    ("cancel_order", "01890a5d-ac96-774b-bcce-b302099aa003"),
    ("fulfil_order", "01890a5d-ac96-774b-bcce-b302099aa004"),
    ("get_payment", "01890a5d-ac96-774b-bcce-b302099ab002"),
    ("capture_payment", "01890a5d-ac96-774b-bcce-b302099ab003"),
    ("cancel_payment", "01890a5d-ac96-774b-bcce-b302099ab004"),
    ("refund_payment", "01890a5d-ac96-774b-bcce-b302099ab002"),
    ("list_refunds", "01890a5d-ac96-774b-bcce-b302099ab005"),
    ("get_refund", "01890a5d-ac96-774b-bcce-b302099ab005"),
    ("get_report_status", "01890a5d-ac96-774b-bcce-b302099ad001"),
    ("download_report", "01890a5d-ac96-774b-bcce-b302099ad001"),
    ("cancel_report", "01890a5d-ac96-774b-bcce-b302099ad002"),
    ("get_import_status", "01890a5d-ac96-774b-bcce-b302099ad003"),
    ("get_event", "01890a5d-ac96-774b-bcce-b302099af001"),
    ("get_webhook_endpoint", "01890a5d-ac96-774b-bcce-b302099ae001"),
    ("update_webhook_endpoint", "01890a5d-ac96-774b-bcce-b302099ae001"),
    ("delete_webhook_endpoint", "01890a5d-ac96-774b-bcce-b302099ae002"),
    ("rotate_webhook_endpoint", "01890a5d-ac96-774b-bcce-b302099ae001"),
    ("test_webhook_endpoint", "01890a5d-ac96-774b-bcce-b302099ae001"),
    ("list_webhook_deliveries", "01890a5d-ac96-774b-bcce-b302099ae001"),
    ("redeliver_webhook", "01890a5d-ac96-774b-bcce-b302099ae001"),
    ("get_idempotency_key", "place_order-1"),
];
const REFUND: &str = "01890a5d-ac96-774b-bcce-b302099ac001";
const DELIVERY: &str = "01890a5d-ac96-774b-bcce-b302099af101";

/// Fills in the key and the id of every operation that takes them.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let Operation { operation_id: Some(id), parameters: Some(parameters), .. } = operation
        else {
            continue;
        };
        for parameter in parameters {
            if let RefOr::T(parameter) = parameter
                && let Some(example) = example(id, parameter)
            {
                let described = ParameterBuilder::from(parameter.clone());
                *parameter = described.example(Some(Value::from(example))).build();
            }
        }
    }
    document
}

fn example(operation: &str, parameter: &Parameter) -> Option<String> {
    match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Header, "Idempotency-Key") => Some(format!("{operation}-1")),
        (ParameterIn::Path, "refundId") => Some(REFUND.to_owned()),
        (ParameterIn::Path, "deliveryId") => Some(DELIVERY.to_owned()),
        (ParameterIn::Path, _) => {
            let (_, id) = IDS.iter().find(|(name, _)| *name == operation)?;
            Some((*id).to_owned())
        }
        (_, _) => None,
    }
}
