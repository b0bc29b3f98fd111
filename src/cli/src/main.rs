//! symbolon
fn main() {}
