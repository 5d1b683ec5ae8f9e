//! Till: an order and payments API that is built to survive.
//!
//! # The house
//!
//! Layers are folders, and one resource is one word in every layer: `orders` is `api/v1/orders/`, `service/orders/`,
//! `domain/order.rs`, `store/orders.rs`. An arrow means *may import*; what has no arrow is forbidden, and
//! `tests/architecture.rs` says so.
//!
//! ```text
//!   app, main ── wire everything, decide nothing
//!
//!      api            ops            cli           worker
//!   HTTP, no SQL   operators'     terminal      timers, messages;
//!       │          listener          │          no HTTP, no SQL
//!       │              │             │              │
//!       └──────────────┴──────┬──────┴──────────────┘
//!                             ▼
//!                          service ── use cases; each owns its transaction
//!                             │
//!            ┌────────────────┼───────────────────┐
//!            ▼                ▼                   ▼
//!          store           clients  ────────►  resilience
//!        all the SQL    over a network      breaker, limits, cache:
//!            │                │             know no resource
//!            └───────►  domain  ◄─────────────────┘
//!                  pure rules, no I/O, no clock of its own
//!
//!   sandbox ── a payment provider, a program of its own behind a socket; imports nothing of ours but trace_context
//!   trace_context ── the trace that work is part of, for every layer that asks or is asked over a network
//!   config ─── reads the environment; nothing else does          embedded ── a private Postgres for `till up`
//! ```
//!
//! # The rules
//!
//! - A use case runs in [`service::transact`], the only place that begins, commits and repeats a transaction. No call
//!   over the network is made while one is open.
//! - An `Idempotency-Key` and its outcome commit with the effect ([`service::idempotency`]); a message is a row of the
//!   transaction that caused it ([`service::outbox`]).
//! - Money is whole minor units ([`domain::money`]); time, ids and randomness are parameters ([`domain::ambient`]).
//! - What may go wrong is an enum per group of use cases; [`api::error`] alone knows which is which status.
//! - A failure is logged once, at the edge; a client sees a problem (RFC 9457) and the id that finds the log line.
//!
//! # One request, walked: `POST /v1/orders`
//!
//! 1. [`api::middleware`] gives it an id, a span, a deadline; [`api`] finds the handler: `api/v1/orders/place.rs`.
//! 2. The handler's signature asks for what must be right before it runs: `Caller<may::WriteOrders>` (a token, checked
//!    against the session's row, with that scope), `KeyedCall`, `ValidJson<PlaceOrderRequest>` (strict JSON, all
//!    faults at once, each with its pointer). Its body makes the command [`domain::order::PlaceOrder`].
//! 3. [`service::orders::place`] lets it go at once, or together with those that came while others were written
//!    (`service/orders/gather/`). `place_batch` locks the keys and replays what is known of them ([`service::idempotency`]),
//!    `store/stock.rs` locks the stock rows in the order of their ids, [`domain::stock`] allocates, `store/orders.rs`
//!    inserts, the event `order.created` becomes an outbox row; all of it and the keys' outcomes commit together, or
//!    nothing does.
//! 4. `api/outcome.rs` renders the outcome, 201 with `Location` or a problem, the first time and every time after.
//! 5. [`worker`] hands the outbox row to whoever acts on it, later, at least once.

pub mod api;
pub mod app;
pub mod cli;
pub mod clients;
pub mod config;
pub mod domain;
pub mod embedded;
pub mod ops;
pub mod resilience;
pub mod sandbox;
pub mod service;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod trace_context;
pub mod worker;
