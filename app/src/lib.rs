//! The screens of Twofront.
