//! The shell of Twofront: what stands between the domain and the world.

pub mod site;
pub mod ssr;
pub mod store;
