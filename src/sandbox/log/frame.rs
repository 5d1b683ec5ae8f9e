//! One line of the log: a checksum, a space, one JSON value, a line feed; knows nothing of what the value means.

/// Reflected polynomial of CRC-32 (IEEE 802.3).
const POLYNOMIAL: u32 = 0xEDB8_8320;

const DIGITS: usize = 8;

const TABLE: [u32; 256] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time; a bad index stops the build"
)]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte: u32 = 0;
    let mut index = 0;
    while index < table.len() {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
        byte += 1;
    }
    table
}

fn checksum(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        let slot = usize::from(crc.to_le_bytes()[0] ^ byte);
        (crc >> 8) ^ TABLE.get(slot).copied().unwrap_or_default()
    });
    !crc
}

/// Appends `json` to `into` as one line. `json` must hold no line feed, which compact JSON never does.
pub fn encode(json: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(format!("{:08x} ", checksum(json)).as_bytes());
    into.extend_from_slice(json);
    into.push(b'\n');
}

/// The JSON of one line (given with its line feed), or nothing if the line is not whole.
#[must_use]
pub fn decode(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let (digits, rest) = line.split_at_checked(DIGITS)?;
    let json = rest.strip_prefix(b" ")?;
    let written = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (written == checksum(json)).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::{checksum, decode, encode};

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_line_is_read_back_only_if_every_byte_is_as_written() {
        let mut line = Vec::new();
        encode(br#"{"a":1}"#, &mut line);
        assert_eq!(decode(&line), Some(br#"{"a":1}"#.as_slice()));
        for cut in 0..line.len() {
            assert_eq!(decode(&line[..cut]), None);
        }
        for at in 9..line.len() - 1 {
            let mut changed = line.clone();
            changed[at] ^= 1;
            assert_eq!(decode(&changed), None);
        }
    }
}
