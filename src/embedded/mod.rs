//! A private Postgres for `till up`: found, initialised, started and stopped with its parent.
