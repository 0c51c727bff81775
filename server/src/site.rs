//! The files that a browser needs, as `cargo xtask site` built them, held in memory. Their names
//! carry a hash of their content, so they may be cached for ever; what changes is the name.

use app::{Assets, assets::Bundle};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, header},
    response::Response,
};
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is served beside the pages.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pub assets: Assets,
    files: Arc<HashMap<String, File>>,
}

#[derive(Debug)]
struct File {
    caching: Caching,
    content_type: &'static str,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

/// How long a browser may keep a file without asking.
#[derive(Clone, Copy, Debug)]
enum Caching {
    /// Its name changes with its content.
    ForEver,
    /// It keeps its name, as what cargo-leptos builds does.
    AskAgain,
}

impl Caching {
    const fn header(self) -> &'static str {
        match self {
            Self::ForEver => "public, max-age=31536000, immutable",
            Self::AskAgain => "no-cache",
        }
    }
}

/// Why the site could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error("the browser's files are not built: {} is missing. Build them with `cargo xtask site`", .0.display())]
    NotBuilt(PathBuf),
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} is not a list of assets: {error}. Build it again with `cargo xtask site`", path.display())]
    Garbled { path: PathBuf, error: serde_json::Error },
}

impl Site {
    /// Reads a folder that `cargo xtask site` wrote.
    ///
    /// # Errors
    /// When it was not built, or cannot be read.
    pub fn read(root: &Path) -> Result<Self, SiteError> {
        let list = root.join("assets.json");
        let (assets, caching) = match fs::read(&list) {
            Ok(json) => match serde_json::from_slice(&json) {
                Ok(assets) => (assets, Caching::ForEver),
                Err(error) => return Err(SiteError::Garbled { path: list, error }),
            },
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SiteError::Unreadable { path: list, error });
            }
            Err(_) if root.join("pkg/twofront.js").is_file() => (of_cargo_leptos(), Caching::AskAgain),
            Err(_) => return Err(SiteError::NotBuilt(list)),
        };
        let mut files = HashMap::new();
        read_into(&mut files, caching, root, root)?;
        Ok(Self { assets, files: Arc::new(files) })
    }

    /// Where the site of this binary is: beside it in `site/`, or one folder up, as in `target/site`
    /// for `target/debug/twofront` and in `share/site` layouts.
    #[must_use]
    pub fn folder_of_this_binary() -> PathBuf {
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(|folder| folder.join("site")));
        let above = beside.as_deref().and_then(|beside| Some(beside.parent()?.parent()?.join("site")));
        [beside, above]
            .into_iter()
            .flatten()
            .find(|folder| folder.join("pkg").is_dir())
            .unwrap_or_else(|| PathBuf::from("target/site"))
    }
}

impl Site {
    /// The answer to a request for one of the files; nothing when the address is not a file's.
    #[must_use]
    pub fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        let file = self.files.get(path)?;
        let (encoding, bytes) = file.best_for(headers);
        let mut response =
            Response::new(if method == Method::HEAD { Body::empty() } else { Body::from(bytes.clone()) });
        let head = response.headers_mut();
        head.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        head.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static(file.caching.header()));
        head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(encoding) = encoding {
            head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Some(response)
    }
}

impl File {
    fn best_for(&self, headers: &HeaderMap) -> (Option<&'static str>, &Bytes) {
        let accepts = |coding: &str| {
            headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
                value.split(',').any(|wish| {
                    let mut parts = wish.split(';');
                    parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case(coding))
                        && !parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
                })
            })
        };
        match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if accepts("br") => (Some("br"), brotli),
            (_, Some(gzip)) if accepts("gzip") => (Some("gzip"), gzip),
            _ => (None, &self.plain),
        }
    }
}

fn read_into(files: &mut HashMap<String, File>, caching: Caching, root: &Path, folder: &Path) -> Result<(), SiteError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| SiteError::Unreadable { path, error }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.is_dir() {
            read_into(files, caching, root, &path)?;
        } else if let (Some(content_type), Ok(name)) = (content_type(&path), path.strip_prefix(root)) {
            let squeezed = |suffix: &str| {
                let mut squeezed = path.clone().into_os_string();
                squeezed.push(suffix);
                fs::read(squeezed).ok().map(Bytes::from)
            };
            let file = File {
                caching,
                content_type,
                plain: fs::read(&path).map_err(unreadable(&path))?.into(),
                brotli: squeezed(".br"),
                gzip: squeezed(".gz"),
            };
            files.insert(format!("/{}", name.to_string_lossy()), file);
        }
    }
    Ok(())
}

/// The names that `cargo leptos build` gives.
fn of_cargo_leptos() -> Assets {
    Assets {
        style: Some("/pkg/twofront.css".to_owned()),
        bundle: Some(Bundle {
            script: "/pkg/twofront.js".to_owned(),
            wasm: "/pkg/twofront.wasm".to_owned(),
            // Its script knows the files of each piece, and fetches them without being told.
            pieces: BTreeMap::new(),
        }),
        ..Assets::default()
    }
}

/// What we serve and nothing else: the list of assets and the compressed twins are not files of the site.
fn content_type(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "css" => "text/css; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        let file = |squeezed: &'static str| File {
            caching: Caching::ForEver,
            content_type: "text/javascript; charset=utf-8",
            plain: Bytes::from_static(b"plain"),
            brotli: Some(Bytes::from_static(squeezed.as_bytes())),
            gzip: None,
        };
        Site { assets: Assets::default(), files: Arc::new(HashMap::from([("/pkg/1/app.js".to_owned(), file("br"))])) }
    }

    fn ask(path: &str, encodings: &'static str) -> Option<Response> {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(encodings))]);
        site().answer(&Method::GET, path, &headers)
    }

    #[test]
    fn a_file_may_be_kept_for_ever() {
        let answer = ask("/pkg/1/app.js", "gzip, deflate, br");
        let header = |name| answer.as_ref().and_then(|answer| answer.headers().get(name)?.to_str().ok());
        assert_eq!(header(header::CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
        assert_eq!(header(header::CONTENT_ENCODING), Some("br"));
        assert_eq!(header(header::CONTENT_LENGTH), Some("2"));
    }

    #[test]
    fn a_browser_gets_no_encoding_it_did_not_ask_for() {
        for encodings in ["", "gzip", "br;q=0, gzip"] {
            let answer = ask("/pkg/1/app.js", encodings);
            assert!(answer.is_some_and(|answer| !answer.headers().contains_key(header::CONTENT_ENCODING)));
        }
    }

    #[test]
    fn nothing_outside_the_site_is_served() {
        for path in ["/assets.json", "/pkg/1/../../assets.json", "/etc/passwd", "/pkg/1/"] {
            assert!(ask(path, "br").is_none());
        }
    }
}
