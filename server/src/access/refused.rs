//! What a refusal of access is at the doors for programs: a status and a problem document. The
//! refusals themselves, with their words and sentences, are those of the pages.

use http::StatusCode;
use shared::lang::Lang;

use crate::api::problem::Problem;

pub use app::refused::Refused;

/// The answer's status.
pub const fn status(refused: Refused) -> StatusCode {
    match refused {
        Refused::WrongEmailOrPassword => StatusCode::UNAUTHORIZED,
        Refused::Wait { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::NotForTokens | Refused::NoLogin => StatusCode::FORBIDDEN,
        Refused::LinkUnknown => StatusCode::GONE,
        Refused::AlreadySetUp | Refused::EmailTaken | Refused::TooManyTokens => StatusCode::CONFLICT,
        Refused::TokenUnknown => StatusCode::NOT_FOUND,
        Refused::Busy | Refused::CannotSave => StatusCode::SERVICE_UNAVAILABLE,
        Refused::WrongOldPassword
        | Refused::PasswordTooShort
        | Refused::PasswordTooLong
        | Refused::PasswordIsEmail
        | Refused::PasswordTooCommon
        | Refused::EmailInvalid
        | Refused::NameInvalid
        | Refused::LabelInvalid
        | Refused::NotRecorded
        | Refused::Incomplete => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The refusal as a document.
pub fn problem(refused: Refused, lang: Lang) -> Problem {
    let title = lang.pick("The request was refused", "Запрос отклонён");
    let problem = Problem::new(status(refused), refused.code(), title).detail(refused.say(lang));
    match refused.seconds() {
        Some(seconds) => problem.retry_after(seconds),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{LONGEST, SHORTEST};

    #[test]
    fn a_password_s_length_is_refused_with_the_length_that_is_right() {
        for lang in [Lang::En, Lang::Ru] {
            assert!(Refused::PasswordTooShort.say(lang).contains(&format!(" {SHORTEST} ")));
            assert!(Refused::PasswordTooLong.say(lang).contains(&format!(" {LONGEST} ")));
        }
    }
}
