//! The sandbox payment provider: an HTTP server of its own that shares nothing with Till but the currency table.
