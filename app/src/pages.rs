//! One module a page: read a view, render it, offer commands.

pub mod account;
pub mod account_edit;
pub mod alignment;
pub mod colleague;
pub mod company;
pub mod contact;
pub mod contact_edit;
pub mod contact_new;
pub mod contacts;
pub mod events;
pub mod handoff_new;
pub mod handoffs;
pub mod import;
pub mod join;
pub mod log;
pub mod not_found;
pub mod pieces;
pub mod portfolio;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod unit;
