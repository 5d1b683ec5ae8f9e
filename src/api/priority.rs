//! How much depends on each operation, in one table: what is refused first under strain, and what last; it refuses nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::resilience::load_shed::Rank;

use Rank::{Begins, GoesOn, Low, Normal};

/// Routes that answer whatever happens: whoever asks decides by them what to do with the process.
const NEVER_SHED: &[&str] = &["/livez", "/readyz", "/metrics"];

/// Every operation of the API, and the pages. A route that stands in none of the tables is normal.
///
/// Critical is what earns money or lets somebody in who is about to: signing in, orders, payments. Its reads are
/// among it, since a client that lost an answer looks up what became of it. Of it, what goes on with something goes
/// before what begins something: a payment that is refused throws away its order, and whoever is not let in has lost
/// nothing yet. Low is what can wait for an hour: reports, lists for staff, advice on what else to buy.
const RANKS: &[(&str, &str, Rank)] = &[
    ("GET", "/.well-known/jwks.json", GoesOn),
    ("GET", "/.well-known/oauth-authorization-server", Normal),
    ("GET", "/oauth/authorize", Begins),
    ("POST", "/oauth/authorize", GoesOn),
    ("POST", "/oauth/sign-in", Begins),
    ("POST", "/oauth/sign-out", GoesOn),
    ("GET", "/oauth/style.css", Begins),
    ("POST", "/oauth/token", GoesOn),
    ("POST", "/oauth/revoke", GoesOn),
    ("POST", "/oauth/introspect", GoesOn),
    ("POST", "/v1/auth/token", Begins),
    ("POST", "/v1/auth/refresh", GoesOn),
    ("POST", "/v1/auth/revoke", GoesOn),
    ("POST", "/v1/auth/revoke-all", GoesOn),
    ("POST", "/v1/orders", Begins),
    ("GET", "/v1/orders/{id}", GoesOn),
    ("POST", "/v1/orders/{id}/cancel", GoesOn),
    ("POST", "/v1/orders/{id}/fulfil", GoesOn),
    ("POST", "/v1/payments", GoesOn),
    ("GET", "/v1/payments/{id}", GoesOn),
    ("POST", "/v1/payments/{id}/capture", GoesOn),
    ("POST", "/v1/payments/{id}/cancel", GoesOn),
    ("POST", "/v1/payments/{id}/refunds", GoesOn),
    ("GET", "/v1/payments/{id}/refunds/{refundId}", GoesOn),
    ("POST", "/v1/gateway/callbacks", GoesOn),
    ("GET", "/v1/idempotency-keys/{key}", GoesOn),
    ("GET", "/v1/rate-limits", Normal),
    ("POST", "/v1/users", Normal),
    ("POST", "/v1/auth/verify-email", Normal),
    ("POST", "/v1/auth/verify-email/resend", Normal),
    ("POST", "/v1/auth/password-reset", Normal),
    ("POST", "/v1/auth/password-reset/confirm", Normal),
    ("GET", "/v1/users/me", Normal),
    ("PATCH", "/v1/users/me", Normal),
    ("DELETE", "/v1/users/me", Normal),
    ("GET", "/v1/users/{id}", Normal),
    ("PATCH", "/v1/users/{id}", Normal),
    ("GET", "/v1/products", Normal),
    ("POST", "/v1/products", Normal),
    ("GET", "/v1/products/{id}", Normal),
    ("PATCH", "/v1/products/{id}", Normal),
    ("DELETE", "/v1/products/{id}", Normal),
    ("GET", "/v1/products/{id}/inventory", Normal),
    ("POST", "/v1/products/{id}/inventory", Normal),
    ("GET", "/v1/categories", Normal),
    ("GET", "/v1/orders", Normal),
    ("GET", "/v1/payments", Normal),
    ("GET", "/v1/payments/{id}/refunds", Normal),
    ("GET", "/v1/reports/{jobId}/status", Normal),
    ("GET", "/v1/events", Normal),
    ("GET", "/v1/events/{id}", Normal),
    ("GET", "/v1/api-keys", Normal),
    ("POST", "/v1/api-keys", Normal),
    ("GET", "/v1/api-keys/{id}", Normal),
    ("PATCH", "/v1/api-keys/{id}", Normal),
    ("DELETE", "/v1/api-keys/{id}", Normal),
    ("POST", "/v1/api-keys/{id}/rotate", Normal),
    ("GET", "/v1/oauth-clients", Normal),
    ("POST", "/v1/oauth-clients", Normal),
    ("GET", "/v1/oauth-clients/{id}", Normal),
    ("PATCH", "/v1/oauth-clients/{id}", Normal),
    ("DELETE", "/v1/oauth-clients/{id}", Normal),
    ("POST", "/v1/oauth-clients/{id}/rotate-secret", Normal),
    ("GET", "/v1/consents", Normal),
    ("DELETE", "/v1/consents/{clientId}", Normal),
    ("GET", "/v1/webhook-endpoints", Normal),
    ("POST", "/v1/webhook-endpoints", Normal),
    ("GET", "/v1/webhook-endpoints/{id}", Normal),
    ("PATCH", "/v1/webhook-endpoints/{id}", Normal),
    ("DELETE", "/v1/webhook-endpoints/{id}", Normal),
    ("POST", "/v1/webhook-endpoints/{id}/rotate", Normal),
    ("POST", "/v2/users", Normal),
    ("GET", "/v2/users/me", Normal),
    ("PATCH", "/v2/users/me", Normal),
    ("GET", "/v2/users/{id}", Normal),
    ("GET", "/v1/users", Low),
    ("GET", "/v1/deprecated-calls", Low),
    ("GET", "/v1/audit-log", Low),
    ("GET", "/v1/products/{id}/recommendations", Low),
    ("POST", "/v1/products/import", Low),
    ("GET", "/v1/products/imports/{jobId}/status", Low),
    ("GET", "/v1/reports", Low),
    ("POST", "/v1/reports/generate", Low),
    ("DELETE", "/v1/reports/{jobId}", Low),
    ("GET", "/v1/reports/{jobId}/download", Low),
    ("GET", "/v1/webhook-endpoints/{id}/deliveries", Low),
    ("POST", "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/redeliver", Low),
    ("POST", "/v1/webhook-endpoints/{id}/test", Low),
    ("GET", "/", Low),
    ("GET", "/docs", Low),
    ("GET", "/docs/{guide}", Low),
    ("GET", "/docs/errors", Low),
    ("GET", "/docs/errors/{code}", Low),
    ("GET", "/docs/deprecations", Low),
    ("GET", "/docs/style.css", Low),
    ("GET", "/openapi/v1.json", Low),
    ("GET", "/openapi/v2.json", Low),
    ("GET", "/swagger-ui", Low),
    ("GET", "/swagger-ui/", Low),
    ("GET", "/swagger-ui/{*rest}", Low),
];

/// How many operations the table tells apart.
pub const KINDS: usize = RANKS.len();

/// How a request stands when not all can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Answered whatever happens.
    Always,
    /// `kind`: which line of the table; [`KINDS`] where it stands in none.
    Ranked { rank: Rank, kind: usize },
}

/// Rank and line by method and route.
type Table = HashMap<(&'static str, &'static str), (Rank, usize)>;

/// By a request's method and the route it matched, if it matched any.
pub fn of(method: &'static str, route: Option<&str>) -> Priority {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let lines = RANKS.iter().enumerate();
        lines.map(|(kind, (method, route, rank))| ((*method, *route), (*rank, kind))).collect()
    });
    const OTHER: Priority = Priority::Ranked { rank: Normal, kind: KINDS };
    let Some(route) = route else { return OTHER };
    if NEVER_SHED.contains(&route) {
        return Priority::Always;
    }
    // Whoever asks for a head alone asks for the same work.
    let method = if method == "HEAD" { "GET" } else { method };
    let line = TABLE.get(&(method, route));
    line.map_or(OTHER, |(rank, kind)| Priority::Ranked { rank: *rank, kind: *kind })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Priority, RANKS, Rank, of};

    fn rank_of(method: &'static str, route: &str) -> Option<Rank> {
        match of(method, Some(route)) {
            Priority::Always => None,
            Priority::Ranked { rank, .. } => Some(rank),
        }
    }

    #[test]
    fn payments_go_before_orders_then_reads_then_reports_and_probes_are_never_shed() {
        assert_eq!(rank_of("POST", "/v1/orders"), Some(Rank::Begins));
        assert_eq!(rank_of("POST", "/v1/payments"), Some(Rank::GoesOn));
        assert_eq!(rank_of("HEAD", "/v1/products"), Some(Rank::Normal));
        assert_eq!(rank_of("GET", "/v1/reports"), Some(Rank::Low));
        assert_eq!(rank_of("GET", "/readyz"), None);
        assert_eq!(rank_of("GET", "/a/new/route"), Some(Rank::Normal));
        assert!(matches!(of("GET", None), Priority::Ranked { rank: Rank::Normal, .. }));
    }

    #[test]
    fn the_table_has_each_operation_of_the_document_once_and_none_that_is_gone() {
        let documents = crate::api::documents().map(|one| serde_json::to_value(one).unwrap());
        let operations: BTreeSet<(String, String)> = documents
            .iter()
            .flat_map(|document| document["paths"].as_object().unwrap())
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let listed: Vec<_> = RANKS
            .iter()
            .filter(|(_, route, _)| {
                ["/v1/", "/v2/", "/.well-known/jwks"].iter().any(|root| route.starts_with(root))
            })
            .map(|(method, route, _)| ((*method).to_owned(), (*route).to_owned()))
            .collect();
        assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), operations);
        assert_eq!(listed.len(), operations.len());
    }
}
