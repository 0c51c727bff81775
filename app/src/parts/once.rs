//! A text that is shown once: whole, however narrow the page, and with a button that copies it.

use leptos::prelude::*;

use super::Icon;
use crate::text::use_lang;

crate::texts! {
    copy { en: "Copy", ru: "Скопировать" }
    copied { en: "Copied", ru: "Скопировано" }
}

/// A link or a token, to be taken along now.
#[component]
pub fn Once(text: String) -> impl IntoView {
    let lang = use_lang();
    // Only a page that came over a secure line may write to the clipboard.
    let (may_copy, is_copied) = (RwSignal::new(false), RwSignal::new(false));
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| may_copy.set(browser::clipboard().is_some()));
    let whole = StoredValue::new(text.clone());
    let take = move |_| {
        #[cfg(feature = "hydrate")]
        browser::copy(whole.get_value(), is_copied);
        #[cfg(not(feature = "hydrate"))]
        let _ = whole;
    };
    view! {
        <pre class="stored once">{text}</pre>
        <div class="row needs-script" hidden=move || !may_copy.get()>
            <button class="button small" type="button" on:click=take>
                <Icon name="copy" />
                {copy(lang)}
            </button>
            <span class="small" role="status">
                {move || is_copied.get().then(|| copied(lang))}
            </span>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::Clipboard;

    /// The clipboard, where the browser lets this page at it.
    pub fn clipboard() -> Option<Clipboard> {
        let clipboard = window().navigator().clipboard();
        (!clipboard.is_undefined()).then_some(clipboard)
    }

    /// Says that it is copied once it is.
    pub fn copy(text: String, is_copied: RwSignal<bool>) {
        let Some(clipboard) = clipboard() else { return };
        is_copied.set(false);
        leptos::task::spawn_local(async move {
            if JsFuture::from(clipboard.write_text(&text)).await.is_ok() {
                is_copied.set(true);
            }
        });
    }
}
