//! No refusal leaves without words. A door that is not there, a method that it does not take, a body
//! that is too large, a handler that broke: whatever would answer with a bare status or a few words
//! of a library becomes a problem document for programs, and a page for people, in their language.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, StatusCode};
use shared::lang::Lang;

use super::problem::{Problem, language};
use super::refusals;

/// Gives words to every refusal that has none.
pub async fn in_words(request: Request, next: Next) -> Response {
    let lang = language(request.headers());
    let is_head = request.method() == Method::HEAD;
    let is_program = is_for_programs(request.uri().path());
    let (bare, body) = next.run(request).await.into_parts();
    if !is_refusal(bare.status) || says_more_than_plain_text(&bare) {
        return Response::from_parts(bare, body);
    }
    let problem = of_status(bare.status, is_program, lang);
    let mut response = if is_program { problem.into_response() } else { problem.into_page(lang) };
    for (name, value) in &bare.headers {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH {
            response.headers_mut().append(name, value.clone());
        }
    }
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Whether an address is a door for programs, which read documents and no pages.
pub fn is_for_programs(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn says_more_than_plain_text(answer: &http::response::Parts) -> bool {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| !kind.starts_with("text/plain"))
}

fn of_status(status: StatusCode, is_program: bool, lang: Lang) -> Problem {
    let say = |en, ru| lang.pick(en, ru);
    let for_program =
        say("What can be asked is described at /api.", "Что здесь можно запросить, описано на странице /api.");
    let (kind, title, for_person) = match status {
        StatusCode::NOT_FOUND => return refusals::not_found(lang),
        StatusCode::PAYLOAD_TOO_LARGE if is_program => return refusals::too_large(lang),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too-large",
            say("This is too much at once", "Слишком много за один раз"),
            say(
                "Nothing was recorded. Go back, shorten what you wrote, and send it again.",
                "Ничего не записано. Вернитесь, сократите текст и отправьте ещё раз.",
            ),
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method",
            say("This address does not take such requests", "По этому адресу такие запросы не принимаются"),
            say("Nothing was changed. Begin at the first page.", "Ничего не изменилось. Начните с первой страницы."),
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "media-type",
            say("What was sent is in another form", "Данные пришли не в том виде"),
            say(
                "Nothing was changed. Go back, load the page again, and send it once more.",
                "Ничего не изменилось. Вернитесь, обновите страницу и отправьте ещё раз.",
            ),
        ),
        StatusCode::INTERNAL_SERVER_ERROR => (
            "broken",
            say("Something broke here", "У нас что-то сломалось"),
            say(
                "That is our fault, not yours. Try again; if it stays so, tell whoever runs the server.",
                "Это наша ошибка, а не ваша. Попробуйте ещё раз; если не поможет, сообщите тем, кто отвечает за сервер.",
            ),
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "unavailable",
            say("This is not to be had at the moment", "Сейчас это недоступно"),
            say("Try again in a few seconds.", "Попробуйте ещё раз через несколько секунд."),
        ),
        _ => (
            "malformed",
            say("This request cannot be read", "Этот запрос не читается"),
            say(
                "Nothing was changed. Go back, load the page again, and send it once more.",
                "Ничего не изменилось. Вернитесь, обновите страницу и отправьте ещё раз.",
            ),
        ),
    };
    let is_ours = status.is_server_error();
    Problem::new(status, kind, title).detail(if is_program && !is_ours { for_program } else { for_person })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    async fn ask(path: &str, lang: &str) -> (StatusCode, String, String) {
        async fn breaks() -> StatusCode {
            panic!("a secret of the house")
        }
        let app = Router::new()
            .route("/api/breaks", get(breaks))
            .route("/breaks", get(breaks))
            .route("/fine", get(async || "fine"))
            .route("/own", get(async || (StatusCode::FORBIDDEN, axum::response::Html("<p>own</p>"))))
            .layer(CatchPanicLayer::new())
            .layer(from_fn(in_words));
        let request = Request::get(path).header("accept-language", lang).body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        (status, kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_handler_that_breaks_is_told_in_words_and_tells_no_secret() {
        let (status, kind, body) = ask("/api/breaks", "en").await;
        assert_eq!((status.as_u16(), kind.as_str()), (500, "application/problem+json"));
        assert!(body.contains("/problems/broken") && !body.contains("secret"), "{body}");
        let (status, kind, body) = ask("/breaks", "ru").await;
        assert_eq!((status.as_u16(), kind.as_str()), (500, "text/html; charset=utf-8"));
        assert!(
            body.contains("<html lang=\"ru\">") && body.contains("наша ошибка") && !body.contains("secret"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn what_has_words_keeps_them() {
        assert_eq!(ask("/fine", "en").await.2, "fine");
        assert_eq!(ask("/own", "en").await.2, "<p>own</p>");
        assert!(ask("/nowhere", "ru").await.2.contains("Здесь ничего нет"));
    }
}
