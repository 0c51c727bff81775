//! The build tool of the repository.

fn main() {}
