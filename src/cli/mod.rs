//! Operator commands of the `till` program; each calls the same use cases as the API.
