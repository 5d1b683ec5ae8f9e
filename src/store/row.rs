//! From columns to domain values: one place that says what to do with a value the domain can't believe.

use std::fmt::Display;

use super::StoreError;

/// Names the row that a conversion speaks of.
pub(super) struct RowKey<'a, K> {
    pub table: &'static str,
    pub key: &'a K,
}

impl<K: Display> RowKey<'_, K> {
    /// The value, or [`StoreError::BadRow`] naming table, column and key.
    pub fn believe<T, E>(
        &self,
        column: &'static str,
        value: Result<T, E>,
    ) -> Result<T, StoreError> {
        value.map_err(|_unbelieved| StoreError::BadRow {
            table: self.table,
            column,
            key: self.key.to_string(),
        })
    }
}
