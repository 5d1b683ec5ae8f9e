//! The one table of everything that can go wrong for a client: responses, the OpenAPI document and the pages under
//! `/docs/errors` are all made from it. It decides nothing: which failure is which code stands in `api/error.rs`.

use axum::http::StatusCode;

use super::entry::{Entry, Retry};

macro_rules! catalogue {
    ($($variant:ident $code:literal $status:ident $retry:ident {
        $title:literal
        meaning $meaning:literal
        cause $cause:literal
        remedy $remedy:literal
        detail $detail:literal
    })+) => {
        /// Every code a problem may carry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemCode {
            $($variant),+
        }

        impl ProblemCode {
            /// All codes, ordered by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$variant => &Entry {
                        code: $code,
                        status: StatusCode::$status,
                        retry: Retry::$retry,
                        title: $title,
                        meaning: $meaning,
                        cause: $cause,
                        remedy: $remedy,
                        detail: $detail,
                    }),+
                }
            }
        }
    };
}

catalogue! {
    MalformedRequest "malformed_request" BAD_REQUEST AfterChange {
        "The request cannot be understood"
        meaning "The request breaks the rules of HTTP itself, so nothing of it was looked at."
        cause "A damaged path, a body that ended early, or a proxy that changed the request."
        remedy "Build the request with an HTTP library and look at what is really sent."
        detail "The request body ended early."
    }
    MalformedJson "malformed_json" BAD_REQUEST AfterChange {
        "The body is not JSON"
        meaning "The body could not be read as JSON (RFC 8259), so no member of it was looked at."
        cause "A missing quote or comma, a member named twice, NaN, a byte order mark, text that is not UTF-8, or nesting deeper than 64 levels."
        remedy "Let a JSON library write the body. The detail names line and column, or the member that stands there twice."
        detail "The body is not JSON: expected value at line 1 column 14."
    }
    InvalidHeader "invalid_header" BAD_REQUEST AfterChange {
        "A header field is not valid"
        meaning "A header field has a value that breaks its own grammar."
        cause "An entity tag without quotes, a header sent twice that may be sent once, or characters that are not allowed."
        remedy "Correct the field that the detail names."
        detail "If-Match must be \"*\" or a list of quoted entity tags."
    }
    InvalidCursor "invalid_cursor" BAD_REQUEST AfterChange {
        "The cursor is not valid"
        meaning "The cursor was not made by this list with these filters."
        cause "It was changed or cut, comes from another list, or the filters changed between two pages."
        remedy "Take nextCursor as it is, keep the filters, or begin again without a cursor."
        detail "The cursor belongs to a list with other filters."
    }
    IdempotencyKeyMissing "idempotency_key_missing" BAD_REQUEST AfterChange {
        "The Idempotency-Key header is missing"
        meaning "This operation must be safe to repeat, so it asks for a key. Nothing was done."
        cause "The request has no Idempotency-Key header."
        remedy "Make a random key (a UUID is fine) per operation, keep it, and send it with every try of that operation."
        detail "Send an Idempotency-Key of 1 to 255 visible ASCII characters."
    }
    IdempotencyKeyInvalid "idempotency_key_invalid" BAD_REQUEST AfterChange {
        "The Idempotency-Key header is not valid"
        meaning "The key cannot be used, so nothing was done."
        cause "It is empty, longer than 255 characters, has spaces or characters beyond visible ASCII, or was sent twice."
        remedy "Send one key of 1 to 255 visible ASCII characters, bare or in double quotes."
        detail "Idempotency-Key must be 1 to 255 visible ASCII characters."
    }
    Unauthenticated "unauthenticated" UNAUTHORIZED AfterSignIn {
        "Authentication is required"
        meaning "The operation needs to know who calls, and the request does not say."
        cause "There is no Authorization header, or it is not of the form \"Bearer …\"; or there is more than one credential, such as an X-Api-Key beside it."
        remedy "Get a token from POST /v1/auth/token and send it as Authorization: Bearer …, or send one API key, there or as X-Api-Key."
        detail "Send an access token in the Authorization header."
    }
    TokenExpired "token_expired" UNAUTHORIZED AfterSignIn {
        "The access token has expired"
        meaning "The token was good once, but its time is over."
        cause "Access tokens live for ten minutes at most; tokens that are mailed, for an hour or some days."
        remedy "Exchange the refresh token at POST /v1/auth/refresh and repeat the request. Ask for another mail."
        detail "The access token expired 12 seconds ago."
    }
    TokenInvalid "token_invalid" UNAUTHORIZED AfterSignIn {
        "The token is not valid"
        meaning "The token was not issued by this service for this service, was changed, or has been revoked."
        cause "A cut or edited token, one of another environment, or a sign-out, password change or changed role since. An API key: it was removed, its expiresAt has passed, or it was rotated a day ago."
        remedy "Sign in again, or take the new key. Don't try the same one once more."
        detail "The access token is not valid."
    }
    SignatureInvalid "signature_invalid" UNAUTHORIZED AfterChange {
        "The signature is not valid"
        meaning "The message is not signed by whom it claims to come from, or not now. Nothing of it was read."
        cause "Another signing secret, a body that was changed on the way, or a timestamp more than five minutes from now."
        remedy "Sign id, timestamp and body as they are sent, with the shared secret, and send at once."
        detail "The call-back isn't signed by the payment gateway."
    }
    InvalidCredentials "invalid_credentials" UNAUTHORIZED AfterChange {
        "The credentials are not valid"
        meaning "E-mail and password do not belong together. Which of the two is wrong is not said."
        cause "A typing error, an account that does not exist, or one that was disabled."
        remedy "Ask for the credentials again, or offer a password reset."
        detail "The e-mail address or the password is wrong."
    }
    CardDeclined "card_declined" PAYMENT_REQUIRED AfterChange {
        "The card was declined"
        meaning "The payment provider refused the charge. No money moved; the payment is kept as failed in the member payment."
        cause "The card's bank refused without saying more."
        remedy "Ask the customer for another payment method and send a new payment with a new key."
        detail "The payment method was declined."
    }
    InsufficientFunds "insufficient_funds" PAYMENT_REQUIRED AfterChange {
        "The payment method has insufficient funds"
        meaning "The payment provider refused the charge because the account does not hold the amount. No money moved."
        cause "The balance or limit of the payment method is too low."
        remedy "Ask the customer for another payment method and send a new payment with a new key."
        detail "The payment method has insufficient funds."
    }
    ExpiredCard "expired_card" PAYMENT_REQUIRED AfterChange {
        "The card has expired"
        meaning "The payment provider refused the charge because the card is no longer valid. No money moved."
        cause "The card's date of expiry has passed."
        remedy "Ask the customer for another payment method and send a new payment with a new key."
        detail "The card has expired."
    }
    Forbidden "forbidden" FORBIDDEN AfterChange {
        "The caller may not do this"
        meaning "The service knows who calls, and this caller is not allowed to do it."
        cause "The operation is for staff, or acts for another customer."
        remedy "Call it as somebody who may, or leave out customerId."
        detail "Only staff may act for another customer."
    }
    SessionRequired "session_required" FORBIDDEN AfterChange {
        "This is for people who signed in"
        meaning "The service knows whose key this is, but what a program holds is not enough here, whatever its scopes."
        cause "The operation manages API keys, or erases an account, and was called with an API key."
        remedy "Sign in at POST /v1/auth/token and call it with the access token."
        detail "This operation is for people who signed in, not for API keys."
    }
    InsufficientScope "insufficient_scope" FORBIDDEN AfterChange {
        "The access token lacks a scope"
        meaning "The token or key is good, but was not granted what this operation needs. WWW-Authenticate names the scope."
        cause "The user's role does not hold the scope, or the token or key was asked for with fewer."
        remedy "Get a token or a key that has the named scope."
        detail "This operation needs the scope orders:write."
    }
    NotFound "not_found" NOT_FOUND AfterChange {
        "There is nothing here for this caller"
        meaning "No such resource exists, or it belongs to somebody else: the answer is the same, so that existence is not leaked."
        cause "A wrong id or path, or another customer's resource."
        remedy "Check the path against /swagger-ui and the id against a list of the caller's own."
        detail "There is nothing at this address."
    }
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED AfterChange {
        "The method is not allowed here"
        meaning "The address exists, but not with this method. The header Allow lists those it has."
        cause "A wrong verb, such as PUT where PATCH is meant. X-HTTP-Method-Override is not honoured."
        remedy "Use one of the methods in Allow."
        detail "This address does not answer DELETE."
    }
    NotAcceptable "not_acceptable" NOT_ACCEPTABLE AfterChange {
        "No acceptable representation"
        meaning "The Accept header excludes everything this address could answer with."
        cause "Accept lists only formats that are not offered, or gives application/json q=0."
        remedy "Send Accept: application/json, or leave the header out."
        detail "This address answers with application/json."
    }
    IdempotencyKeyInUse "idempotency_key_in_use" CONFLICT AfterWaiting {
        "A request with this key is still running"
        meaning "Another request with the same Idempotency-Key has not finished. This one did nothing."
        cause "A retry came before the first answer, or two workers share a key."
        remedy "Wait for Retry-After, then repeat with the same key: it gets the first request's outcome."
        detail "The first request with this key is still running."
    }
    OrderNotPayable "order_not_payable" CONFLICT AfterChange {
        "The order cannot be paid"
        meaning "The order's state does not allow another payment. Nothing was charged."
        cause "It is already paid, cancelled, expired or refunded."
        remedy "Read the order. Where nothing is outstanding there is nothing to pay."
        detail "The order is cancelled."
    }
    OrderNotCancellable "order_not_cancellable" CONFLICT AfterChange {
        "The order cannot be cancelled"
        meaning "The order's state does not allow cancelling. Nothing changed."
        cause "It has a live or captured payment, or is already fulfilled, expired or refunded."
        remedy "Cancel or refund its payments first, then read the order again."
        detail "The order has a captured payment."
    }
    OrderNotFulfillable "order_not_fulfillable" CONFLICT AfterChange {
        "The order cannot be fulfilled"
        meaning "Only a paid order can be fulfilled. Nothing changed."
        cause "It is not paid yet, or it is already fulfilled, cancelled, expired or refunded."
        remedy "Read the order and wait until its status is paid."
        detail "The order is pending."
    }
    PaymentNotCapturable "payment_not_capturable" CONFLICT AfterChange {
        "The payment cannot be captured"
        meaning "Only an authorised payment can be captured, and only once. No money moved."
        cause "It was captured automatically, captured before, cancelled, or failed."
        remedy "Read the payment: only the status requires_capture can be captured."
        detail "The payment is already captured."
    }
    PaymentNotCancellable "payment_not_cancellable" CONFLICT AfterChange {
        "The payment cannot be cancelled"
        meaning "Only an authorised payment that was not captured can be cancelled. No money moved."
        cause "It was captured, cancelled before, or failed."
        remedy "Refund a captured payment instead."
        detail "The payment is already captured."
    }
    PaymentNotRefundable "payment_not_refundable" CONFLICT AfterChange {
        "The payment cannot be refunded"
        meaning "There is no captured money that could go back. No money moved."
        cause "The payment failed, was cancelled, is only authorised, or is refunded in full."
        remedy "Read the payment; cancel it where it is only authorised."
        detail "The payment has no captured amount."
    }
    RefundExceedsPayment "refund_exceeds_payment" CONFLICT AfterChange {
        "The refund exceeds the payment"
        meaning "All refunds of a payment together may not be more than what was captured. No money moved."
        cause "Another refund came first, or the amount is wrong."
        remedy "Read the payment: amountCaptured − amountRefunded is what may still go back."
        detail "At most 1250 MYR may still be refunded."
    }
    InsufficientStock "insufficient_stock" CONFLICT AfterChange {
        "There is not enough stock"
        meaning "At least one item is not there in the wanted quantity. Nothing was reserved; the member items lists what is short."
        cause "Others bought first."
        remedy "Offer what is available, and place a new order with a new key."
        detail "1 item is not available in the wanted quantity."
    }
    EmailTaken "email_taken" CONFLICT AfterChange {
        "The e-mail address is taken"
        meaning "There is already an account with this address. No account was made."
        cause "The customer signed up before; letter case and Unicode forms make no difference."
        remedy "Offer to sign in, or a password reset."
        detail "There is already an account with this e-mail address."
    }
    SkuTaken "sku_taken" CONFLICT AfterChange {
        "The SKU is taken"
        meaning "Another product has this SKU. No product was made."
        cause "The product exists already; archived products keep their SKU."
        remedy "Change the existing product, or choose another SKU."
        detail "There is already a product with the SKU TEA-0042."
    }
    TooManyWebhookEndpoints "too_many_webhook_endpoints" CONFLICT AfterChange {
        "There are too many webhook endpoints"
        meaning "The caller has as many webhook endpoints as one may have. No endpoint was made."
        cause "Endpoints that are no longer needed were never removed."
        remedy "Remove one, or let an endpoint that exists hear of more events."
        detail "There are 16 endpoints already."
    }
    TooManyApiKeys "too_many_api_keys" CONFLICT AfterChange {
        "There are too many API keys"
        meaning "The caller has as many API keys as one may have. No key was made."
        cause "Keys that are no longer needed, or are over, were never removed."
        remedy "Remove one, or rotate a key that exists."
        detail "There are 32 keys already."
    }
    ClientKeepsNoSecret "client_keeps_no_secret" CONFLICT AfterChange {
        "The client keeps no secret"
        meaning "The client is public, so there is no secret to rotate. Nothing was changed."
        cause "It was registered as public, since it runs where its secret would be everybody's."
        remedy "Register another client as confidential, if it can keep a secret."
        detail "The client is public and keeps no secret."
    }
    WebhookEndpointDisabled "webhook_endpoint_disabled" CONFLICT AfterChange {
        "The webhook endpoint is disabled"
        meaning "Nothing is sent to this endpoint, so nothing was begun."
        cause "Its owner disabled it, it answered 410, or it took nothing for three days."
        remedy "Mend the receiver, enable the endpoint with PATCH, then repeat."
        detail "The endpoint is disabled."
    }
    ReportNotReady "report_not_ready" CONFLICT AfterWaiting {
        "The report is not ready"
        meaning "The report is still being made, so there is no file yet."
        cause "The download was asked for before the status was complete."
        remedy "Poll the report's status, no faster than its Retry-After says."
        detail "The report is at 42 %."
    }
    ReportExpired "report_expired" GONE AfterChange {
        "The report's file is gone"
        meaning "The report was made, but its file was kept for its time only and is gone."
        cause "More than seven days have passed since the report was complete."
        remedy "Generate the report again."
        detail "The report's file has expired."
    }
    VersionRetired "version_retired" GONE AfterChange {
        "This version has been retired"
        meaning "This version of the operation is past its sunset and no longer answers."
        cause "The client still calls a version whose end was announced in its Sunset header."
        remedy "Move to the version that Link rel=\"successor-version\" names."
        detail "Version 1 of this operation was retired."
    }
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED AfterChange {
        "The precondition does not hold"
        meaning "The resource is not as If-Match says, so it was not changed."
        cause "Somebody else changed it since it was read."
        remedy "Read it again, apply the change to what it is now, and send the new ETag."
        detail "The product has changed since it was read."
    }
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE AfterChange {
        "The body is too large"
        meaning "The body is larger than this address takes. Nothing of it was used."
        cause "More than 256 KiB in one request, unless the operation says otherwise."
        remedy "Send less in one request."
        detail "The body may have at most 262144 bytes."
    }
    UriTooLong "uri_too_long" URI_TOO_LONG AfterChange {
        "The address is too long"
        meaning "Path and query together have more than 8192 bytes."
        cause "Filters grew without bound, or data that belongs into a body stands in the query."
        remedy "Shorten the query, or send several requests."
        detail "Path and query may have at most 8192 bytes."
    }
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE AfterChange {
        "The body's format is not supported"
        meaning "The body is not labelled as something this operation reads. Nothing of it was used."
        cause "The Content-Type is missing or not what the operation reads (application/json, unless it says otherwise), or the body is compressed (Content-Encoding)."
        remedy "Send Content-Type: application/json and an uncompressed body."
        detail "Send the body as application/json."
    }
    RangeNotSatisfiable "range_not_satisfiable" RANGE_NOT_SATISFIABLE AfterChange {
        "There is nothing in this range"
        meaning "Nothing of what Range asks for is part of the file. Content-Range says how long it is."
        cause "A range that begins behind the end of the file, or the last 0 bytes of it."
        remedy "Ask for a range within the file, or leave the header out."
        detail "The file has 1048576 bytes."
    }
    ValidationFailed "validation_failed" UNPROCESSABLE_ENTITY AfterChange {
        "The request is not valid"
        meaning "The request could be read, but values in it are wrong. Nothing changed; errors lists every one with a JSON pointer (RFC 6901)."
        cause "A missing member, a wrong type, or a value outside its range."
        remedy "Correct the members that the pointers name."
        detail "2 fields need attention."
    }
    UnknownField "unknown_field" UNPROCESSABLE_ENTITY AfterChange {
        "The request has an unknown member"
        meaning "A member or query parameter is not known here. Nothing changed: a typing error in a payment must not pass silently."
        cause "A misspelt name, or a member of another operation or version."
        remedy "Remove or rename what the pointers name."
        detail "1 field is not known here."
    }
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY AfterChange {
        "The key was used for another request"
        meaning "This Idempotency-Key already stands for a request with another method, path or body. Nothing was done."
        cause "A client reuses keys, or changed the body between two tries."
        remedy "Use a new key for a new operation, and repeat an operation with exactly the same body."
        detail "The key was first used for another request."
    }
    CurrencyMismatch "currency_mismatch" UNPROCESSABLE_ENTITY AfterChange {
        "The currencies do not match"
        meaning "One order or payment has one currency. Nothing changed."
        cause "Products of different currencies in one order, or a payment in another currency than its order."
        remedy "Split the order by currency, or pay in the order's currency."
        detail "The order is in MYR, the payment in JPY."
    }
    AmountExceedsOutstanding "amount_exceeds_outstanding" UNPROCESSABLE_ENTITY AfterChange {
        "The amount exceeds what is outstanding"
        meaning "More would be paid or captured than is open. Nothing was charged."
        cause "Another payment came first, or the amount is wrong."
        remedy "Read the resource and use at most what is outstanding."
        detail "At most 4200 MYR is outstanding."
    }
    RateLimited "rate_limited" TOO_MANY_REQUESTS AfterWaiting {
        "Too many requests"
        meaning "The caller has used up a rate limit. Nothing was done."
        cause "More requests than the policy in RateLimit-Policy allows."
        remedy "Wait for Retry-After: it is true. Spread requests instead of bursting."
        detail "The policy \"user\" is used up."
    }
    HeadersTooLarge "headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE AfterChange {
        "The header fields are too large"
        meaning "The header fields together are larger than this service takes."
        cause "Oversized cookies or tokens, often added by something in between."
        remedy "Send fewer and smaller header fields."
        detail "The header fields may have at most 16384 bytes."
    }
    InternalError "internal_error" INTERNAL_SERVER_ERROR AfterWaiting {
        "Something went wrong in the service"
        meaning "A fault of the service, not of the request. It has been logged."
        cause "A defect, or a state nobody foresaw."
        remedy "Repeat with the same Idempotency-Key, which is safe. If it stays, report the requestId: it finds the log line."
        detail "The request could not be completed."
    }
    Overloaded "overloaded" SERVICE_UNAVAILABLE AfterWaiting {
        "The service is overloaded"
        meaning "The service refused early to stay fast for those it serves. Nothing was done."
        cause "More work arrives than can be done; less important requests are refused first."
        remedy "Wait for Retry-After, and back off further with each refusal."
        detail "The service is busy."
    }
    PaymentGatewayUnavailable "payment_gateway_unavailable" SERVICE_UNAVAILABLE AfterWaiting {
        "The payment provider is unavailable"
        meaning "The payment provider does not answer at present, so it was not asked. Nothing was charged."
        cause "The provider is down, or was so slow that calls to it are suspended."
        remedy "Wait for Retry-After and repeat with the same Idempotency-Key."
        detail "The payment provider is not available at present."
    }
    DependencyUnavailable "dependency_unavailable" SERVICE_UNAVAILABLE AfterWaiting {
        "A part of the service is unavailable"
        meaning "Something this operation needs does not answer. Nothing was done, or the same key finds out what was."
        cause "The database or another part is restarting or unreachable."
        remedy "Wait for Retry-After and repeat with the same Idempotency-Key."
        detail "The service cannot reach its database."
    }
    RequestTimeout "request_timeout" SERVICE_UNAVAILABLE AfterWaiting {
        "The request took too long"
        meaning "The service gave up on the request at its deadline. What it had begun is either finished whole or not at all."
        cause "The service or a part of it is slow."
        remedy "Repeat with the same Idempotency-Key, which is safe and tells the outcome."
        detail "The request did not finish within 10 seconds."
    }
    ShuttingDown "shutting_down" SERVICE_UNAVAILABLE AfterWaiting {
        "This instance is shutting down"
        meaning "This instance finishes what runs and takes nothing new. Nothing was done."
        cause "A new release, or fewer instances."
        remedy "Repeat the request: another instance answers."
        detail "This instance is shutting down."
    }
}
