//! Settings: each by flag and by environment variable, all of them shown by `--help`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use app::when::Zone;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::pages::{zone_named, zone_of_system};

/// Where everything lives.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The folder that holds everything; made if it is not there.
    #[arg(long, global = true, env = "TWOFRONT_DATA", value_name = "DIR", default_value = "data", value_parser = folder)]
    pub data: PathBuf,

    /// The keys, where they lie apart from the data (better: their backups are to be short-lived). DATA/keys if not said.
    #[arg(long, global = true, env = "TWOFRONT_KEYS", value_name = "DIR", value_parser = folder)]
    pub keys: Option<PathBuf>,

    /// For demonstrations and tests: the moment that it is when the program starts, such as 2026-06-01T12:00:00Z.
    #[arg(long, global = true, env = "TWOFRONT_CLOCK", value_name = "MOMENT")]
    pub clock: Option<Timestamp>,
}

impl Place {
    pub fn keys(&self) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| self.data.join("keys"))
    }

    pub fn access(&self) -> PathBuf {
        self.data.join("access")
    }

    pub fn data(&self) -> &Path {
        &self.data
    }
}

/// How the server says what it does, on stderr.
#[derive(Args, Clone, Debug)]
pub struct Logging {
    /// The form of the log.
    #[arg(long, global = true, env = "TWOFRONT_LOG_FORMAT", value_name = "FORM", default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged, as a filter: `warn`, `info`, `server=debug,info`.
    #[arg(long, global = true, env = "TWOFRONT_LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// How the server is reached.
#[derive(Args, Clone, Debug)]
pub struct Reach {
    /// The address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "TWOFRONT_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:3000", value_parser = address)]
    pub listen: SocketAddr,

    /// What people type to get here, where a proxy stands in front: `https://twofront.example`.
    #[arg(long, env = "TWOFRONT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A proxy of ours stands in front and fills in `X-Forwarded-For`.
    #[arg(long, env = "TWOFRONT_BEHIND_PROXY")]
    pub behind_proxy: bool,

    /// Whether cookies are only for https; if not said, decided by the public URL, and without one they are unless
    /// the server listens to this machine alone.
    #[arg(long, env = "TWOFRONT_SECURE_COOKIES", value_name = "true|false")]
    pub secure_cookies: Option<bool>,

    /// The folder that `cargo xtask site` built: scripts and styles. Found beside the binary if not said.
    #[arg(long, env = "TWOFRONT_SITE", value_name = "DIR")]
    pub site: Option<PathBuf>,

    /// The time zone in which pages show days and hours to whoever has chosen none and whose device says none; this machine's
    /// if not said.
    #[arg(long, env = "TWOFRONT_ZONE", value_name = "ZONE", value_parser = zone)]
    pub zone: Option<Zone>,
}

impl Reach {
    pub fn zone(&self) -> Zone {
        self.zone.clone().unwrap_or_else(zone_of_system)
    }

    /// What stands before the path of a link that is given away.
    pub fn base(&self, listening: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{listening}"),
        }
    }
}

/// Absolute, so that every part of it has a parent.
fn folder(text: &str) -> Result<PathBuf, String> {
    std::path::absolute(text).map_err(|error| error.to_string())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().map_err(|error| format!("{error}; write it as 127.0.0.1:3000"))?;
    found.into_iter().next().ok_or_else(|| "this name has no address".to_owned())
}

fn zone(name: &str) -> Result<Zone, String> {
    zone_named(name).map_err(|error| error.to_string())
}
