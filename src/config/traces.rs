//! Where spans are exported to, and which: the standard variables of OpenTelemetry, of which these are heeded.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::SecretString;
use url::Url;

use super::reader::{Noted, Reader};
use super::{Exposure, Program, Setting};

pub const OTLP_ENDPOINT: Setting = Setting {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    exposure: Exposure::Plain { flag: "otlp-endpoint" },
    expects: "an http:// or https:// URL without user, query and fragment",
    default: None,
    example: "http://otel-collector:4318",
    help: "Collector of traces (OTLP over HTTP); spans go to /v1/traces below it. Unset: nothing is exported, and traces are only passed on.",
};

pub const OTLP_HEADERS: Setting = Setting {
    name: "OTEL_EXPORTER_OTLP_HEADERS",
    exposure: Exposure::Secret,
    expects: "a list of name=value, separated by commas, values percent-encoded",
    default: None,
    example: "authorization=Bearer%20TOKEN",
    help: "Fields sent with every export, such as the collector's key: name=value, separated by commas, values percent-encoded.",
};

pub const SAMPLER: Setting = Setting {
    name: "OTEL_TRACES_SAMPLER",
    exposure: Exposure::Plain { flag: "traces-sampler" },
    expects: "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio",
    default: Some("parentbased_traceidratio"),
    example: "traceidratio",
    help: "Which traces are exported. parentbased_*: a caller's own decision is followed, and the rest decides where there is none; the others decide alone, whatever a caller says.",
};

pub const SAMPLER_ARG: Setting = Setting {
    name: "OTEL_TRACES_SAMPLER_ARG",
    exposure: Exposure::Plain { flag: "traces-sampler-arg" },
    expects: "a number from 0 to 1",
    default: Some("1"),
    example: "0.05",
    help: "Part of the traces that traceidratio takes, the same ones in every process.",
};

pub const SERVICE_NAME: Setting = Setting {
    name: "OTEL_SERVICE_NAME",
    exposure: Exposure::Plain { flag: "service-name" },
    expects: "1 to 255 letters, digits, dots, dashes, underscores or slashes",
    default: None,
    example: "till-api-eu",
    help: "Name of this program in traces. Unset: till-api, till-worker, till-gateway, or till for `till up`.",
};

pub const SDK_DISABLED: Setting = Setting {
    name: "OTEL_SDK_DISABLED",
    exposure: Exposure::Plain { flag: "traces-off" },
    expects: "true or false",
    default: Some("false"),
    example: "true",
    help: "true: no span is exported, whatever else is set.",
};

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The collector's address for spans: `OTEL_EXPORTER_OTLP_ENDPOINT` and `/v1/traces`.
    pub endpoint: Url,
    /// Fields sent with every export (`OTEL_EXPORTER_OTLP_HEADERS`).
    pub headers: BTreeMap<String, SecretString>,
    pub sampling: Sampling,
    /// `OTEL_SERVICE_NAME`, or the program's own.
    pub service_name: String,
}

/// Which traces are exported (`OTEL_TRACES_SAMPLER`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Part of the traces that begin here, 0 to 1; decided by the trace's id.
    pub ratio: f64,
    pub callers: Callers,
}

/// Whether a caller decides for what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// What it says it records is recorded here too, and nothing else.
    Decide,
    /// Its trace is continued, and recorded or not as if it began here.
    Ignored,
}

/// `None` where nothing is exported: no endpoint, switched off, or a program that ends by itself.
pub(super) fn read(reader: &mut Reader<'_>, program: Program) -> Result<Option<Traces>, Noted> {
    let endpoint = reader.optional(&OTLP_ENDPOINT, traces_below);
    let headers = reader.optional(&OTLP_HEADERS, header_fields);
    let ratio = reader.defaulted(&SAMPLER_ARG, |text| {
        text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
    });
    // With a wrong argument the sampler's own fault is still found.
    let assumed = ratio.as_ref().copied().unwrap_or(1.0);
    let sampling = reader.defaulted(&SAMPLER, |text| sampling_of(text, assumed));
    let service_name = reader.optional(&SERVICE_NAME, |text| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| text.to_owned())
    });
    let disabled = reader.defaulted(&SDK_DISABLED, |text| match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    });
    let (endpoint, headers, sampling) = (endpoint?, headers?, sampling?);
    let (service_name, disabled, _ratio) = (service_name?, disabled?, ratio?);
    let (Some(endpoint), Some(own)) = (endpoint.filter(|_| !disabled), own_name(program)) else {
        return Ok(None);
    };
    Ok(Some(Traces {
        endpoint,
        headers: headers.unwrap_or_default(),
        sampling,
        service_name: service_name.unwrap_or_else(|| own.to_owned()),
    }))
}

/// `None` for programs that do one thing and end: a terminal shows what they did.
const fn own_name(program: Program) -> Option<&'static str> {
    match program {
        Program::Up => Some("till"),
        Program::Api => Some("till-api"),
        Program::Worker => Some("till-worker"),
        Program::Gateway => Some("till-gateway"),
        Program::Migrate
        | Program::Seed
        | Program::Doctor
        | Program::Check
        | Program::Keys
        | Program::DeadLetters => None,
    }
}

/// The base URL with `/v1/traces` behind its path, as the OTLP exporter's specification says.
fn traces_below(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return None;
    }
    url.path_segments_mut().ok()?.pop_if_empty().extend(["v1", "traces"]);
    Some(url)
}

fn header_fields(text: &str) -> Option<BTreeMap<String, SecretString>> {
    let field = |field: &str| {
        let (name, value) = field.split_once('=')?;
        let name = HeaderName::try_from(name.trim()).ok()?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        HeaderValue::try_from(&*value).ok()?;
        Some((name.as_str().to_owned(), SecretString::from(value.into_owned())))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(field).collect()
}

fn sampling_of(sampler: &str, argument: f64) -> Option<Sampling> {
    let (callers, alone) = match sampler.strip_prefix("parentbased_") {
        Some(alone) => (Callers::Decide, alone),
        None => (Callers::Ignored, sampler),
    };
    let ratio = match alone {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => argument,
        _ => return None,
    };
    Some(Sampling { ratio, callers })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::{Callers, Sampling, header_fields, sampling_of, traces_below};

    #[test]
    fn spans_go_below_the_endpoint() {
        for (base, expected) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            ("http://collector:4318/", "http://collector:4318/v1/traces"),
            ("https://otlp.example/tenant/7/", "https://otlp.example/tenant/7/v1/traces"),
        ] {
            assert_eq!(traces_below(base).map(String::from).as_deref(), Some(expected));
        }
        for wrong in
            ["collector:4318", "grpc://collector:4317", "http://me:pw@collector", "http://c/?a"]
        {
            assert_eq!(traces_below(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn header_fields_are_percent_decoded_and_must_be_fields() {
        let fields = header_fields("Authorization=Bearer%20a%3Db, x-tenant=7,").expect("fields");
        let shown: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        assert_eq!(shown, [("authorization", "Bearer a=b"), ("x-tenant", "7")]);
        for wrong in ["authorization", "a b=c", "a=%0d%0aevil: 1", "=c"] {
            assert!(header_fields(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_standard_sampler_is_known_and_no_other() {
        let of = |name| sampling_of(name, 0.25);
        let expected = |ratio, callers| Some(Sampling { ratio, callers });
        assert_eq!(of("parentbased_traceidratio"), expected(0.25, Callers::Decide));
        assert_eq!(of("parentbased_always_off"), expected(0.0, Callers::Decide));
        assert_eq!(of("traceidratio"), expected(0.25, Callers::Ignored));
        assert_eq!(of("always_on"), expected(1.0, Callers::Ignored));
        assert_eq!(of("jaeger_remote"), None);
    }
}
