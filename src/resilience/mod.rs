//! Mechanisms that keep a service standing and know no resource; each works alone in one process.
