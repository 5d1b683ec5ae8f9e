//! `/v1/payments` over the shipped router and a real gateway on a socket.

mod create;
mod get;
mod list;
