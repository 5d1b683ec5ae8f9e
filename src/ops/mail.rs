//! The mails that `till up` filed instead of sending: a list, each one, and its letter; it sends and deletes nothing.
//!
//! A mail's HTML is shown in a frame of its own that may run nothing and load nothing.

use std::io;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::page::{PAGE_POLICY, guarded, page};
use super::problem::Problem;
use crate::domain::html::escape;
use crate::service::mails::{FiledMail, MailFolder};

/// Mails in the list.
const MOST: usize = 200;

/// Styles of a mail are its own; nothing else in it does anything.
const FRAME_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

pub(super) fn routes(folder: MailFolder) -> Router {
    Router::new()
        .route("/mail", get(list_mails))
        .route("/mail/{id}", get(show_mail))
        .route("/mail/{id}/html", get(show_html))
        .route("/mail/{id}/letter", get(show_letter))
        .with_state(folder)
}

async fn list_mails(State(folder): State<MailFolder>, headers: HeaderMap) -> Response {
    let mails = match folder.list(MOST).await {
        Ok(mails) => mails,
        Err(error) => return unreadable(&error, &headers),
    };
    let row = |mail: &FiledMail| {
        format!(
            "<tr><td>{date}</td><td>{to}</td><td><a href=\"/mail/{id}\">{subject}</a></td></tr>\n",
            date = escape(&moment(mail)),
            to = escape(&mail.to),
            id = escape(&mail.id),
            subject = escape(&mail.subject)
        )
    };
    let rows: String = mails.iter().map(row).collect();
    let main = if rows.is_empty() {
        "<p>There is none yet. Register somebody: a welcome mail follows.</p>".to_owned()
    } else {
        format!("<table><tr><th>When</th><th>To</th><th>Subject</th></tr>\n{rows}</table>")
    };
    page("Mails", &main)
}

async fn show_mail(
    State(folder): State<MailFolder>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mail = match folder.find(&id).await {
        Ok(Some(mail)) => mail,
        Ok(None) => return no_such_mail(&headers),
        Err(error) => return unreadable(&error, &headers),
    };
    let main = format!(
        "<p>To {to}, {date}. <a href=\"/mail/{id}/letter\">The letter as it travels</a> · \
         <a href=\"/mail\">All mails</a></p>\n<h2>Text</h2>\n<pre>{text}</pre>\n<h2>HTML</h2>\n\
         <iframe title=\"The mail's HTML\" sandbox src=\"/mail/{id}/html\"></iframe>",
        to = escape(&mail.to),
        date = escape(&moment(&mail)),
        id = escape(&mail.id),
        text = escape(&mail.text)
    );
    page(&mail.subject, &main)
}

async fn show_html(
    State(folder): State<MailFolder>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match folder.find(&id).await {
        Ok(Some(mail)) => guarded(Html(mail.html).into_response(), FRAME_POLICY),
        Ok(None) => no_such_mail(&headers),
        Err(error) => unreadable(&error, &headers),
    }
}

async fn show_letter(
    State(folder): State<MailFolder>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match folder.find_letter(&id).await {
        Ok(Some(letter)) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            guarded((kind, letter).into_response(), PAGE_POLICY)
        }
        Ok(None) => no_such_mail(&headers),
        Err(error) => unreadable(&error, &headers),
    }
}

fn moment(mail: &FiledMail) -> String {
    let date = mail.date;
    format!("{} {:02}:{:02} UTC", date.date(), date.hour(), date.minute())
}

fn no_such_mail(headers: &HeaderMap) -> Response {
    let problem = Problem {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        title: "There is nothing here",
        detail: "There is no such mail.".to_owned(),
        instance: "/mail",
    };
    problem.into_response_for(headers)
}

fn unreadable(error: &io::Error, headers: &HeaderMap) -> Response {
    tracing::error!(%error, "the folder of mails can't be read");
    let problem = Problem {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal_error",
        title: "The mails can't be read",
        detail: "The log says why.".to_owned(),
        instance: "/mail",
    };
    problem.into_response_for(headers)
}
