//! A browser without scripts: it keeps a cookie, reads forms and sends them; it follows no redirect by itself.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::request::Builder;
use url::form_urlencoded;

use crate::api::shop::PASSWORD;
use crate::api::support::{Answered, send};

pub const ORIGIN: &str = "https://till.test";

pub struct Browser {
    router: Router,
    /// The value of the cookie, with its name.
    pub cookie: Option<String>,
    /// From where it connects.
    pub address: Option<String>,
}

/// A form as a page has it.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The form of this page that leads there.
    pub fn of(page: &Answered, action: &str) -> Self {
        let opening = format!("<form method=\"post\" action=\"{action}\"");
        let (_, rest) =
            page.text.split_once(&opening).unwrap_or_else(|| unreachable!("{}", page.text));
        let (form, _) = rest.split_once("</form>").unwrap();
        let fields = form.split("<input type=\"hidden\" name=\"").skip(1).map(|input| {
            let (name, rest) = input.split_once("\" value=\"").unwrap();
            let (value, _) = rest.split_once("\">").unwrap();
            (name.to_owned(), text(value))
        });
        Self { action: action.to_owned(), fields: fields.collect() }
    }

    /// With this value in the place of what was there.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub fn body(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

/// What markup stands for.
pub fn text(markup: &str) -> String {
    let marks = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    marks.into_iter().fold(markup.to_owned(), |text, (mark, letter)| text.replace(mark, letter))
}

impl Browser {
    pub fn new(router: &Router) -> Self {
        Self { router: router.clone(), cookie: None, address: None }
    }

    pub async fn go(&mut self, path: &str) -> Answered {
        self.send_request(Request::get(path), String::new()).await
    }

    /// Where an answer of ours leads to.
    pub async fn follow(&mut self, answered: &Answered) -> Answered {
        let path = answered.header("location").to_owned();
        assert!(path.starts_with("/oauth/authorize?"), "{path}");
        self.go(&path).await
    }

    pub async fn send(&mut self, form: &Form) -> Answered {
        self.send_with(form, &[("origin", ORIGIN)]).await
    }

    /// With these headers.
    pub async fn send_with(&mut self, form: &Form, headers: &[(&str, &str)]) -> Answered {
        let mut request = Request::post(&form.action);
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send_request(request, form.body()).await
    }

    pub async fn sign_in(&mut self, page: &Answered, email: &str) -> Answered {
        self.try_to_sign_in(page, email, PASSWORD).await
    }

    pub async fn try_to_sign_in(
        &mut self,
        page: &Answered,
        email: &str,
        password: &str,
    ) -> Answered {
        let form = Form::of(page, "/oauth/sign-in").with("email", email).with("password", password);
        self.send(&form).await
    }

    /// `allow` or `deny`.
    pub async fn decide(&mut self, page: &Answered, decision: &str) -> Answered {
        self.send(&Form::of(page, "/oauth/authorize").with("decision", decision)).await
    }

    async fn send_request(&mut self, mut request: Builder, body: String) -> Answered {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        if let Some(address) = &self.address {
            let peer = SocketAddr::new(address.parse().unwrap(), 4711);
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answered = send(&self.router, request).await;
        for set in answered.headers.get_all("set-cookie") {
            let (pair, attributes) = set.to_str().unwrap().split_once("; ").unwrap();
            assert!(
                attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Lax"),
                "{attributes}"
            );
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        answered
    }
}
