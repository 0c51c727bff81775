//! The document around every page: head, style sheet, and the few lines that bring the page to life.

use crate::{
    App, Assets,
    assets::Bundle,
    pages::pieces::Piece,
    parts::{fields::Slip, submit::Logged, waiting::Waiting},
    read::use_viewer,
    text::use_lang,
    when::DEVICE_ZONE_COOKIE,
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;
use leptos_router::location::RequestUrl;

/// The HTML document that the server sends.
///
/// The tags that load the bundle are written here and not by `HydrationScripts`, which puts the
/// nonce into the `crossorigin` of its preloads: browsers then fetch the bundle twice, and some
/// leave the page dead.
pub fn shell(assets: Assets) -> impl IntoView {
    let lang = use_lang();
    let icon = assets.files.get("favicon.svg").cloned();
    let files = serde_json::to_string(&Assets { files: assets.files, ..Assets::default() }).unwrap_or_default();
    let viewer = use_viewer().and_then(|viewer| serde_json::to_string(&viewer).ok());
    let waiting = use_context::<Waiting>().and_then(|waiting| serde_json::to_string(&waiting).ok());
    let logged = use_context::<Logged>().map(|Logged(stream)| stream);
    let slip = use_context::<Slip>().and_then(|slip| serde_json::to_string(&slip).ok());
    view! {
        <!DOCTYPE html>
        <html lang=lang.code() data-theme=crate::theme::use_theme().attribute()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="assets" content=files />
                {viewer.map(|viewer| view! { <meta name="viewer" content=viewer /> })}
                {waiting.map(|waiting| view! { <meta name="waiting" content=waiting /> })}
                {slip.map(|slip| view! { <meta name="slip" content=slip /> })}
                {logged.map(|logged| view! { <meta name="logged" content=logged /> })}
                {icon.map(|href| view! { <link rel="icon" type="image/svg+xml" href=href /> })}
                {assets.style.map(|href| view! { <link rel="stylesheet" href=href /> })}
                {assets.bundle.map(bundle_tags)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

fn bundle_tags(Bundle { script, wasm, mut pieces }: Bundle) -> impl IntoView {
    let nonce = use_nonce();
    let path = use_context::<RequestUrl>().and_then(|url| url.parse().ok()).map(|url| url.path().to_owned());
    let piece = path.and_then(|path| pieces.remove(Piece::at(&path)?.name())).unwrap_or_default();
    // Before the page that needs it: a day begins where people are. A page that was made for where they were before, as of
    // somebody who has landed, is asked for again; once, where the cookie took, and never one that shows a secret once.
    let start = format!(
        "const zone = () => document.cookie.split(\"; \").find(one => one.startsWith(\"{DEVICE_ZONE_COOKIE}=\"))?.split(\"=\")[1];\
         const [was, is] = [zone(), String(Intl.DateTimeFormat().resolvedOptions().timeZone)];\
         document.cookie = `{DEVICE_ZONE_COOKIE}=${{is}}; Path=/; Max-Age=31536000; SameSite=Lax`;\
         if (was && was !== is && zone() === is && !/[?&](new|invited)=/.test(location.search)) location.reload();\
         else import({script:?}).then(twofront => twofront.default({{ module_or_path: {wasm:?} }}).then(() => twofront.hydrate()));"
    );
    view! {
        <link rel="modulepreload" href=script nonce=nonce.clone() />
        {[wasm]
            .into_iter()
            .chain(piece)
            .map(|file| {
                view! { <link rel="preload" href=file r#as="fetch" r#type="application/wasm" crossorigin="anonymous" /> }
            })
            .collect_view()}
        <script type="module" nonce=nonce>
            {start}
        </script>
    }
}

/// What the server wrote into the head of the page under a name, for the browser to go on with.
#[cfg(feature = "hydrate")]
pub(crate) fn meta(name: &str) -> Option<String> {
    document().query_selector(&format!("meta[name={name}]")).ok().flatten()?.get_attribute("content")
}

/// The same, where it is a value.
#[cfg(feature = "hydrate")]
pub(crate) fn page_says<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    shared::json::read(&meta(name)?).ok()
}
