//! Orderly stop: one signal, a bounded time to finish, and the order in which parts close.
