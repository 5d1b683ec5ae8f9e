//! Keyset pagination: a page is asked for by the last row seen, never by an offset; newest first.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
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

/// Some rows, and where the next page begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Position>,
}

impl<T> Page<T> {
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
