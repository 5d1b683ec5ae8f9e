//! How many requests each kind of caller may make; the algorithms are explained in `resilience::rate_limit::law`.

use super::reader::{Noted, Reader};
use super::{Exposure, Setting};
use crate::domain::rate::Rate;

/// What the settings accept.
const EXPECTS: &str = "algorithm:limit/window, such as token_bucket:600/60s (1 to 1000000 in 1s to 1d; sliding_window to 10000; buckets also :burst=N), or off";

/// A setting of one limit.
const fn limit(
    (name, flag): (&'static str, &'static str),
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        name,
        exposure: Exposure::Plain { flag },
        expects: EXPECTS,
        default: Some(default),
        example: "token_bucket:600/60s:burst=100",
        help,
    }
}

pub const ANONYMOUS: Setting = limit(
    ("TILL_RATE_LIMIT_ANONYMOUS", "rate-limit-anonymous"),
    "token_bucket:300/60s",
    "Requests of one address (IPv6: one /64) that bring no valid token. Algorithms: token_bucket, leaky_bucket, fixed_window, sliding_window, sliding_window_counter.",
);

pub const USER: Setting = limit(
    ("TILL_RATE_LIMIT_USER", "rate-limit-user"),
    "token_bucket:600/60s",
    "Requests of one customer or one member of the support, from wherever they call.",
);

pub const ADMIN: Setting = limit(
    ("TILL_RATE_LIMIT_ADMIN", "rate-limit-admin"),
    "token_bucket:1200/60s",
    "Requests of one administrator.",
);

pub const API_KEY_STANDARD: Setting = limit(
    ("TILL_RATE_LIMIT_API_KEY_STANDARD", "rate-limit-api-key-standard"),
    "token_bucket:600/60s",
    "Requests of one API key of the tier standard.",
);

pub const API_KEY_PREMIUM: Setting = limit(
    ("TILL_RATE_LIMIT_API_KEY_PREMIUM", "rate-limit-api-key-premium"),
    "token_bucket:3000/60s",
    "Requests of one API key of the tier premium, which administrators give.",
);

pub const API_KEY_DAILY: Setting = limit(
    ("TILL_RATE_LIMIT_API_KEY_DAILY", "rate-limit-api-key-daily"),
    "fixed_window:500000/1d",
    "Requests of one API key of either tier in a day, beside the limit of its tier.",
);

pub const LOGIN: Setting = limit(
    ("TILL_RATE_LIMIT_LOGIN", "rate-limit-login"),
    "sliding_window:10/60s",
    "Sign-ins, renewed tokens, registrations and password resets of one address; sign-ins to one account, and resets of it, from wherever they come; and wrong secrets of one application from one address.",
);

pub const REPORTS: Setting = limit(
    ("TILL_RATE_LIMIT_REPORTS", "rate-limit-reports"),
    "leaky_bucket:10/60s",
    "Reports that one caller asks for.",
);

/// The limit of each kind of caller; `None` where it is `off`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Of one address without a valid token (`TILL_RATE_LIMIT_ANONYMOUS`).
    pub anonymous: Option<Rate>,
    /// Of one user (`TILL_RATE_LIMIT_USER`).
    pub user: Option<Rate>,
    /// Of one administrator (`TILL_RATE_LIMIT_ADMIN`).
    pub admin: Option<Rate>,
    /// Of one API key of the tier standard (`TILL_RATE_LIMIT_API_KEY_STANDARD`).
    pub api_key_standard: Option<Rate>,
    /// Of one API key of the tier premium (`TILL_RATE_LIMIT_API_KEY_PREMIUM`).
    pub api_key_premium: Option<Rate>,
    /// Of one API key in a day, beside that of its tier (`TILL_RATE_LIMIT_API_KEY_DAILY`).
    pub api_key_daily: Option<Rate>,
    /// Of sign-ins, by address and by account, and of wrong secrets of an application (`TILL_RATE_LIMIT_LOGIN`).
    pub login: Option<Rate>,
    /// Of report generation, by caller (`TILL_RATE_LIMIT_REPORTS`).
    pub reports: Option<Rate>,
}

/// A setting's value.
enum Given {
    Off,
    At(Rate),
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<RateLimits, Noted> {
    let mut limit = |setting| match reader.defaulted(setting, parse) {
        Ok(Given::At(rate)) => Ok(Some(rate)),
        Ok(Given::Off) => Ok(None),
        Err(noted) => Err(noted),
    };
    let anonymous = limit(&ANONYMOUS);
    let user = limit(&USER);
    let admin = limit(&ADMIN);
    let (standard, premium) = (limit(&API_KEY_STANDARD), limit(&API_KEY_PREMIUM));
    let daily = limit(&API_KEY_DAILY);
    let login = limit(&LOGIN);
    let reports = limit(&REPORTS);
    Ok(RateLimits {
        anonymous: anonymous?,
        user: user?,
        admin: admin?,
        api_key_standard: standard?,
        api_key_premium: premium?,
        api_key_daily: daily?,
        login: login?,
        reports: reports?,
    })
}

fn parse(text: &str) -> Option<Given> {
    if text == "off" { Some(Given::Off) } else { text.parse().ok().map(Given::At) }
}
