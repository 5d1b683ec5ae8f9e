//! What can go wrong between us and Postgres, told apart by what the caller can do about it.

/// A failed statement. Use cases match on [`Constraint`]; everything else is the edge's business.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A constraint that has a meaning for the business was broken.
    #[error("constraint {0:?} is broken")]
    Broken(Constraint, #[source] sqlx::Error),
    /// Serialisation failure or deadlock (SQLSTATE 40001, 40P01), or a key that came up meanwhile: the same transaction may pass when run again.
    #[error("the transaction must be run again")]
    Retry(#[source] sqlx::Error),
    /// No connection, or none free in time; nothing was done, or it is unknown whether a commit was.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The statement, or its wait for a lock, took longer than allowed (SQLSTATE 57014, 55P03).
    #[error("the statement took too long")]
    TooSlow(#[source] sqlx::Error),
    /// A row that the domain can't believe.
    #[error("{table}.{column} of {key} holds an impossible value")]
    BadRow { table: &'static str, column: &'static str, key: String },
    #[error("the database refused a statement")]
    Unexpected(#[source] sqlx::Error),
}

/// Constraints that mean something to a use case, by their name in `migrations/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    EmailTaken,
    SkuTaken,
    StockNegative,
    /// The payment already has a live attempt.
    AttemptLive,
    /// The event names a customer who was never there.
    EventOfNobody,
}

impl Constraint {
    fn by_name(name: &str) -> Option<Self> {
        match name {
            "users_email_unique" => Some(Self::EmailTaken),
            "products_sku_unique" => Some(Self::SkuTaken),
            "stock_available_not_negative" => Some(Self::StockNegative),
            "payment_attempts_one_live" => Some(Self::AttemptLive),
            "events_customer_id_fkey" => Some(Self::EventOfNobody),
            _ => None,
        }
    }
}

impl StoreError {
    /// The constraint that was broken, if it is one that means something.
    pub fn constraint(&self) -> Option<Constraint> {
        match self {
            Self::Broken(constraint, _) => Some(*constraint),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            let code = database.code();
            return match code.as_deref() {
                Some("40001" | "40P01") => Self::Retry(error),
                // Another transaction was done with the key between our look at it and our lock: now it is known.
                Some("23505") if database.constraint() == Some("idempotency_keys_pkey") => {
                    Self::Retry(error)
                }
                Some("57014" | "55P03") => Self::TooSlow(error),
                // Shutting down, starting up, too many connections, connection lost (classes 08, 53, 57P).
                Some(code)
                    if code.starts_with("08")
                        || code.starts_with("57P")
                        || code.starts_with("53") =>
                {
                    Self::Unavailable(error)
                }
                _ => match database.constraint().and_then(Constraint::by_name) {
                    Some(constraint) => Self::Broken(constraint, error),
                    None => Self::Unexpected(error),
                },
            };
        }
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            other => Self::Unexpected(other),
        }
    }
}
