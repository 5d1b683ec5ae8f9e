//! The trace that a request is part of, as W3C Trace Context writes it (`traceparent`); what is none begins a new one.

/// Version 00, and so much of later versions as it knows: `00-` trace id `-` parent id `-` flags.
const LENGTH: usize = 55;

/// The header's value as version 00 has it; `None` where it breaks the rules (§3.2.2, §4.3), which is never an error.
pub fn parse_trace_parent(text: &str) -> Option<String> {
    let known = text.get(..LENGTH)?;
    let rest = text.get(LENGTH..)?;
    let mut parts = known.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shaped = [(version, 2), (trace, 32), (parent, 16), (flags, 2)]
        .into_iter()
        .all(|(part, length)| part.len() == length && part.bytes().all(is_hex));
    let later = version != "00" && (rest.is_empty() || rest.starts_with('-'));
    let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let usable = shaped
        && parts.next().is_none()
        && version != "ff"
        && (rest.is_empty() || later)
        && !zero(trace)
        && !zero(parent);
    usable.then(|| format!("00-{trace}-{parent}-{flags}"))
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::parse_trace_parent;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_taken_as_it_is_and_of_a_later_version_what_is_known() {
        assert_eq!(parse_trace_parent(GOOD).as_deref(), Some(GOOD));
        for later in [
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later",
        ] {
            assert_eq!(parse_trace_parent(later).as_deref(), Some(GOOD), "{later}");
        }
    }

    #[test]
    fn what_breaks_the_rules_is_none() {
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.later",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e47é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse_trace_parent(wrong), None, "{wrong}");
        }
    }
}
