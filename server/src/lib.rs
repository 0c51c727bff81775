//! The shell of Twofront: what stands between the domain and the world.

pub mod access;
pub mod api;
pub mod beside;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desk;
pub mod import;
pub mod intake;
pub mod leavers;
pub mod office;
pub mod pages;
pub mod people;
pub mod plural;
pub mod reader;
pub mod seal;
pub mod serve;
pub mod site;
pub mod ssr;
pub mod store;
