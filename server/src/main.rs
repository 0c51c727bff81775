//! The binary `twofront`.

fn main() {}
