//! Rows as bytes: one format a file; none knows what a row tells of or where the bytes go.

mod csv;
mod ndjson;
mod xlsx;

use std::path::Path;

use self::csv::CsvEncoder;
use self::ndjson::NdjsonEncoder;
use self::xlsx::XlsxEncoder;
use crate::clients::files::{Bytes, NewFile};
use crate::domain::report::{Cell, ReportFormat};
use crate::service::jobs::NotDone;

/// Bytes that are gathered before they are handed on.
const CHUNK: usize = 256 * 1024;

/// A table that is being written.
#[derive(Debug)]
pub(super) enum Encoder {
    Csv(Box<CsvEncoder>),
    Ndjson(NdjsonEncoder),
    Xlsx(Box<XlsxEncoder>),
}

impl Encoder {
    /// Begins the table with its head; `scratch` is where a format that is no stream keeps its parts.
    pub(super) fn begin(
        format: ReportFormat,
        columns: &'static [&'static str],
        scratch: &Path,
    ) -> Result<Self, NotDone> {
        Ok(match format {
            ReportFormat::Csv => Self::Csv(Box::new(CsvEncoder::begin(columns)?)),
            ReportFormat::Ndjson => Self::Ndjson(NdjsonEncoder::begin(columns)),
            ReportFormat::Xlsx => Self::Xlsx(Box::new(XlsxEncoder::begin(columns, scratch)?)),
        })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), NotDone> {
        match self {
            Self::Csv(encoder) => encoder.row(cells),
            Self::Ndjson(encoder) => encoder.row(cells),
            Self::Xlsx(encoder) => encoder.row(cells),
        }
    }

    /// What is ready to be handed on, once it is worth it.
    pub(super) fn ready(&mut self) -> Result<Option<Bytes>, NotDone> {
        match self {
            Self::Csv(encoder) if encoder.len() >= CHUNK => Ok(Some(encoder.take()?)),
            Self::Ndjson(encoder) if encoder.len() >= CHUNK => Ok(Some(encoder.take())),
            Self::Csv(_) | Self::Ndjson(_) | Self::Xlsx(_) => Ok(None),
        }
    }

    /// Hands on the rest.
    pub(super) async fn end(self, file: &mut NewFile) -> Result<(), NotDone> {
        match self {
            Self::Csv(mut encoder) => Ok(file.write(encoder.take()?).await?),
            Self::Ndjson(mut encoder) => Ok(file.write(encoder.take()).await?),
            Self::Xlsx(encoder) => encoder.end(file).await,
        }
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> NotDone {
    NotDone::Encoding(Box::new(error))
}
