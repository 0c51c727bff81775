//! One module a page: read a view, render it, offer commands.

pub mod home;
pub mod not_found;
