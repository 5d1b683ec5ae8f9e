//! Broker and timers only: receives, calls a use case, acknowledges; holds no SQL and no rule.
