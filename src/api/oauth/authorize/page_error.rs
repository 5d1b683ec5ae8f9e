//! Whatever keeps the pages from going on, as its own page or on its way back to the application.

use axum::http::StatusCode;
use axum::http::header::{InvalidHeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::page::refused;
use super::redirect::{self, After};
use crate::api::problem::{Problem, ProblemCode};
use crate::service::StoreError;
use crate::service::oauth::authorize::{AuthorizeError, Back, FormFault, NotOurs, Refusal};

/// No page, no code.
#[derive(Debug)]
pub(super) enum PageError {
    /// The query or the body is not what a browser sends.
    Undecodable,
    /// A body that no form of ours sends.
    NoForm,
    NotOurs(NotOurs),
    /// The application is told.
    SentBack {
        after: After,
        back: Box<Back>,
        refusal: Refusal,
        issuer: String,
    },
    /// A form that we did not show to this browser.
    Forged,
    /// A form that stood open for too long: the request is asked anew.
    Old {
        request: String,
    },
    /// Something of ours failed.
    Failed(Problem),
    Unrendered(askama::Error),
    Unsendable(InvalidHeaderValue),
}

impl PageError {
    /// `issuer`: who the application is told this by.
    pub(super) fn of(error: AuthorizeError, after: After, issuer: &str) -> Self {
        match error {
            AuthorizeError::NotOurs(why) => Self::NotOurs(why),
            AuthorizeError::SentBack(back, refusal) => {
                let (back, issuer) = (Box::new(back), issuer.to_owned());
                Self::SentBack { after, back, refusal, issuer }
            }
            AuthorizeError::Store(error) => error.into(),
        }
    }

    pub(super) fn of_form(fault: FormFault, request: &str) -> Self {
        match fault {
            FormFault::Forged => Self::Forged,
            FormFault::Old => Self::Old { request: request.to_owned() },
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What the application's makers must mend, people can only tell them.
const TELL_THEM: &str =
    "You were not sent back, since nobody knows where to. Tell the makers of the application.";

const START_AGAIN: &str = "Go back to the application and begin anew.";

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Undecodable => undecodable(),
            Self::NoForm => no_form(),
            Self::NotOurs(why) => not_ours(why),
            Self::SentBack { after, back, refusal, issuer } => {
                redirect::with_refusal(after, &back, refusal, &issuer)
                    .unwrap_or_else(Self::into_response)
            }
            Self::Forged => forged(),
            Self::Old { request } => {
                redirect::to_authorization(&request).unwrap_or_else(Self::into_response)
            }
            Self::Failed(problem) => failed(problem),
            Self::Unrendered(error) => failed(broken(error)),
            Self::Unsendable(error) => failed(broken(error)),
        }
    }
}

/// The page of what was refused before it came here.
pub(in crate::api::oauth) fn edge_page(problem: &Problem) -> Response {
    let status = problem.code().status();
    let remedy = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "Try again in a moment.",
        _ => START_AGAIN,
    };
    let title = if status == StatusCode::TOO_MANY_REQUESTS {
        "That was tried too often"
    } else {
        "This does not work now"
    };
    refused(status, title, (&problem.words(), remedy))
}

fn undecodable() -> Response {
    let what = "What was sent is not valid percent-encoded UTF-8.";
    refused(StatusCode::BAD_REQUEST, "This request can't be read", (what, START_AGAIN))
}

fn no_form() -> Response {
    let what = "Nothing was sent that a form of this page sends.";
    refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "This is no form", (what, START_AGAIN))
}

fn not_ours(why: NotOurs) -> Response {
    let (title, what) = match why {
        NotOurs::UnknownClient => (
            "Unknown application",
            "The application that sent you here is not known, or is not any more.",
        ),
        NotOurs::RedirectUri => (
            "Unknown address",
            "The application wants you to be sent to an address that it was not registered with.",
        ),
    };
    refused(StatusCode::BAD_REQUEST, title, (what, TELL_THEM))
}

fn forged() -> Response {
    let what = "It was not shown to this browser, or somebody has signed in or out since. That is also so where cookies \
                are switched off.";
    refused(StatusCode::FORBIDDEN, "This form is not good any more", (what, START_AGAIN))
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Problem {
    Problem::new(ProblemCode::InternalError).caused_by(error)
}

/// The problem goes with the page: the edge logs its cause.
fn failed(problem: Problem) -> Response {
    let status = problem.code().status();
    let head = problem.clone().into_response();
    let words = if status == StatusCode::INTERNAL_SERVER_ERROR {
        ("Something of ours failed. Nothing was changed.", "Try again later.")
    } else {
        ("Something that this page needs does not answer now.", "Try again in a moment.")
    };
    let mut response = refused(status, "This does not work now", words);
    if let Some(wait) = head.headers().get(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    response.extensions_mut().insert(problem);
    response
}
