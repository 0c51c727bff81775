//! The doors for programs: commands, views and events under `/api`.

pub mod problem;
