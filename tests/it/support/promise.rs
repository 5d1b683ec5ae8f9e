//! Holds a table that names tests, row by row of what must be true, against the tests that there are.

use std::fs;
use std::path::Path;

/// Asserts that the table in this file has the rows `M1`, `M2` … in order, each naming tests that exist.
pub fn assert_rows_name_tests(file: &str, letter: char, count: usize) {
    let mut tests = String::new();
    for folder in ["tests/it", "src"] {
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut tests);
    }
    let begin = format!("//! | {letter}");
    let rows: Vec<&str> = file
        .lines()
        .filter_map(|line| line.strip_prefix(&begin))
        .filter(|row| row.starts_with(|digit: char| digit.is_ascii_digit()))
        .collect();
    for (number, row) in rows.iter().enumerate() {
        assert!(row.starts_with(&format!("{} |", number + 1)), "{row}");
        let mut named = row.split('`').skip(1).step_by(2).peekable();
        assert!(named.peek().is_some(), "{row}");
        for name in named {
            assert!(tests.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
    assert_eq!(rows.len(), count);
}

fn gather(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, text);
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
