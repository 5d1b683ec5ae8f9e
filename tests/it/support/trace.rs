//! One trace as a tree: who asked whom, by way of whom; and drawn as text.

use std::fmt::Write as _;

use super::collector::Span;

/// All that was exported of one trace.
#[derive(Debug)]
pub struct Trace(Vec<Span>);

impl Trace {
    pub fn of(spans: &[Span], trace: &str) -> Self {
        let mut spans: Vec<Span> =
            spans.iter().filter(|span| span.trace == trace).cloned().collect();
        spans.sort_by_key(|span| span.start);
        Self(spans)
    }

    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// The first span that these lead to, each below the one before it, however many are between them; a step is
    /// `service: name`, or a name alone.
    pub fn follow(&self, steps: &[&str]) -> Option<&Span> {
        let (last, before) = steps.split_last()?;
        self.0.iter().find(|span| is(span, last) && self.is_below(span, before))
    }

    fn is_below(&self, span: &Span, steps: &[&str]) -> bool {
        let Some((last, before)) = steps.split_last() else { return true };
        let mut below = span;
        while let Some(parent) = self.parent(below) {
            if is(parent, last) {
                return self.is_below(parent, before);
            }
            below = parent;
        }
        false
    }

    fn parent(&self, span: &Span) -> Option<&Span> {
        self.0.iter().find(|one| one.id == span.parent)
    }

    /// Spans whose parent was not exported: where the trace came from outside.
    fn roots(&self) -> impl Iterator<Item = &Span> {
        self.0.iter().filter(|span| self.parent(span).is_none())
    }

    /// As a tree: a line a span, with the process, the time it took and what kind it is of.
    pub fn draw(&self) -> String {
        let mut drawn = String::new();
        for root in self.roots() {
            self.draw_below(root, ("", ""), &mut drawn);
        }
        drawn
    }

    fn draw_below(&self, span: &Span, (first, rest): (&str, &str), drawn: &mut String) {
        let micros = (span.end - span.start) / 1_000;
        let took = format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100);
        let kind = if span.kind == "internal" { "" } else { &span.kind };
        let name = format!("{first}{}", span.name);
        writeln!(drawn, "{:<12} {name:<72} {kind:<8} {took:>9}", span.service).unwrap();
        for link in &span.links {
            writeln!(drawn, "{:<12} {rest}↳ linked with the trace {link}", "").unwrap();
        }
        let children: Vec<&Span> = self.0.iter().filter(|one| one.parent == span.id).collect();
        for (number, child) in children.iter().enumerate() {
            let last = number + 1 == children.len();
            let (corner, line) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.draw_below(child, (&format!("{rest}{corner}"), &format!("{rest}{line}")), drawn);
        }
    }
}

fn is(span: &Span, step: &str) -> bool {
    match step.split_once(": ") {
        Some((service, name)) => span.service == service && span.name == name,
        None => span.name == step,
    }
}
