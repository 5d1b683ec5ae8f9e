//! Fills a template's gaps, `{{name}}`, in one pass, so that nothing filled in is read as a gap; it knows no template.

use crate::domain::html::escape;

/// What stands in a gap, by the gap's name.
pub(super) type Values<'a> = [(&'static str, &'a str)];

/// The template as plain text.
pub(super) fn fill(template: &str, values: &Values<'_>) -> String {
    fill_with(template, values, str::to_owned)
}

/// The template as HTML: values are text and stay text.
pub(super) fn fill_html(template: &str, values: &Values<'_>) -> String {
    fill_with(template, values, escape)
}

fn fill_with(template: &str, values: &Values<'_>, form: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        filled.push_str(&form(value.unwrap_or_default()));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::{fill, fill_html};

    #[test]
    fn what_is_filled_in_is_no_template() {
        let values = [("name", "{{url}}"), ("url", "https://till.test")];
        assert_eq!(fill("Hello {{name}}: {{url}}!", &values), "Hello {{url}}: https://till.test!");
    }

    #[test]
    fn in_html_a_value_stays_text() {
        let values = [("name", "<b>Ada</b>")];
        assert_eq!(fill_html("<p>{{name}}</p>", &values), "<p>&lt;b&gt;Ada&lt;/b&gt;</p>");
    }
}
