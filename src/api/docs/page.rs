//! The frame of every page and the escaping of what stands in it; it knows no page's content.

use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};

/// How long a browser may keep a page; texts change with releases alone.
pub(super) const KEPT: &str = "public, max-age=300";

/// A whole page: `title` is text, `main` is markup whose texts are escaped already.
pub(super) fn page(title: &str, main: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · Till</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n\
         </head>\n\
         <body>\n\
         <header><nav aria-label=\"Main\"><a class=\"brand\" href=\"/\">Till</a>\
         <a href=\"/docs\">Guide</a><a href=\"/docs/errors\">Errors</a>\
         <a href=\"/swagger-ui/\">Try it</a></nav></header>\n\
         <main>\n<h1>{title}</h1>\n{main}\n</main>\n\
         </body>\n</html>\n"
    );
    ([(CACHE_CONTROL, KEPT)], Html(html)).into_response()
}

/// Text as it may stand in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<a href=\"x\" title='y'>&amp;</a>"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;"
        );
    }
}
