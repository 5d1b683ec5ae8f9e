//! The composition root: turns configuration into running parts; the only place that sees every layer.
