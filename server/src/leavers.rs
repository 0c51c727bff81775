//! Keeps the doors in step with the log: whoever leaves the company cannot come in any more, and who
//! gets another address signs in with it.

use std::time::Duration;

use shared::colleague;
use shared::domain::Event;
use shared::ids::ColleagueId;
use shared::record::Record;

use crate::access::{Access, AccessError};
use crate::office::{Office, Told};

/// How long to wait before a log that could not be read is read again.
const PAUSE: Duration = Duration::from_secs(5);

/// Follows the log until the office closes.
pub async fn follow(office: Office, access: Access) {
    let mut following = office.follow(office.position());
    withdraw_all_who_left(&office, &access).await;
    loop {
        match following.next().await {
            Ok(Told::Records(records)) => {
                for record in records {
                    keep_in_step(record, &access).await;
                }
            }
            // An import that was taken back may have taken somebody's leaving back, or brought it back.
            Ok(Told::Again { .. }) => withdraw_all_who_left(&office, &access).await,
            Ok(Told::Over) => return,
            Err(error) => {
                tracing::error!(%error, "the log cannot be read: whoever leaves now keeps their login until it can");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// What happened while nobody looked: the server was down, or stopped in between.
async fn withdraw_all_who_left(office: &Office, access: &Access) {
    let logins: Vec<ColleagueId> = access.logins().into_iter().map(|login| login.colleague).collect();
    let left: Vec<ColleagueId> = office.company(|company| {
        let colleagues = &company.directory.colleagues;
        logins.into_iter().filter(|id| colleagues.get(id).is_some_and(|colleague| colleague.left)).collect()
    });
    for colleague in left {
        change(access, colleague, move |access| access.withdraw(colleague)).await;
    }
}

async fn keep_in_step(record: Record, access: &Access) {
    let Event::Colleague(colleague, event) = record.event else { return };
    match event {
        colleague::Event::Left {} => change(access, colleague, move |access| access.withdraw(colleague)).await,
        colleague::Event::Renamed { personal } => {
            let email = personal.known().and_then(|identity| identity.email.clone());
            let has_login = access.logins().iter().any(|login| login.colleague == colleague);
            if let Some(email) = email.filter(|_| has_login) {
                change(access, colleague, move |access| access.rename_login(colleague, email.as_str())).await;
            }
        }
        colleague::Event::Joined { .. } | colleague::Event::Moved { .. } | colleague::Event::GivenRole { .. } => {}
    }
}

/// A change of access waits for the disk.
async fn change(
    access: &Access,
    colleague: ColleagueId,
    change: impl FnOnce(&Access) -> Result<(), AccessError> + Send + 'static,
) {
    let access = access.clone();
    let done = tokio::task::spawn_blocking(move || change(&access)).await;
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%colleague, %error, "a login is not in step with the log"),
        Err(error) => tracing::error!(%colleague, %error, "a login is not in step with the log"),
    }
}
