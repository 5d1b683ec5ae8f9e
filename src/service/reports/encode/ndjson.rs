//! NDJSON: an object a line, its members in the order of the columns.

use crate::clients::files::Bytes;
use crate::domain::report::Cell;
use crate::domain::utc::Utc;
use crate::service::jobs::NotDone;

#[derive(Debug)]
pub(in crate::service::reports) struct NdjsonEncoder {
    columns: &'static [&'static str],
    written: Vec<u8>,
}

impl NdjsonEncoder {
    pub(super) fn begin(columns: &'static [&'static str]) -> Self {
        Self { columns, written: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), NotDone> {
        let mut before = b'{';
        for (column, cell) in self.columns.iter().zip(cells) {
            self.written.push(before);
            before = b',';
            serde_json::to_writer(&mut self.written, column)?;
            self.written.push(b':');
            match cell {
                Cell::Empty => self.written.extend(b"null"),
                Cell::Text(text) => serde_json::to_writer(&mut self.written, text)?,
                Cell::Number(number) => serde_json::to_writer(&mut self.written, number)?,
                Cell::Time(time) => {
                    serde_json::to_writer(&mut self.written, &Utc(*time).to_string())?;
                }
            }
        }
        self.written.extend(b"}\n");
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.written.len()
    }

    pub(super) fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.written).into()
    }
}

#[cfg(test)]
mod tests {
    use super::NdjsonEncoder;
    use crate::domain::report::Cell;

    #[test]
    fn every_line_is_an_object_of_its_own() {
        let mut encoder = NdjsonEncoder::begin(&["id", "note", "amount"]);
        encoder.row(&[Cell::from("a\"b".to_owned()), Cell::Empty, Cell::Number(-5)]).unwrap();
        encoder.row(&[Cell::from("=1+1".to_owned()), Cell::Empty, Cell::Number(0)]).unwrap();
        let expected = "{\"id\":\"a\\\"b\",\"note\":null,\"amount\":-5}\n\
                        {\"id\":\"=1+1\",\"note\":null,\"amount\":0}\n";
        assert_eq!(encoder.take(), expected);
    }
}
