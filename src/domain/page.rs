//! Keyset pagination: a page is asked for by the last row seen, never by an offset; newest first.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Violation;

/// How many rows a page may have: 1–100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    pub const DEFAULT: Self = Self(20);

    /// # Errors
    /// `out_of_range` outside 1–100.
    pub fn parse(rows: i64) -> Result<Self, Violation> {
        u16::try_from(rows)
            .ok()
            .filter(|rows| (1..=100).contains(rows))
            .map(Self)
            .ok_or_else(|| Violation::new("out_of_range", "must be between 1 and 100"))
    }

    pub fn rows(self) -> i64 {
        i64::from(self.0)
    }

    /// One row more than shown tells whether another page follows.
    pub fn rows_and_one_more(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Where a row stands in the total order "newest first": by time of creation, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    pub id: Uuid,
}

/// What a list is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    pub size: PageSize,
    /// The last row of the page before; `None` for the first page.
    pub after: Option<Position>,
}

/// A page by its number, for the one list that people leaf through; it reads whatever it passes over, so its reach ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedPage {
    /// From 1.
    pub number: i64,
    pub size: PageSize,
}

impl NumberedPage {
    /// The last row that a numbered page may show.
    pub const REACH: i64 = 10_000;

    /// # Errors
    /// `out_of_range` below 1 and where the page would end beyond [`Self::REACH`].
    pub fn new(number: i64, size: PageSize) -> Result<Self, Violation> {
        let last = Self::REACH / size.rows();
        if (1..=last).contains(&number) {
            return Ok(Self { number, size });
        }
        let detail = format!("must be between 1 and {last} for this limit; a cursor leads further");
        Err(Violation::new("out_of_range", detail))
    }

    /// How many rows come before it.
    pub fn offset(self) -> i64 {
        (self.number - 1) * self.size.rows()
    }

    /// The page after it, within reach.
    pub fn next(self) -> Option<Self> {
        Self::new(self.number + 1, self.size).ok()
    }

    /// How many pages so many rows make.
    pub fn pages_of(self, rows: i64) -> i64 {
        (rows + self.size.rows() - 1) / self.size.rows()
    }
}

/// Some rows, and where the next page begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Position>,
}

impl<T> Page<T> {
    pub fn empty() -> Self {
        Self { rows: Vec::new(), next: None }
    }

    /// Cuts the extra row off; `position` tells where a row stands.
    pub fn cut(mut rows: Vec<T>, size: PageSize, position: impl Fn(&T) -> Position) -> Self {
        let shown = usize::from(size.0);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next = if more { rows.last().map(position) } else { None };
        Self { rows, next }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberedPage, PageSize};

    #[test]
    fn numbered_pages_begin_at_1_and_end_within_reach() {
        let size = PageSize::parse(30).unwrap();
        let page = NumberedPage::new(333, size).unwrap();
        assert_eq!((page.offset(), page.next()), (9_960, None));
        assert_eq!((page.pages_of(0), page.pages_of(30), page.pages_of(31)), (0, 1, 2));
        for number in [i64::MIN, -1, 0, 334, i64::MAX] {
            assert_eq!(NumberedPage::new(number, size).unwrap_err().code, "out_of_range");
        }
    }
}
