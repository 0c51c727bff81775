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

/// The member of a problem with what a parser, a disk or the store said of itself, as it said it. The sentences that people
/// read are in their language, and are understood without it.
pub const SAID: &str = "said";

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
            let detail = if changed.is_empty() {
                lang.pick(
                    "What you say you saw is not in the log, as after a restore from an older backup. Look again and decide anew; nothing was recorded.",
                    "Того, что вы, по вашим словам, видели, в журнале нет: так бывает после восстановления из более старой копии. Посмотрите ещё раз и решите заново: ничего не записано.",
                )
            } else {
                lang.pick(
                    "Somebody else was faster. Look at what changed and decide again; nothing was recorded.",
                    "Кто-то успел раньше. Посмотрите, что изменилось, и решите заново: ничего не записано.",
                )
            };
            Problem::new(StatusCode::CONFLICT, "conflict", title).detail(detail).with("changed", Value::from_iter(seen))
        }
        Refusal::TooLarge(why) => {
            tracing::info!(%command, why, "a command is too large");
            too_large(lang)
        }
        Refusal::Closed(why) => closed(why, lang),
        Refusal::Unavailable(why) => {
            let title = lang.pick("It is not known whether it was recorded", "Неизвестно, записано ли это");
            let detail = lang.pick(
                "Send it again with the same id: it will be recorded once, however often you send it.",
                "Отправьте то же самое с тем же идентификатором: сколько раз ни отправляй, запись будет одна.",
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unknown-outcome", title)
                .detail(detail)
                .with(SAID, why.as_str())
        }
    };
    problem.with("command", command.to_string())
}

/// The store takes no entries.
pub fn closed(why: &str, lang: Lang) -> Problem {
    let title = lang.pick("Nothing can be recorded at the moment", "Сейчас записать ничего нельзя");
    let detail = lang.pick(
        "Reading goes on, nothing is lost. Tell whoever runs the server: its log says why.",
        "Читать можно, ничего не потеряно. Сообщите тем, кто отвечает за сервер: причина записана в его журнале.",
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "closed", title).detail(detail).with(SAID, why)
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

/// What was sent is not in the form that it must have; `said` is the parser's word for it.
pub fn malformed(said: &str, lang: Lang) -> Problem {
    let described = lang
        .pick("The form of requests is described at /api.", "Как должны выглядеть запросы, описано на странице /api.");
    let what = in_plain_words(said, lang).unwrap_or_else(|| {
        lang.pick(
            "What the parser said is in the field “said” of this answer.",
            "Слова разборщика — в поле «said» этого ответа.",
        )
        .to_owned()
    });
    let title = lang.pick("This request cannot be read", "Этот запрос не читается");
    Problem::new(StatusCode::BAD_REQUEST, "malformed", title).detail(format!("{what} {described}")).with(SAID, said)
}

/// A listener names what it heard last, and that is no position.
pub fn no_position(lang: Lang) -> Problem {
    let title = lang.pick("This request cannot be read", "Этот запрос не читается");
    let detail = lang.pick(
        "The header Last-Event-ID must be the position of an event: a whole number.",
        "В заголовке Last-Event-ID должна стоять позиция события — целое число.",
    );
    Problem::new(StatusCode::BAD_REQUEST, "malformed", title).detail(detail)
}

/// A request has a field that nobody knows.
pub fn unknown_field(field: &str, known: &[&str], lang: Lang) -> Problem {
    malformed(&format!("unknown field `{field}`, expected one of {}", known.join(", ")), lang)
}

/// The usual slips, which serde words in these ways, as sentences.
fn in_plain_words(said: &str, lang: Lang) -> Option<String> {
    // "missing field `id` at line 1 column 2"
    let named = |before: &str| {
        let (_, after) = said.split_once(before)?;
        after.split_once('`')
    };
    let options = |rest: &str| {
        let rest = rest.split_once("expected ")?.1;
        let rest = rest.strip_prefix("one of ").unwrap_or(rest);
        Some(rest.split(" at line ").next()?.replace('`', "").replace(" or ", ", "))
    };
    let say = |en: String, ru: String| Some(if lang == Lang::Ru { ru } else { en });
    if let Some((field, _)) = named("missing field `") {
        return say(format!("The field “{field}” is missing."), format!("Нет поля «{field}»."));
    }
    if let Some((field, rest)) = named("unknown field `") {
        let known = options(rest)?;
        return say(
            format!("There is no field “{field}”; there is: {known}."),
            format!("Поля «{field}» нет; есть: {known}."),
        );
    }
    if let Some((word, rest)) = named("unknown variant `") {
        let known = options(rest)?;
        return say(
            format!("“{word}” is not known here; known: {known}."),
            format!("«{word}» здесь не бывает; бывает: {known}."),
        );
    }
    // Our own: "handoff accept has no field “resalt”".
    if let Some((command, field)) = said.split_once(" has no field “") {
        let field = field.split('”').next()?;
        return say(
            format!("The command “{command}” has no field “{field}”."),
            format!("У команды «{command}» нет поля «{field}»."),
        );
    }
    None
}

/// The log cannot be read. The reason goes to the log of the server and to the reader alike: it names positions, never words.
pub fn unreadable(error: &dyn Display, lang: Lang) -> Problem {
    tracing::error!(%error, "the log cannot be read");
    let title = lang.pick("The log cannot be read", "Журнал событий не читается");
    let detail = lang.pick(
        "Tell whoever runs the server: its own log says why.",
        "Сообщите тем, кто отвечает за сервер: причина записана в его собственном журнале.",
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unreadable", title).detail(detail).with(SAID, error.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_slips_are_told_in_plain_words() {
        for (said, en, ru) in [
            ("missing field `id` at line 1 column 2", "The field “id” is missing.", "Нет поля «id»."),
            (
                "unknown variant `explode`, expected one of `register`, `rename` at line 1 column 9",
                "“explode” is not known here; known: register, rename.",
                "«explode» здесь не бывает; бывает: register, rename.",
            ),
            (
                "unknown variant `klient`, expected `client` or `internal`",
                "“klient” is not known here; known: client, internal.",
                "«klient» здесь не бывает; бывает: client, internal.",
            ),
            (
                "interaction log has no field “palce” at line 1 column 90",
                "The command “interaction log” has no field “palce”.",
                "У команды «interaction log» нет поля «palce».",
            ),
            (
                "unknown field `expect`, expected `id`",
                "There is no field “expect”; there is: id.",
                "Поля «expect» нет; есть: id.",
            ),
        ] {
            assert_eq!(in_plain_words(said, Lang::En).as_deref(), Some(en));
            assert_eq!(in_plain_words(said, Lang::Ru).as_deref(), Some(ru));
        }
    }

    #[test]
    fn what_a_parser_says_otherwise_stands_apart_from_the_sentence() {
        let said = "invalid type: integer `3`, expected a string at line 1 column 12";
        let problem = malformed(said, Lang::Ru);
        assert_eq!(problem.member(SAID), Some(said));
        assert!(!problem.sentence().contains("invalid"), "{}", problem.sentence());
    }
}
