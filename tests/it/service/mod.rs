//! Use cases on a real Postgres, without HTTP: what is promised of effects, conflicts and repetitions.

mod auth;
mod demo;
mod first_admin;
mod orders;
mod orders_gathered;
mod orders_held_up;
mod payments;
mod products;
mod users;
