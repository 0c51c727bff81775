//! What people look at: pure folds over the records, the same on the server and in the browser.
//!
//! A view carries the position up to which it has read, so that the browser can go on from where
//! the server stopped. A record that it has read before changes nothing.

pub mod account_file;
pub mod acquaintance;
pub mod alignment;
pub mod board;
pub mod directory;
pub mod index;
pub mod portfolio;
pub mod promises;
mod stays;
pub mod steps;
pub mod timeline;
pub mod touch;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use account_file::AccountFile;
pub use acquaintance::Acquaintance;
pub use alignment::Alignment;
pub use board::Board;
pub use directory::Directory;
pub use index::Index;
pub use portfolio::Portfolio;
pub use promises::Promises;
pub use timeline::Timeline;

use crate::record::Record;

/// A fold that people look at.
pub trait View: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The last record that it has read; 0 before the first.
    fn position(&self) -> u64;

    /// Reads the next record. Total: what does not concern the view only moves its position.
    fn fold(&mut self, record: &Record);
}

/// Declares the position of a view and the one rule of reading: forward, and nothing twice.
macro_rules! view {
    ($name:ty) => {
        impl crate::views::View for $name {
            fn position(&self) -> u64 {
                self.position
            }

            fn fold(&mut self, record: &crate::record::Record) {
                if record.position > self.position {
                    self.position = record.position;
                    self.take(record);
                }
            }
        }
    };
}
pub(crate) use view;

/// The views of the whole company, which a server keeps warm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct Company {
    pub directory: Directory,
    pub portfolio: Portfolio,
    pub board: Board,
    pub alignment: Alignment,
}

impl View for Company {
    fn position(&self) -> u64 {
        self.directory.position()
    }

    fn fold(&mut self, record: &Record) {
        self.directory.fold(record);
        self.portfolio.fold(record);
        self.board.fold(record);
        self.alignment.fold(record);
    }
}
