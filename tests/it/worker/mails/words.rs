//! What each mail says, to the letter: as text for every reader, and as HTML in which no value becomes markup.

use serde_json::json;

use super::tokens::token_in;
use super::{Everything, mailed, pay, text};
use crate::api::shop::all_of;

#[tokio::test]
async fn a_new_customer_is_welcomed() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    scene.work().await;
    let letter = scene.mail("welcome_mail");
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), ("ada", "Welcome to Till, ada"));
    let token = token_in(&letter, "tillev_");
    let words = "Hello ada,\n\n\
        your account at Till is ready. You sign in at\n\n  \
        https://till.test\n\n\
        with the address ada@example.com and the password that you chose.\n\n\
        To show that this address is yours, send this token to https://till.test/v1/auth/verify-email \
        within seven days:\n\n  TOKEN\n\n\
        How to place your first order stands in the guide: https://till.test/docs\n\n\
        You did not register? Then somebody mistyped an address, and you need do nothing.\n\n\
        Till";
    assert_eq!(letter.text.trim_end(), words.replace("TOKEN", &token));
    let link = "<a href=\"https://till.test\">https://till.test</a>";
    assert!(letter.html.contains(link), "{}", letter.html);
    assert!(letter.html.contains(&format!("<code>{token}</code>")), "{}", letter.html);
}

#[tokio::test]
async fn whoever_forgot_their_password_is_told_how_to_choose_another() {
    let scene = mailed().await;
    scene.shop.customer("ada").await;
    scene.forget_password("ada").await;
    scene.work().await;
    let letter = scene.mail("password_reset");
    assert_eq!(letter.subject, "Choose another password");
    let token = token_in(&letter, "tillpr_");
    let words = "Hello ada,\n\n\
        somebody asked for another password for the account ada@example.com. If it was you, send this token \
        with the password that\nyou choose to https://till.test/v1/auth/password-reset/confirm within the \
        hour:\n\n  TOKEN\n\n\
        It is good once. You are then signed out everywhere, and sign in with the new password.\n\n\
        It was not you? Then you need do nothing: your password stays as it is, and nobody but you has this \
        token. Keep it to\nyourself.\n\n\
        Till";
    assert_eq!(letter.text.trim_end(), words.replace("TOKEN", &token));
    assert!(letter.html.contains(&format!("<code>{token}</code>")), "{}", letter.html);
}

#[tokio::test]
async fn whoever_asks_again_is_told_how_to_verify_their_address() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.ask_for_verification(&ada).await;
    scene.work().await;
    let letter = scene.mail("email_verification");
    assert_eq!(letter.subject, "Verify your e-mail address");
    let words = "Hello ada,\n\n\
        to show that ada@example.com is yours, send this token to \
        https://till.test/v1/auth/verify-email within seven days:\n\n  TOKEN\n\n\
        You did not ask for it? Then you need do nothing.\n\n\
        Till";
    assert_eq!(letter.text.trim_end(), words.replace("TOKEN", &token_in(&letter, "tillev_")));
}

#[tokio::test]
async fn a_paid_order_is_confirmed_with_its_items_and_their_total() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let (tea, mug) = (scene.shop.product("TEA", 99).await, scene.shop.product("MUG", 5).await);
    let items = json!([
        { "productId": tea.id.to_string(), "quantity": 60 },
        { "productId": mug.id.to_string(), "quantity": 1 },
    ]);
    let order = ada.post("/v1/orders", "order", &json!({ "items": items })).await.json();
    scene.work().await;
    assert!(scene.to_ada("order_confirmation").is_empty(), "it isn't paid yet");
    pay(&ada, &all_of(&order, "pm_ok")).await;
    scene.work().await;
    let letter = scene.mail("order_confirmation");
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("ada", "Your order is confirmed: 1,213.90 MYR")
    );
    let words = format!(
        "Hello ada,\n\n\
         Thank you. Your order is paid and confirmed.\n\n\
         60 x Product TEA (TEA)\n    19.90 MYR each: 1,194.00 MYR\n\
         1 x Product MUG (MUG)\n    19.90 MYR each: 19.90 MYR\n\n\
         Total:   1,213.90 MYR\n\
         Order:   {}\n\
         Placed:  2 March 2026, 12:00 UTC\n\n\
         Till",
        text(&order, "id")
    );
    assert_eq!(letter.text.trim_end(), words);
    let row = "<tr><td>Product TEA</td><td>TEA</td><td>60</td><td>19.90 MYR</td><td>1,194.00 MYR</td></tr>";
    assert!(letter.html.contains(row), "{}", letter.html);
    assert!(letter.html.contains("<title>Your order is confirmed</title>"), "{}", letter.html);
}

#[tokio::test]
async fn a_payment_of_an_order_is_receipted() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let order = ada.order(&scene.shop.product("MUG", 5).await, 2).await;
    let payment = pay(&ada, &all_of(&order, "pm_ok")).await;
    scene.work().await;
    let letter = scene.mail("payment_receipt");
    assert_eq!(letter.subject, "Receipt for your payment of 39.80 MYR");
    let words = format!(
        "Hello ada,\n\n\
         We have received your payment of 39.80 MYR. This mail is your receipt.\n\n\
         Amount:   39.80 MYR\n\
         Method:   pm_ok\n\
         Date:     2 March 2026, 12:00 UTC\n\
         Payment:  {}\n\
         Order:    {}\n\n\
         Till",
        text(&payment, "id"),
        text(&order, "id")
    );
    assert_eq!(letter.text.trim_end(), words);
    let of_order = format!("<br>\nOrder: {}</p>", text(&order, "id"));
    assert!(letter.html.contains(&of_order), "{}", letter.html);
}

#[tokio::test]
async fn a_receipt_tells_of_what_was_taken_when_it_was_and_of_no_order_where_there_is_none() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let wish = json!({
        "amount": 9_900, "currency": "JPY", "paymentMethod": "pm_ok", "captureMethod": "manual",
    });
    let payment = pay(&ada, &wish).await;
    scene.work().await;
    assert!(scene.to_ada("payment_receipt").is_empty(), "nothing was taken yet");
    scene.shop.test.clock.advance(time::Duration::hours(23));
    let path = format!("/v1/payments/{}/capture", text(&payment, "id"));
    let (support, part) = (scene.shop.staff("support").await, json!({ "amount": 8_800 }));
    assert_eq!(support.post(&path, "capture", &part).await.status, 200);
    scene.shop.test.clock.advance(time::Duration::hours(1));
    scene.work().await;
    let letter = scene.mail("payment_receipt");
    let words = format!(
        "Hello ada,\n\n\
         We have received your payment of 8,800 JPY. This mail is your receipt.\n\n\
         Amount:   8,800 JPY\n\
         Method:   pm_ok\n\
         Date:     3 March 2026, 11:00 UTC\n\
         Payment:  {}\n\n\
         Till",
        text(&payment, "id")
    );
    assert_eq!(letter.text.trim_end(), words);
    assert!(!letter.html.contains("Order"), "{}", letter.html);
}

#[tokio::test]
async fn a_refund_is_told_with_what_it_is_of_and_why() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let Everything { order, payment, refund, .. } = scene.everything(&ada).await;
    scene.work().await;
    let letter = scene.mail("refund_notice");
    assert_eq!(letter.subject, "Your refund of 10.00 MYR");
    let words = format!(
        "Hello ada,\n\n\
         We have paid 10.00 MYR back to you. It may take some days until your bank shows it.\n\n\
         Amount:   10.00 MYR\n\
         To:       pm_ok\n\
         Date:     2 March 2026, 12:00 UTC\n\
         Refund:   {}\n\
         Payment:  {}\n\
         Order:    {}\n\
         Reason:   One arrived broken.\n\n\
         Till",
        text(&refund, "id"),
        text(&payment, "id"),
        text(&order, "id")
    );
    assert_eq!(letter.text.trim_end(), words);
    assert!(letter.html.contains("<br>\nReason: One arrived broken.</p>"), "{}", letter.html);
}

#[tokio::test]
async fn a_refund_without_a_reason_of_a_payment_without_an_order_names_neither() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let wish = json!({ "amount": 9_900, "currency": "KWD", "paymentMethod": "pm_ok" });
    let payment = pay(&ada, &wish).await;
    scene.refund(&payment, &json!({})).await;
    scene.work().await;
    let letter = scene.mail("refund_notice");
    assert_eq!(letter.subject, "Your refund of 9.900 KWD");
    for form in [&letter.text, &letter.html] {
        assert!(!form.contains("Order") && !form.contains("Reason"), "{form}");
    }
}

#[tokio::test]
async fn a_finished_report_is_told_with_a_link_that_leads_to_it() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let report = scene.everything(&ada).await.report;
    scene.work().await;
    let letter = scene.mail("report_ready");
    assert_eq!(letter.subject, "Your orders report is ready");
    let words = format!(
        "Hello ada,\n\n\
         Your orders report is ready: 1 row as csv. Download it with your access token from\n\n  \
         https://till.test/v1/reports/{report}/download\n\n\
         It is kept until 9 March 2026, 12:00 UTC.\n\n\
         Till"
    );
    assert_eq!(letter.text.trim_end(), words);
    let (_, link) = letter.html.split_once("<a href=\"https://till.test").unwrap();
    let (path, _) = link.split_once('"').unwrap();
    let file = ada.get(path).await;
    assert_eq!((file.status.as_u16(), file.text.lines().count()), (200, 2), "{}", file.text);
}

#[tokio::test]
async fn markup_in_a_value_stays_text() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.everything(&ada).await;
    scene.execute("UPDATE users SET name = '<b>Ada</b> & \"Co\"'").await;
    scene.execute("UPDATE order_items SET name = '<b>Mug</b>', sku = '<i>'").await;
    scene.execute("UPDATE refunds SET reason = '<b>broken</b>'").await;
    scene.work().await;
    for mail in scene.sink.arrived() {
        let letter = mail.read();
        assert!(letter.text.starts_with("Hello <b>Ada</b> & \"Co\",\n"), "{}", letter.text);
        for markup in ["<b>", "<i>", "\"Co\""] {
            assert!(!letter.html.contains(markup), "{}", letter.html);
        }
        let name = "<p>Hello &#60;b&#62;Ada&#60;/b&#62; &#38; &#34;Co&#34;,</p>";
        assert!(letter.html.contains(name), "{}", letter.html);
    }
    let confirmed = scene.mail("order_confirmation");
    assert!(confirmed.text.contains("2 x <b>Mug</b> (<i>)"), "{}", confirmed.text);
    assert!(confirmed.html.contains("<td>&#60;b&#62;Mug&#60;/b&#62;</td>"), "{}", confirmed.html);
    let back = scene.mail("refund_notice");
    assert!(back.html.contains("Reason: &#60;b&#62;broken&#60;/b&#62;"), "{}", back.html);
}

#[tokio::test]
async fn names_of_any_script_arrive_as_they_are() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.everything(&ada).await;
    scene.execute("UPDATE users SET name = 'Zoë 张伟 🫖'").await;
    scene.execute("UPDATE order_items SET name = 'Чай «Дарджилинг» ☕'").await;
    scene.work().await;
    for mail in scene.sink.arrived() {
        let letter = mail.read();
        assert_eq!(letter.to, "Zoë 张伟 🫖");
        assert!(letter.text.starts_with("Hello Zoë 张伟 🫖,\n"), "{}", letter.text);
        assert!(letter.html.contains("<p>Hello Zoë 张伟 🫖,</p>"), "{}", letter.html);
    }
    assert!(scene.mail("welcome_mail").subject.ends_with("Zoë 张伟 🫖"));
    let confirmed = scene.mail("order_confirmation");
    assert!(confirmed.text.contains("2 x Чай «Дарджилинг» ☕ (MUG)"), "{}", confirmed.text);
    assert!(confirmed.html.contains("<td>Чай «Дарджилинг» ☕</td>"), "{}", confirmed.html);
}

#[tokio::test]
async fn an_owner_is_told_which_endpoint_is_disabled_why_and_how_to_go_on() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    let Everything { endpoint, .. } = scene.everything(&ada).await;
    scene.work().await;
    let letter = scene.mail("webhook_endpoint_disabled");
    assert_eq!(letter.subject, "A webhook endpoint of yours is disabled");
    let words = format!(
        "Hello ada,\n\n\
         Your webhook endpoint https://hooks.test/?a=%3Cb%3E is sent no more events. It answered 410 (Gone): it wants \
         no more events.\n\n\
         Endpoint:  {endpoint}\n\
         Disabled:  2 March 2026, 12:00 UTC\n\n\
         What happened meanwhile can be read from /v1/events. Once the receiver is mended, enable the endpoint by \
         sending {{\"status\": \"enabled\"}} with PATCH to\n\n  \
         https://till.test/v1/webhook-endpoints/{endpoint}\n\n\
         and have what was given up delivered again.\n\n\
         Till"
    );
    assert_eq!(letter.text.trim_end(), words);
    assert!(
        letter.html.contains("<strong>https://hooks.test/?a=%3Cb%3E</strong>"),
        "{}",
        letter.html
    );
}
