//! Turns a mail into the bytes that travel (RFC 5322, MIME with text and HTML); sends nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::{BoxError, Mail, MailError};

/// The letter, with every header encoded by the library that knows how.
pub(super) fn letter(mail: &Mail, from: &Mailbox) -> Result<Message, MailError> {
    let permanent = |error: BoxError| MailError::Permanent(error);
    let address: Address = mail.to_address.parse().map_err(|error| permanent(Box::new(error)))?;
    let name = Some(one_line(&mail.to_name)).filter(|name| !name.is_empty());
    let domain = from.email.domain();
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .header(SubjectLine(one_line(&mail.subject)))
        .date(mail.date.into())
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|error| permanent(Box::new(error)))
}

/// Names are checked where they come from; here no line break gets into a header even so (the library panics on one).
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// `Subject`. The library leaves ASCII as it is, also what a reader takes for an encoded word (RFC 2047): whoever has one
/// for a name would choose what is shown. Such a text is encoded, so that it is shown as it was written.
#[derive(Debug, Clone)]
struct SubjectLine(String);

impl Header for SubjectLine {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Subject")
    }

    fn parse(value: &str) -> Result<Self, BoxError> {
        Ok(Self(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        if self.0.contains("=?") {
            let encoded = encoded_words(&self.0);
            HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), encoded)
        } else {
            HeaderValue::new(Self::name(), self.0.clone())
        }
    }
}

/// Encoded words, one a line, of which none has more than 76 characters, the field's name included (RFC 2047 §2).
fn encoded_words(text: &str) -> String {
    const MOST: usize = 39;
    let mut chunks = vec![String::new()];
    for letter in text.chars() {
        match chunks.last_mut().filter(|chunk| chunk.len() + letter.len_utf8() <= MOST) {
            Some(chunk) => chunk.push(letter),
            None => chunks.push(letter.to_string()),
        }
    }
    let words: Vec<_> =
        chunks.iter().map(|chunk| format!("=?utf-8?b?{}?=", STANDARD.encode(chunk))).collect();
    words.join("\r\n ")
}

/// `Auto-Submitted: auto-generated` (RFC 3834): out-of-office replies stay away.
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_value: &str) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        let value = "auto-generated".to_owned();
        HeaderValue::new(Self::name(), value)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::{Mail, letter};

    fn mail(name: &str, subject: &str) -> String {
        let mail = Mail {
            id: "welcome.1".to_owned(),
            to_name: name.to_owned(),
            to_address: "ada@example.com".to_owned(),
            subject: subject.to_owned(),
            text: "text".to_owned(),
            html: "<p>text</p>".to_owned(),
            date: datetime!(2026-03-02 12:00 UTC),
        };
        let from = "Till <no-reply@example.com>".parse().expect("a mailbox");
        let bytes = letter(&mail, &from).expect("a letter").formatted();
        String::from_utf8(bytes).expect("ASCII")
    }

    #[test]
    fn a_line_break_in_a_name_or_a_subject_begins_no_header() {
        for bad in
            ["Ada\r\nBcc: eve@example.com", "Ada\nBcc: eve@example.com", "Ada\rBcc: eve@x.com"]
        {
            let whole = mail(bad, bad);
            let (head, _body) = whole.split_once("\r\n\r\n").expect("a head");
            // Wherever somebody might see the beginning of a line.
            for line in head.split(['\r', '\n']) {
                assert!(!line.to_ascii_lowercase().starts_with("bcc:"), "{head}");
            }
        }
    }

    #[test]
    fn a_name_of_any_script_is_encoded() {
        let whole = mail("Zoë 张伟", "Grüße");
        assert!(whole.is_ascii(), "{whole}");
        assert!(whole.contains("=?utf-8?b?"), "{whole}");
    }

    #[test]
    fn what_looks_like_an_encoded_word_is_shown_as_it_was_written() {
        let name =
            "=?utf-8?B?QQ==?= and more than one line of it, so that it has to be folded, Zoë";
        let whole = mail("Ada", &format!("Welcome, {name}"));
        let words = whole.lines().filter(|line| line.contains("=?utf-8?b?"));
        assert!(words.clone().count() > 1, "{whole}");
        assert!(words.into_iter().all(|line| line.len() <= 76), "{whole}");
        assert!(!whole.contains("=?utf-8?B?QQ==?="), "{whole}");
        let read = mail_parser::MessageParser::default().parse(whole.as_bytes()).expect("a mail");
        assert_eq!(read.subject(), Some(format!("Welcome, {name}").as_str()));
    }

    #[test]
    fn a_letter_has_its_stable_id_and_both_forms() {
        let whole = mail("Ada", "Hello");
        assert!(whole.contains("Message-ID: <welcome.1@example.com>\r\n"), "{whole}");
        assert!(whole.contains("Auto-Submitted: auto-generated\r\n"), "{whole}");
        assert!(whole.contains("text/plain") && whole.contains("text/html"), "{whole}");
    }
}
