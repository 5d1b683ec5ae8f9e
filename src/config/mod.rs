//! Settings: read once from the environment and flags, all faults reported together; nothing else reads the environment.
