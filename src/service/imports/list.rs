//! A list of products as CSV: its head, then row after row with the line each begins on; what a value may be is not known here.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};
use tokio::sync::mpsc;

use crate::clients::files::Bytes;
use crate::domain::import::{COLUMNS, ListedRow, REQUIRED_COLUMNS, RowFault};
use crate::domain::job::JobFault;

/// A row, or what is wrong with all of it.
pub(super) type Line = Result<ListedRow, RowFault>;

/// Reads chunks as they come, on a thread that may wait for them. Every line ends in a line feed alone, the last one too, so
/// that lines can be counted.
struct Chunks {
    chunks: mpsc::Receiver<Bytes>,
    /// What was made of a chunk, and how much of it was read.
    present: Vec<u8>,
    read: usize,
    /// The last byte that came, if any did.
    last: Option<u8>,
}

impl Chunks {
    /// `false` where nothing more comes.
    fn refill(&mut self) -> bool {
        self.present.clear();
        self.read = 0;
        let Some(chunk) = self.chunks.blocking_recv() else {
            match self.last.take() {
                None | Some(b'\n') => return false,
                Some(_) => self.present.push(b'\n'),
            }
            return true;
        };
        for byte in chunk {
            // A carriage return counts for itself only where no line feed follows.
            if self.last == Some(b'\r') && byte != b'\n' {
                self.present.push(b'\r');
            }
            if byte != b'\r' {
                self.present.push(byte);
            }
            self.last = Some(byte);
        }
        true
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.present.len() {
            if !self.refill() {
                return Ok(0);
            }
        }
        let waiting = self.present.get(self.read..).unwrap_or_default();
        let length = buffer.iter_mut().zip(waiting).map(|(place, byte)| *place = *byte).count();
        self.read += length;
        Ok(length)
    }
}

/// Where each column stands in a row.
struct Head {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
}

/// Reads the list to its end, or until nobody takes its rows any more.
pub(super) fn read_rows(
    chunks: mpsc::Receiver<Bytes>,
    rows: &mpsc::Sender<Line>,
) -> Result<(), JobFault> {
    let input = Chunks { chunks, present: Vec::new(), read: 0, last: None };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(unreadable("the list is empty: its first line names the columns".to_owned()));
    }
    let head = head(&record)?;
    while next(&mut reader, &mut record)? {
        let line = begins_on(&reader, &record);
        if rows.blocking_send(row(&head, &record, line)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn next(reader: &mut Reader<Chunks>, record: &mut ByteRecord) -> Result<bool, JobFault> {
    reader.read_byte_record(record).map_err(|error| unreadable(error.to_string()))
}

/// The line on which the record begins that was read last: empty lines before it are no part of it, those inside its
/// values are.
fn begins_on(reader: &Reader<Chunks>, record: &ByteRecord) -> u64 {
    let feeds = record.as_slice().iter().filter(|byte| **byte == b'\n').count();
    let lines = u64::try_from(feeds).unwrap_or(0) + 1;
    reader.position().line().saturating_sub(lines)
}

fn unreadable(detail: String) -> JobFault {
    JobFault::new("list_unreadable", detail)
}

fn head(record: &ByteRecord) -> Result<Head, JobFault> {
    let mut head = Head { places: [None; COLUMNS.len()], width: record.len() };
    for (place, name) in record.iter().enumerate() {
        let name = String::from_utf8_lossy(name);
        // Spreadsheets put a byte order mark in front of all.
        let name = name.trim_start_matches('\u{feff}').trim();
        let known = COLUMNS.iter().zip(&mut head.places).find(|(column, _)| **column == name);
        let Some((_, taken)) = known else {
            let known = COLUMNS.join(", ");
            return Err(unreadable(format!("there is no column {name:?}; known are {known}")));
        };
        if taken.replace(place).is_some() {
            return Err(unreadable(format!("the column {name} stands there twice")));
        }
    }
    let missing: Vec<_> = COLUMNS
        .iter()
        .zip(&head.places)
        .take(REQUIRED_COLUMNS)
        .filter(|(_, place)| place.is_none())
        .map(|(column, _)| *column)
        .collect();
    if missing.is_empty() {
        Ok(head)
    } else {
        Err(unreadable(format!("the columns {} are missing", missing.join(", "))))
    }
}

fn row(head: &Head, record: &ByteRecord, line: u64) -> Line {
    let fault = |column: Option<&str>, code: &str, detail: String| RowFault {
        line,
        column: column.map(str::to_owned),
        code: code.to_owned(),
        detail,
    };
    if record.len() != head.width {
        let detail = format!("has {} values where the head has {}", record.len(), head.width);
        return Err(fault(None, "wrong_number_of_values", detail));
    }
    let mut values = [const { None }; COLUMNS.len()];
    for ((column, place), value) in COLUMNS.iter().zip(head.places).zip(&mut values) {
        let Some(bytes) = place.and_then(|place| record.get(place)) else { continue };
        match std::str::from_utf8(bytes) {
            Ok(text) => *value = Some(text.to_owned()),
            Err(_not_utf8) => {
                let detail = "is not UTF-8".to_owned();
                return Err(fault(Some(column), "invalid_character", detail));
            }
        }
    }
    let [sku, name, category, unit_amount, currency, description] = values;
    Ok(ListedRow {
        line,
        sku: sku.unwrap_or_default(),
        name: name.unwrap_or_default(),
        category: category.unwrap_or_default(),
        unit_amount: unit_amount.unwrap_or_default(),
        currency: currency.unwrap_or_default(),
        description,
    })
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::{Line, read_rows};
    use crate::clients::files::Bytes;
    use crate::domain::job::JobFault;

    /// In pieces of so many bytes.
    fn read(list: &[u8], piece: usize) -> Result<Vec<Line>, JobFault> {
        let (sender, chunks) = mpsc::channel(list.len() + 1);
        for bytes in list.chunks(piece) {
            sender.try_send(Bytes::copy_from_slice(bytes)).unwrap();
        }
        drop(sender);
        let (rows, mut read) = mpsc::channel(100);
        read_rows(chunks, &rows)?;
        drop(rows);
        Ok(std::iter::from_fn(|| read.try_recv().ok()).collect())
    }

    #[test]
    fn columns_come_in_any_order_and_rows_know_their_line() {
        let list = "\u{feff}name,currency,sku,unitAmount,category\n\
                    \"A \"\"mug\"\",\nlarge\",MYR,M1,4900,kitchen\n\
                    Cup,MYR,M2,100,kitchen\r\n\n\
                    too,few\n\
                    Cup,MYR,M3,100,kitchen";
        for piece in [1, 7, 10_000] {
            let rows = read(list.as_bytes(), piece).unwrap();
            let [first, second, third, last] = rows.try_into().unwrap();
            let first = first.unwrap();
            assert_eq!((first.line, first.name.as_str()), (2, "A \"mug\",\nlarge"));
            assert_eq!((first.sku.as_str(), first.description), ("M1", None));
            assert_eq!(second.unwrap().line, 4);
            let third = third.unwrap_err();
            assert_eq!((third.line, third.code.as_str()), (6, "wrong_number_of_values"));
            assert_eq!(last.unwrap().line, 7);
        }
    }

    #[test]
    fn a_head_that_is_none_fails_the_list_and_a_value_that_is_no_text_its_row() {
        for list in [
            &b""[..],
            b"sku,name,category,unitAmount\n",
            b"sku,sku,name,category,unitAmount,currency\n",
            b"sku,name,category,unitAmount,currency,price\n",
            b"\x50\x4b\x03\x04",
        ] {
            assert_eq!(read(list, 100).unwrap_err().code, "list_unreadable");
        }
        let rows = read(b"sku,name,category,unitAmount,currency\nM1,\xff,a,1,MYR\n", 100).unwrap();
        assert_eq!(rows[0].as_ref().unwrap_err().column.as_deref(), Some("name"));
    }
}
