//! The screens of Twofront: every page is rendered on the server, reads without scripts, and comes
//! to life in the browser from the same code.
//!
//! A page reads a view, renders it and offers commands. It decides nothing: rules live in `shared`,
//! and this crate knows neither the store nor the server.

pub mod address;
pub mod assets;
#[cfg(feature = "hydrate")]
mod fetch;
pub mod forms;
pub mod live;
pub mod pages;
pub mod parts;
pub mod read;
pub mod refused;
pub mod routes;
pub mod shell;
pub mod source;
pub mod text;
pub mod theme;
pub mod views;
pub mod when;

pub use assets::Assets;
pub use routes::App;
pub use shell::shell;
pub use text::Lang;

/// Brings a page that the server rendered to life. Called once by the script in [`shell()`].
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    use pages::pieces::Piece;

    console_error_panic_hook::set_once();
    let path = leptos::prelude::location().pathname().unwrap_or_default();
    if let Some(piece) = Piece::at(&path)
        && piece.fetch().await.is_err()
    {
        // The page stays as the server made it, and works as it does without scripts.
        return;
    }
    leptos::mount::hydrate_body(App);
    // For whoever waits until the page answers: tests, and styles of what needs a script.
    if let Some(html) = leptos::prelude::document().document_element() {
        let _ = html.set_attribute("data-alive", "");
    }
    // The others are there before anybody asks for them, and do not keep this page waiting.
    let fetch_others = async {
        for piece in Piece::ALL {
            // Choosing a page says so when it fails.
            drop(piece.fetch().await);
        }
    };
    leptos::prelude::set_timeout(|| leptos::task::spawn_local(fetch_others), std::time::Duration::from_secs(1));
}
