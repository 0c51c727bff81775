//! The domain of Twofront: what happened on both fronts of an account, what may happen next, and
//! what it means.
//!
//! Two pure functions run it: [`domain::decide`] says which events follow from a command, and
//! [`domain::Model::evolve`] says what is true after an event. Everything that people look at is a
//! fold over the same events ([`views`]), run by the server and by the browser alike. There is no
//! clock, no randomness and no I/O here.

pub mod domain;
pub mod ids;
pub mod json;
pub mod lang;
pub mod personal;
pub mod policy;
pub mod proof;
pub mod record;
pub mod request;
pub mod sieve;
pub mod views;
pub mod words;

pub mod account;
pub mod colleague;
pub mod contact;
pub mod handoff;
pub mod import;
pub mod interaction;
pub mod unit;

pub mod testkit;
