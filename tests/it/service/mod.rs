//! Use cases on a real Postgres, without HTTP: what is promised of effects, conflicts and repetitions.

mod orders;
mod products;
