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
    let [one, two] = crate::api::documents();
    let mut documents = Vec::new();
    for (file, document) in [("v1.json", one), ("v2.json", two)] {
        let mut text = document.to_pretty_json()?;
        text.push('\n');
        documents.push(Document { file, text });
    }
    openapi::run(args, &documents)?;
    Ok(ExitCode::SUCCESS)
}
