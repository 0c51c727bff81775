//! The shell of Twofront.
