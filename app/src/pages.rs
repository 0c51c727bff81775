//! One module a page: read a view, render it, offer commands.

pub mod account;
pub mod home;
pub mod log;
pub mod not_found;
