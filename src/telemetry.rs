//! Logs, spans and metrics: set up once, before anything else runs.
