//! The domain of Twofront.
