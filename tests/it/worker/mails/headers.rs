//! What a customer or a shop writes never becomes a header, whatever got past the checks of names.

use std::collections::BTreeSet;

use till::service::mails::KINDS;

use super::mailed;

/// All that a mail of ours has.
const OURS: [&str; 8] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
];

#[tokio::test]
async fn a_line_break_in_a_name_makes_no_header_and_no_second_reader() {
    for line_break in ["\r\n", "\n", "\r"] {
        let scene = mailed().await;
        let ada = scene.shop.customer("ada").await;
        scene.everything(&ada).await;
        let bad = format!("Ada{line_break}Bcc: eve@example.com{line_break}{line_break}Hello eve");
        for table in ["UPDATE users SET name = $1", "UPDATE order_items SET name = $1"] {
            let rename = sqlx::query(table).bind(&bad);
            rename.execute(&*scene.shop.test.services.pool).await.unwrap();
        }
        scene.work().await;
        let arrived = scene.sink.arrived();
        for kind in KINDS {
            assert_eq!(scene.to_ada(kind.name).len(), 1, "{}", kind.name);
        }
        for mail in arrived {
            assert!(
                ["ada@example.com", "support@example.com"].contains(&mail.to.as_str()),
                "{mail:?}"
            );
            let found: BTreeSet<String> = mail.read().headers.into_iter().collect();
            assert_eq!(found, OURS.map(str::to_owned).into(), "{}", mail.letter);
        }
    }
}
