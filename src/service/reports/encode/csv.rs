//! CSV (RFC 4180): a head, then a line each. A text that a spreadsheet would take for a formula gets an apostrophe in front.

use std::borrow::Cow;

use csv::Writer;

use super::failed;
use crate::clients::files::Bytes;
use crate::domain::report::Cell;
use crate::domain::utc::Utc;
use crate::service::jobs::NotDone;

/// What makes a spreadsheet calculate what it was only to show.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

#[derive(Debug)]
pub(in crate::service::reports) struct CsvEncoder {
    writer: Writer<Vec<u8>>,
    /// At least so many bytes wait to be taken.
    length: usize,
}

impl CsvEncoder {
    pub(super) fn begin(columns: &[&str]) -> Result<Self, NotDone> {
        let mut writer = Writer::from_writer(Vec::new());
        writer.write_record(columns).map_err(failed)?;
        Ok(Self { writer, length: 0 })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), NotDone> {
        for cell in cells {
            let field = field(cell);
            self.length += field.len() + 1;
            self.writer.write_field(field.as_bytes()).map_err(failed)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(failed)
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn take(&mut self) -> Result<Bytes, NotDone> {
        self.length = 0;
        let written = std::mem::replace(&mut self.writer, Writer::from_writer(Vec::new()));
        let bytes = written.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(bytes.into())
    }
}

/// The text of a cell. A number stays one, its sign too.
fn field(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) if text.starts_with(FORMULA) => Cow::Owned(format!("'{text}")),
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Number(number) => Cow::Owned(number.to_string()),
        Cell::Time(time) => Cow::Owned(Utc(*time).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::CsvEncoder;
    use crate::domain::report::Cell;

    fn text(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }

    #[test]
    fn cells_are_written_as_they_are_and_quoted_where_they_must_be() {
        let mut encoder = CsvEncoder::begin(&["a", "b"]).unwrap();
        encoder.row(&[text("plain"), Cell::Number(-5)]).unwrap();
        encoder.row(&[text("with, \"both\"\nand lines"), Cell::Empty]).unwrap();
        let first = encoder.take().unwrap();
        encoder.row(&[text("later"), Cell::Time(datetime!(2026-11-23 4:18 +8))]).unwrap();
        let expected = "a,b\nplain,-5\n\"with, \"\"both\"\"\nand lines\",\n";
        assert_eq!(first, expected);
        assert_eq!(encoder.take().unwrap(), "later,2026-11-22T20:18:00.000Z\n");
    }

    #[test]
    fn a_text_that_would_be_a_formula_is_neutralised_and_a_number_is_not() {
        for formula in ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"] {
            let mut encoder = CsvEncoder::begin(&["a"]).unwrap();
            encoder.row(&[text(formula)]).unwrap();
            let written = String::from_utf8(encoder.take().unwrap().to_vec()).unwrap();
            let cell = written.strip_prefix("a\n").unwrap().trim_start_matches('"');
            assert!(cell.starts_with(&format!("'{formula}")), "{written}");
        }
        let mut encoder = CsvEncoder::begin(&["a"]).unwrap();
        encoder.row(&[Cell::Number(-1990)]).unwrap();
        assert_eq!(encoder.take().unwrap(), "a\n-1990\n");
    }
}
