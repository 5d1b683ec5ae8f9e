//! JSON pointers (RFC 6901): how a place in a request is named; resolves none.

/// Goes one step down: appends `/` and the escaped name or index.
pub fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// The place `below`, seen from one step further up.
pub fn under(token: &str, below: &str) -> String {
    let mut pointer = String::with_capacity(token.len() + below.len() + 1);
    push(&mut pointer, token);
    pointer.push_str(below);
    pointer
}
