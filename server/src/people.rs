//! Letting somebody in from outside the desk: the first administrator, and whom the command line adds.

use shared::colleague::{Command, Identity};
use shared::domain;
use shared::ids::{ColleagueId, CommandId};
use shared::request::Request;
use shared::words::{Email, PersonName, Role};
use uuid::Uuid;

use crate::desk::{Order, Refusal};
use crate::office::Office;

/// Ids of colleagues and of the commands that admit them are derived from the address: asked twice, it happens once.
const NAMESPACE: Uuid = Uuid::from_u128(0x7477_6f66_726f_6e74_8000_7065_6f70_6c65);

/// Whoever is here under this address; an export may have brought them already.
pub fn known(office: &Office, email: &Email) -> Option<ColleagueId> {
    let wanted = email.as_str().to_lowercase();
    office.company(|company| {
        let mut colleagues = company.directory.colleagues.iter().filter(|(_, colleague)| !colleague.left);
        let (id, _) = colleagues.find(|(_, colleague)| {
            let email = colleague.identity.known().and_then(|identity| identity.email.as_ref());
            email.is_some_and(|email| email.as_str().to_lowercase() == wanted)
        })?;
        Some(*id)
    })
}

/// Makes sure that somebody with this address is a colleague and has this role.
///
/// # Errors
/// When the desk refuses.
pub async fn admit(office: &Office, name: PersonName, email: Email, role: Role) -> Result<ColleagueId, Refusal> {
    let (colleague, order) = order(office, name, email, role);
    office.ask(order).await?;
    Ok(colleague)
}

/// What is asked for by [`admit`], for those who ask by themselves.
pub fn order(office: &Office, name: PersonName, email: Email, role: Role) -> (ColleagueId, Order) {
    let found = known(office, &email);
    let address = email.as_str().to_lowercase();
    let colleague = found.unwrap_or_else(|| ColleagueId::from_uuid(derived(&format!("colleague {address}"))));
    let command = match found {
        Some(_) => Command::GiveRole { role },
        None => Command::Join { identity: Identity { name, email: Some(email), title: None }, unit: None, role },
    };
    // A role may be given, taken and given again: each time is another command, told apart by how far the log is.
    let step = match found {
        Some(_) => format!("role {address} {} {}", role.word(), office.position()),
        None => format!("join {address}"),
    };
    let request = Request::new(CommandId::from_uuid(derived(&step)), domain::Command::Colleague(colleague, command));
    (colleague, Order { by: ColleagueId::TWOFRONT, batch: None, request })
}

fn derived(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}
