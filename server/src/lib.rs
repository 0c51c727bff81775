//! The shell of Twofront: what stands between the domain and the world.

pub mod access;
pub mod api;
pub mod desk;
pub mod import;
pub mod office;
pub mod seal;
pub mod site;
pub mod ssr;
pub mod store;
