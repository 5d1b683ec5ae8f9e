//! The operators' listener: metrics and health, kept off the public address.

use std::net::SocketAddr;

use super::reader::{Noted, Reader};
use super::value::parsed;
use super::{Exposure, Setting};

pub const OPS_LISTEN: Setting = Setting {
    name: "TILL_OPS_LISTEN",
    exposure: Exposure::Plain { flag: "ops-listen" },
    expects: "an IP address and a port",
    default: Some("127.0.0.1:9090"),
    example: "10.0.0.5:9090",
    help: "Address and port of metrics, health and operator controls. It asks for no password: keep it private.",
};

/// The operators' listener.
#[derive(Debug)]
pub struct Ops {
    /// Where it accepts connections (`TILL_OPS_LISTEN`); port 0 takes a free one.
    pub listen: SocketAddr,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Ops, Noted> {
    Ok(Ops { listen: reader.defaulted(&OPS_LISTEN, parsed)? })
}
