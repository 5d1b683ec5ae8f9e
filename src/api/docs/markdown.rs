//! Markdown as HTML: headings with anchors, samples of one step side by side, tables that scroll by themselves. Markup in
//! the text stays text; it knows no guide.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::page::escape;
use crate::api::problem::ProblemCode;

/// A text, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    /// The heading of the first level, which the page shows by itself.
    pub title: String,
    /// The headings of the second level and their anchors.
    pub sections: Vec<(String, String)>,
    pub html: String,
}

/// One block of code.
struct Sample {
    language: String,
    /// What the reader may call it.
    name: Option<String>,
    code: String,
}

/// Tables and the rest of what GitHub shows alike.
pub(super) fn render(text: &str) -> Rendered {
    let mut page = Page::default();
    let mut parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    while let Some(event) = parser.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => page.heading(level, &mut parser),
            Event::Start(Tag::CodeBlock(kind)) => page.sample(&kind, &mut parser),
            other => page.push(other),
        }
    }
    page.finish()
}

#[derive(Default)]
struct Page<'a> {
    rendered: Rendered,
    /// What stands before the samples that are collected.
    events: Vec<Event<'a>>,
    samples: Vec<Sample>,
    groups: usize,
    /// A name of an error within a link stays where the link leads.
    in_link: bool,
}

impl<'a> Page<'a> {
    fn push(&mut self, event: Event<'a>) {
        self.flush_samples();
        match event {
            Event::Html(markup) | Event::InlineHtml(markup) => {
                self.events.push(Event::Text(markup));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                self.in_link = true;
                let dest_url = CowStr::from(target(&dest_url));
                self.events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::End(TagEnd::Link) => {
                self.in_link = false;
                self.events.push(Event::End(TagEnd::Link));
            }
            Event::Code(text) if !self.in_link => match ProblemCode::from_name(&text) {
                Some(code) => self.markup(format!(
                    "<a href=\"{}\"><code>{}</code></a>",
                    escape(&code.type_uri()),
                    escape(&text)
                )),
                None => self.events.push(Event::Code(text)),
            },
            Event::Start(Tag::Table(alignment)) => {
                self.markup("<div class=\"wide\" tabindex=\"0\">".to_owned());
                self.events.push(Event::Start(Tag::Table(alignment)));
            }
            Event::End(TagEnd::Table) => {
                self.events.push(Event::End(TagEnd::Table));
                self.markup("</div>\n".to_owned());
            }
            other => self.events.push(other),
        }
    }

    /// What this file itself writes.
    fn markup(&mut self, html: String) {
        self.events.push(Event::Html(html.into()));
    }

    fn heading(&mut self, level: HeadingLevel, parser: &mut Parser<'a>) {
        self.flush_samples();
        let inner = parser
            .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
            .collect::<Vec<_>>();
        let text: String = inner.iter().filter_map(words).collect();
        if level == HeadingLevel::H1 {
            self.rendered.title = text;
            return;
        }
        let (id, tag) = (anchor(&text), if level == HeadingLevel::H2 { "h2" } else { "h3" });
        let mut shown = String::new();
        pulldown_cmark::html::push_html(&mut shown, inner.into_iter().filter(is_shown));
        self.markup(format!("<{tag} id=\"{id}\"><a href=\"#{id}\">{shown}</a></{tag}>\n"));
        if level == HeadingLevel::H2 {
            self.rendered.sections.push((text, id));
        }
    }

    fn sample(&mut self, kind: &CodeBlockKind<'a>, parser: &mut Parser<'a>) {
        let inner = parser.take_while(|event| !matches!(event, Event::End(TagEnd::CodeBlock)));
        let code = inner.filter_map(|event| words(&event).map(str::to_owned)).collect();
        let info = match kind {
            CodeBlockKind::Fenced(info) => info,
            CodeBlockKind::Indented => "",
        };
        let mut parts = info.split_whitespace();
        let language = parts.next().unwrap_or_default().to_owned();
        // One step in several languages: a language that comes again begins the next step.
        if self.samples.iter().any(|sample| sample.language == language) || !is_program(&language) {
            self.flush_samples();
        }
        let program = is_program(&language);
        self.samples.push(Sample { language, name: parts.next().map(str::to_owned), code });
        if !program {
            self.flush_samples();
        }
    }

    fn flush_samples(&mut self) {
        let samples = std::mem::take(&mut self.samples);
        if samples.len() < 2 {
            samples.iter().for_each(|sample| self.markup(block(sample)));
            return;
        }
        self.groups += 1;
        for (index, sample) in samples.iter().enumerate() {
            let open = if index == 0 { " open" } else { "" };
            self.markup(format!(
                "<details class=\"sample\" name=\"sample-{}\"{open}><summary>{}</summary>\n{}</details>\n",
                self.groups,
                spoken(&sample.language),
                block(sample),
            ));
        }
    }

    fn finish(mut self) -> Rendered {
        self.flush_samples();
        pulldown_cmark::html::push_html(&mut self.rendered.html, self.events.into_iter());
        self.rendered
    }
}

/// A link within a heading would be one within a link.
fn is_shown(event: &Event<'_>) -> bool {
    matches!(event, Event::Text(_) | Event::Code(_))
}

fn words<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        _ => None,
    }
}

/// Between files as GitHub knows them, between pages as we serve them.
fn target(link: &str) -> String {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, at)| (path, Some(at)));
    let page = match path.strip_suffix(".md") {
        Some("README") => "/docs".to_owned(),
        Some(guide) if !guide.contains('/') => format!("/docs/{guide}"),
        _ => path.to_owned(),
    };
    anchor.map_or(page.clone(), |anchor| format!("{page}#{anchor}"))
}

/// As GitHub names it, so that a link works in both places.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

fn is_program(language: &str) -> bool {
    matches!(language, "sh" | "python" | "ts" | "rust")
}

fn spoken(language: &str) -> &str {
    match language {
        "sh" => "curl",
        "python" => "Python",
        "ts" => "TypeScript",
        "rust" => "Rust",
        other => other,
    }
}

/// It can be scrolled by a keyboard, too.
fn block(sample: &Sample) -> String {
    let name = sample.name.as_ref().filter(|name| name.contains('.'));
    let caption = name.map_or(String::new(), |name| {
        format!("<figcaption><code>{}</code></figcaption>", escape(name))
    });
    format!(
        "<figure>{caption}<pre tabindex=\"0\"><code>{}</code></pre></figure>\n",
        escape(&sample.code)
    )
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn headings_have_the_anchors_that_github_gives_them() {
        let page = render("# A `title`\n\n## What's *in* it?\n\nText.\n\n### `no_key` & more\n");
        assert_eq!(page.title, "A title");
        assert_eq!(page.sections, [("What's in it?".to_owned(), "whats-in-it".to_owned())]);
        assert!(
            page.html.contains("<h2 id=\"whats-in-it\"><a href=\"#whats-in-it\">What's in it?")
        );
        assert!(page.html.contains("<h3 id=\"no_key--more\">"), "{}", page.html);
        assert!(!page.html.contains("<h1"));
    }

    #[test]
    fn markup_stays_text() {
        let page =
            render("a <b onclick=\"x()\">b</b>\n\n<script>x()</script>\n\n```sh\n<i>\n```\n");
        assert!(!page.html.contains("<b") && !page.html.contains("<script"), "{}", page.html);
        assert!(page.html.contains("&lt;script&gt;") && page.html.contains("&lt;i&gt;"));
    }

    #[test]
    fn samples_of_one_step_stand_side_by_side_and_a_language_again_is_the_next_step() {
        let steps = "```sh\na\n```\n```python\nb\n```\n```sh\nc\n```\n```json\n{}\n```\n";
        let html = render(steps).html;
        assert_eq!(html.matches("<details").count(), 2, "{html}");
        assert_eq!(html.matches("name=\"sample-1\"").count(), 2);
        assert_eq!(html.matches(" open>").count(), 1);
        assert!(html.contains("<summary>curl</summary>"));
        let named = render("```ts checkout.ts\nx\n```\n").html;
        assert!(named.contains("<figcaption><code>checkout.ts</code></figcaption>"), "{named}");
    }

    #[test]
    fn links_lead_to_pages_and_errors_to_theirs() {
        let html =
            render("[a](webhooks.md#b) [c](README.md) `not_found` [`not_found`](#d) `x`").html;
        for link in ["\"/docs/webhooks#b\"", "\"/docs\"", "\"/docs/errors/not_found\"", "\"#d\""] {
            assert!(html.contains(&format!("href={link}")), "{link} in {html}");
        }
        assert_eq!(html.matches("/docs/errors/").count(), 1);
        assert!(html.contains("<code>x</code>"));
    }
}
