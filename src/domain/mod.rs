//! The rules of the business: pure types and functions without I/O, async or a clock of their own.
