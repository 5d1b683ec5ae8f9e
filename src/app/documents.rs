//! Hands the OpenAPI documents to the command that prints, writes or compares them.

use std::error::Error;
use std::process::ExitCode;

use crate::cli::openapi::{self, Document};
use crate::cli::{Command, OpenapiArgs};

/// `till openapi`.
///
/// # Errors
/// A document can't be rendered, written or read, or differs from the committed one.
pub fn run(command: &Command) -> Result<ExitCode, Box<dyn Error>> {
    let default = OpenapiArgs { check: false, out: None };
    let args = if let Command::Openapi(args) = command { args } else { &default };
    let mut text = crate::api::document().to_pretty_json()?;
    text.push('\n');
    openapi::run(args, &[Document { file: "v1.json", text }])?;
    Ok(ExitCode::SUCCESS)
}
