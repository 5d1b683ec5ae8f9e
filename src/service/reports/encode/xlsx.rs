//! XLSX: rows go to a nameless file of the scratch folder as they come, and are packed when all are there.
//!
//! A sheet takes 1 048 576 rows; what is more goes on the next one, under the same head. Texts are texts, so that no
//! formula can come of one, and a whole number that a spreadsheet would round is written as text.

use std::io::{self, Write};
use std::path::Path;

use rust_xlsxwriter::{Workbook, Worksheet};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{CHUNK, failed};
use crate::clients::files::{Bytes, NewFile};
use crate::domain::report::Cell;
use crate::domain::utc::Utc;
use crate::service::jobs::NotDone;

/// Rows of a sheet, its head among them.
const ROWS_OF_A_SHEET: u32 = 1_048_576;

/// The largest whole number that a spreadsheet keeps exactly: it calculates with binary64.
const LARGEST_EXACT: u64 = 1 << 53;

/// Chunks that may wait for the file.
const WAITING: usize = 4;

pub(in crate::service::reports) struct XlsxEncoder {
    workbook: Workbook,
    columns: &'static [&'static str],
    rows_of_a_sheet: u32,
    sheet: usize,
    /// The next row of the sheet.
    next: u32,
}

impl XlsxEncoder {
    pub(super) fn begin(columns: &'static [&'static str], scratch: &Path) -> Result<Self, NotDone> {
        Self::begin_with(columns, scratch, ROWS_OF_A_SHEET)
    }

    fn begin_with(
        columns: &'static [&'static str],
        scratch: &Path,
        rows_of_a_sheet: u32,
    ) -> Result<Self, NotDone> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(scratch).map_err(failed)?;
        let mut encoder = Self { workbook, columns, rows_of_a_sheet, sheet: 0, next: 0 };
        encoder.begin_sheet(0)?;
        Ok(encoder)
    }

    fn begin_sheet(&mut self, number: usize) -> Result<(), NotDone> {
        self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        (self.sheet, self.next) = (number, 0);
        let head = self.columns.iter().map(|column| Cell::Text((*column).to_owned()));
        self.write(&head.collect::<Vec<_>>())
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), NotDone> {
        if self.next == self.rows_of_a_sheet {
            self.begin_sheet(self.sheet + 1)?;
        }
        self.write(cells)
    }

    fn write(&mut self, cells: &[Cell]) -> Result<(), NotDone> {
        let row = self.next;
        let sheet = self.workbook.worksheet_from_index(self.sheet).map_err(failed)?;
        for (column, cell) in (0_u16..).zip(cells) {
            put(sheet, (row, column), cell)?;
        }
        self.next += 1;
        Ok(())
    }

    /// Packs the table on a thread of its own and hands it on as it comes.
    pub(super) async fn end(mut self, file: &mut NewFile) -> Result<(), NotDone> {
        let (chunks, mut packed) = mpsc::channel(WAITING);
        let packing = spawn_blocking(move || {
            let mut writer = Chunks { gathered: Vec::new(), chunks };
            self.workbook.save_to_writer(&mut writer)?;
            writer.flush()?;
            Ok::<_, rust_xlsxwriter::XlsxError>(())
        });
        while let Some(chunk) = packed.recv().await {
            file.write(chunk).await?;
        }
        packing.await.map_err(failed)?.map_err(failed)
    }
}

fn put(sheet: &mut Worksheet, (row, column): (u32, u16), cell: &Cell) -> Result<(), NotDone> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string(row, column, text),
        Cell::Time(time) => sheet.write_string(row, column, Utc(*time).to_string()),
        Cell::Number(number) if number.unsigned_abs() > LARGEST_EXACT => {
            sheet.write_string(row, column, number.to_string())
        }
        Cell::Number(number) => sheet.write_number(row, column, exact(*number)),
    }
    .map_err(failed)?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "the caller has made sure that nothing is lost")]
fn exact(number: i64) -> f64 {
    number as f64
}

/// Gathers what the packer writes and waits while the file is behind.
struct Chunks {
    gathered: Vec<u8>,
    chunks: mpsc::Sender<Bytes>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::take(&mut self.gathered));
        // Nobody takes it any more where the job was given up.
        let gone = |_unsent| io::Error::from(io::ErrorKind::BrokenPipe);
        self.chunks.blocking_send(chunk).map_err(gone)
    }
}

impl std::fmt::Debug for XlsxEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XlsxEncoder").field("sheet", &self.sheet).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::XlsxEncoder;
    use crate::domain::report::Cell;

    #[test]
    fn what_does_not_fit_on_a_sheet_goes_on_the_next_under_the_same_head() {
        let scratch = std::env::temp_dir();
        let mut encoder = XlsxEncoder::begin_with(&["n"], &scratch, 3).unwrap();
        let mut places = Vec::new();
        for number in 0..5 {
            encoder.row(&[Cell::Number(number)]).unwrap();
            places.push((encoder.sheet, encoder.next));
        }
        // The head is a row, too.
        assert_eq!(places, [(0, 2), (0, 3), (1, 2), (1, 3), (2, 2)]);
        assert_eq!(encoder.workbook.worksheets().len(), 3);
    }
}
