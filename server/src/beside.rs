//! What pages show and do beside the log: who may come in, and the import that runs.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use shared::ids::ColleagueId;
use shared::words::Role;

use crate::access::Access;
use crate::api::company::{self, Invitations};
use crate::api::imports::{self, Imports};
use crate::office::Office;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Beside {
    pub office: Office,
    pub access: Access,
    pub invitations: Arc<Invitations>,
    pub imports: Imports,
    /// What people type to get here, where that was said.
    pub public_url: Option<String>,
}

impl Beside {
    /// `data` is the data folder: uploads and files of refused rows live there.
    pub fn new(office: Office, access: Access, data: &Path) -> Self {
        let imports = Imports::new(office.clone(), data);
        Self { office, access, invitations: Arc::default(), imports, public_url: None }
    }

    /// The same, for a server that is reached at this address.
    #[must_use]
    pub fn reached_at(self, public_url: Option<String>) -> Self {
        Self { public_url, ..self }
    }

    /// The forms of the company's page and of the import page.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        company::routes().merge(imports::routes()).with_state(self.clone())
    }

    pub fn is_administrator(&self, colleague: ColleagueId) -> bool {
        self.office.role(colleague) == Some(Role::Administrator)
    }
}
