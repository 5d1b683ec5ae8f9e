//! `POST /oauth/revoke`: whichever token comes back, all that came of the same grant is over.

use super::{Application, Scene, batch, refused, register, tokens, web};

async fn give_back(client: &Application, token: &str) -> super::Answered {
    client.post("/oauth/revoke", &[("token", token), ("token_type_hint", "whatever")]).await
}

#[tokio::test]
async fn a_token_that_is_given_back_ends_the_other_one_too() {
    let scene = Scene::open().await;
    for by_refresh_token in [true, false] {
        let program = scene.granted().await;
        let token = if by_refresh_token { &program.refresh_token } else { &program.token };
        for _ in 0..2 {
            let answered = give_back(&scene.ledger, token).await;
            assert_eq!((answered.status.as_u16(), answered.text.as_str()), (200, ""));
        }
        program.get("/v1/orders").await.problem(401, "token_invalid");
        refused(&scene.ledger.refresh(&program.refresh_token).await, 400, "invalid_grant");
    }
    let client = register(&scene.shop, &scene.admin, &batch(&scene.ada, &["orders:read"])).await;
    let alone = tokens(&scene.shop, &scene.ada, &client.by_itself().await);
    assert_eq!(give_back(&client, &alone.token).await.status, 200);
    alone.get("/v1/orders").await.problem(401, "token_invalid");
    let told = "SELECT count(*) FROM audit_log WHERE action = 'oauth.revoke_tokens'";
    assert_eq!(scene.shop.count(told).await, 3);
}

#[tokio::test]
async fn what_nobody_knows_is_as_good_as_given_back() {
    let scene = Scene::open().await;
    for token in ["x", "a.b.c", "tillrt_x", &format!("tillrt_{}", "A".repeat(43))] {
        assert_eq!(give_back(&scene.ledger, token).await.status, 200, "{token}");
    }
}

#[tokio::test]
async fn nobody_gives_back_what_is_anothers() {
    let scene = Scene::open().await;
    let other = register(&scene.shop, &scene.admin, &web(&["orders:read"])).await;
    let program = scene.granted().await;
    for token in
        [&program.token, &program.refresh_token, &scene.ada.token, &scene.ada.refresh_token]
    {
        refused(&give_back(&other, token).await, 400, "invalid_grant");
    }
    refused(
        &give_back(&scene.ledger.showing("wrong"), &program.token).await,
        401,
        "invalid_client",
    );
    assert_eq!(program.get("/v1/orders").await.status, 200);
    assert_eq!(scene.ada.get("/v1/orders").await.status, 200);
}
