//! From refusals to problem documents: the one place that knows which HTTP status says what.

use std::fmt::Display;

use app::forms::field_of;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use shared::domain::Rejection;
use shared::ids::CommandId;
use shared::lang::Lang;
use shared::policy::may_see;
use shared::request::MOST_EXPECTED;
use shared::words::{BadWord, Role};

use super::problem::{Problem, language};
use crate::desk::Refusal;

/// The member of a problem that names the field of a form which is wrong.
pub const FIELD: &str = "field";

/// What somebody with this role is told about a command that did not lead to a receipt.
pub fn of_command(refusal: &Refusal, command: CommandId, role: Option<Role>, lang: Lang) -> Problem {
    let problem = match refusal {
        Refusal::Rejected(rejection @ Rejection::Denied(_)) => {
            let title = lang.pick("You may not do that", "Вам это не разрешено");
            Problem::new(StatusCode::FORBIDDEN, "denied", title)
                .detail(rejection.say(lang))
                .with("rejection", rejection.word())
        }
        Refusal::Rejected(rejection) => {
            let title = lang.pick("That cannot be done as things stand", "Сейчас это сделать нельзя");
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rejected", title)
                .detail(rejection.say(lang))
                .with("rejection", rejection.word());
            match field_of(rejection) {
                Some(field) => problem.with(FIELD, field),
                None => problem,
            }
        }
        Refusal::Conflict { changed } => {
            let seen = changed
                .iter()
                .filter_map(|record| record.clone().seen_with(may_see(role, record.stream().slice)))
                .filter_map(|record| serde_json::to_value(record).ok());
            let title = lang.pick("Something changed since you looked", "Пока вы смотрели, что-то изменилось");
            let detail = lang.pick(
                "Somebody else was faster. Look at what changed and decide again; nothing was recorded.",
                "Кто-то успел раньше. Посмотрите, что изменилось, и решите заново: ничего не записано.",
            );
            Problem::new(StatusCode::CONFLICT, "conflict", title).detail(detail).with("changed", Value::from_iter(seen))
        }
        Refusal::TooLarge(why) => {
            tracing::info!(%command, why, "a command is too large");
            too_large(lang)
        }
        Refusal::Closed(why) => closed(why, lang),
        Refusal::Unavailable(why) => {
            let title = lang.pick("It is not known whether it was recorded", "Неизвестно, записано ли это");
            let detail = match lang {
                Lang::En => format!(
                    "Send it again with the same id: it will be recorded once, however often you send it. ({why})"
                ),
                Lang::Ru => format!(
                    "Отправьте то же самое с тем же идентификатором: сколько раз ни отправляй, запись будет одна. ({why})"
                ),
            };
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unknown-outcome", title).detail(detail)
        }
    };
    problem.with("command", command.to_string())
}

/// The store takes no entries.
pub fn closed(why: &str, lang: Lang) -> Problem {
    let title = lang.pick("Nothing can be recorded at the moment", "Сейчас записать ничего нельзя");
    let detail = match lang {
        Lang::En => format!("Reading goes on, nothing is lost. Tell whoever runs the server: {why}"),
        Lang::Ru => format!("Читать можно, ничего не потеряно. Сообщите тем, кто отвечает за сервер: {why}"),
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "closed", title).detail(detail)
}

pub fn too_large(lang: Lang) -> Problem {
    let title = lang.pick("This is too much at once", "Слишком много за один раз");
    let detail = lang.pick(
        "Nothing was recorded. Ask for it in several commands.",
        "Ничего не записано. Разделите это на несколько команд.",
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", title).detail(detail)
}

/// A command rests on more streams than any screen shows.
pub fn expects_too_much(lang: Lang) -> Problem {
    let title = lang.pick("This expects too much", "Слишком много ожиданий");
    let detail = match lang {
        Lang::En => format!("Nothing was recorded. Name at most {MOST_EXPECTED} streams in `expects`."),
        Lang::Ru => format!("Ничего не записано. Назовите в `expects` не больше {MOST_EXPECTED} потоков."),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "expects-too-much", title).detail(detail)
}

/// What was sent cannot be read as a request; or it can, and a word in it is not one.
pub fn unread(why: &serde_json::Error, lang: Lang) -> Problem {
    let why = why.to_string();
    let Some(word) = BadWord::said_in(&why) else { return malformed(&why, lang) };
    let title = lang.pick("This cannot be written like that", "Так записать нельзя");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "word", title).detail(word.say(lang))
}

/// What was sent is not in the form that it must have.
pub fn malformed(why: &str, lang: Lang) -> Problem {
    let title = lang.pick("This request cannot be read", "Этот запрос не читается");
    let detail = match lang {
        Lang::En => format!("{why}. The form of requests is described at /api."),
        Lang::Ru => format!("Разбор остановился: {why}. Как должны выглядеть запросы, описано на странице /api."),
    };
    Problem::new(StatusCode::BAD_REQUEST, "malformed", title).detail(detail)
}

/// The log cannot be read. The reason goes to the log of the server and to the reader alike: it names positions, never words.
pub fn unreadable(error: &dyn Display, lang: Lang) -> Problem {
    tracing::error!(%error, "the log cannot be read");
    let title = lang.pick("The log cannot be read", "Журнал событий не читается");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unreadable", title).detail(error.to_string())
}

/// The body is not said to be JSON.
pub fn not_json(lang: Lang) -> Problem {
    let title = lang.pick("What was sent is in another form", "Данные пришли не в том виде");
    let detail = lang.pick(
        "Send JSON, with the header “Content-Type: application/json”. The form of requests is described at /api.",
        "Отправьте JSON с заголовком «Content-Type: application/json». Как должны выглядеть запросы, описано на странице /api.",
    );
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", title).detail(detail)
}

/// The id of a command that was already used, for something else or by somebody else.
pub fn reused(command: CommandId, lang: Lang) -> Problem {
    let title = lang.pick("This id belongs to another command", "Этот идентификатор занят другой командой");
    let detail = lang.pick(
        "This command id was used for something else. Nothing was recorded now: send it again with a new id.",
        "Этот идентификатор команды уже использован для другого. Сейчас ничего не записано: отправьте ещё раз с новым идентификатором.",
    );
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "id-reused", title)
        .detail(detail)
        .with("command", command.to_string())
}

/// Somebody follows the log from more places than one person has.
pub fn too_many_lines(lang: Lang) -> Problem {
    let title = lang.pick("You follow the log from too many places", "Журнал открыт сразу в слишком многих местах");
    let detail = lang.pick(
        "Close some tabs or programs that follow it, then try again.",
        "Закройте часть вкладок или программ, которые за ним следят, и попробуйте ещё раз.",
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-lines", title).detail(detail).retry_after(30)
}

/// Somebody with a login who is no colleague (any more).
pub fn stranger(lang: Lang) -> Problem {
    let title = lang.pick("This is for colleagues", "Это только для сотрудников");
    Problem::new(StatusCode::FORBIDDEN, "denied", title).detail(shared::policy::Denied::Stranger.say(lang))
}

pub fn not_found(lang: Lang) -> Problem {
    let title = lang.pick("There is nothing here", "Здесь ничего нет");
    let detail = lang.pick(
        "Check the address. What exists is described at /api.",
        "Проверьте адрес. Что здесь есть, описано на странице /api.",
    );
    Problem::new(StatusCode::NOT_FOUND, "not-found", title).detail(detail)
}

/// For every address under `/api` that is none.
pub async fn no_such_door(headers: HeaderMap) -> Problem {
    not_found(language(&headers))
}
