//! The commands of the binary `twofront`. Facts go to stdout, what is said about them to stderr, so
//! that a script reads the one and a person both.

mod care;
mod opened;
mod person;
mod server;
mod transfer;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use serde::Serialize;
use shared::lang::Lang;
use shared::words::Role;
use tracing_subscriber::EnvFilter;

use crate::access::{AccessError, KeptError};
use crate::api::openapi::DOCUMENT;
use crate::config::{LogFormat, Logging, Place, Reach};
use crate::demo;
use crate::desk::Refusal;
use crate::import;
use crate::office::OfficeError;
use crate::store::OpenError;
use crate::store::care::CareError;
use crate::store::keyring::KeyringError;

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  not done; the reason is on stderr (verify: damaged, the position is named)
  2  the command line is wrong (verify: cannot tell)
  3  another process uses the data directory: stop the server, or ask it instead
  4  done in part: a whole file could not be read (import)

Every setting can be given by its flag or by its environment variable; a flag wins.";

const VERIFY_CODES: &str = "Exit codes:
  0  sound; what is put right by itself at the next start is remarked
  1  damaged; the first position that cannot be vouched for is named
  2  cannot tell: there is no store, its keys are not there, or it cannot be read whole";

const CARE_CODES: &str = "Exit codes:
  0  done, and found sound
  1  not done: what is there is not sound, the place is taken, or the disk refuses; the reason is on stderr
  3  another process uses the data directory (a backup is refused only while it is being opened)";

const IMPORT_CODES: &str = "Exit codes:
  0  done; how many rows were refused is said, and they are in the folder that --refused names
  1  not done; the reason is on stderr
  3  another process uses the data directory: stop the server, or import from its page
  4  done in part: a whole file could not be read";

/// Twofront records what happens on both fronts of your accounts: with the client, and among yourselves.
#[derive(Parser, Debug)]
#[command(name = "twofront", version, after_help = EXIT_CODES, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    logging: Logging,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve pages and the API until asked to stop (SIGTERM, Ctrl+C)
    Serve(Reach),
    /// Take over the export of another CRM, as one batch that can be taken back
    Import {
        #[command(subcommand)]
        from: From,
    },
    /// Write out what is recorded
    Export {
        #[command(subcommand)]
        what: What,
    },
    /// Read everything and compare it with every seal; a server may be running
    #[command(after_help = VERIFY_CODES)]
    Verify(Facts),
    /// Make everything that can be made anew from the journal, if that is sound
    #[command(after_help = CARE_CODES)]
    Rebuild(Facts),
    /// Copy the journal with its proof to a folder, and verify the copy; a server may be running
    #[command(after_help = CARE_CODES)]
    Backup(Backup),
    /// Put a backup in the place of a data directory that is empty
    #[command(after_help = CARE_CODES)]
    Restore {
        /// The folder that `twofront backup` wrote.
        from: PathBuf,
        #[command(flatten)]
        facts: Facts,
    },
    /// Let colleagues in
    Colleague {
        #[command(subcommand)]
        what: Person,
    },
    /// Print an access token for a colleague's programs, once
    Token {
        /// The address that the colleague signs in with.
        email: String,
        #[command(flatten)]
        facts: Facts,
    },
    /// Fill the store with a generated company, for demonstrations and measurements; run again, it goes on
    Demo(Demo),
    /// Print the description of the API
    Openapi,
    /// Print completions for a shell
    Completions { shell: Shell },
}

#[derive(Subcommand, Debug)]
enum From {
    /// The CSV files of a Salesforce data export: Account, Contact, Task, Event, AccountContactRelation
    Salesforce(Import),
}

#[derive(Args, Debug)]
#[command(after_help = IMPORT_CODES)]
struct Import {
    /// The folder with the files.
    dir: PathBuf,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// The folder for refused rows, each with its reason: mend them there, import it, and remove it, for it
    /// holds people's data in the clear.
    #[arg(long, value_name = "DIR", default_value = "refused")]
    refused: PathBuf,
    /// The language of reasons.
    #[arg(long, env = "TWOFRONT_LANG", default_value = "en")]
    lang: Tongue,
    #[command(flatten)]
    facts: Facts,
}

#[derive(Subcommand, Debug)]
enum What {
    /// The log as JSON Lines: one event a line, in order of position, personal parts included
    Events {
        /// Where to; `-` is stdout.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        facts: Facts,
    },
}

#[derive(Args, Debug)]
struct Backup {
    /// A folder that is empty or not there yet; it is there only once the copy is whole.
    to: PathBuf,
    /// Copy the keys and the logins, too, and where to. Whoever has them can read what is sealed, and who is forgotten later is not
    /// forgotten there: keep this copy for a short time only.
    #[arg(long, value_name = "DIR")]
    keys_to: Option<PathBuf>,
    #[command(flatten)]
    facts: Facts,
}

#[derive(Subcommand, Debug)]
enum Person {
    /// Make somebody a colleague, and print the link with which they choose a password; give a role to who is one
    Add {
        /// First and last name; of somebody who is a colleague already, the one that is known stays.
        name: String,
        /// The address that they sign in with, by which they are known.
        email: String,
        /// What they may do.
        #[arg(long, value_parser = roles())]
        role: Role,
        /// What stands before the link's path.
        #[arg(long, env = "TWOFRONT_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:3000")]
        public_url: String,
        #[command(flatten)]
        facts: Facts,
    },
}

#[derive(Args, Debug)]
struct Demo {
    /// How many events there are to be in all: what is there already is not made again, and none is taken away.
    #[arg(long, value_name = "N")]
    events: u64,
    /// The same number makes the same company.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The last day of its ten years: another day makes another company.
    #[arg(long, value_name = "DAY", default_value_t = demo::UNTIL)]
    until: Date,
    /// The language of the company.
    #[arg(long, env = "TWOFRONT_LANG", default_value = "en")]
    lang: Tongue,
    #[command(flatten)]
    facts: Facts,
}

#[derive(Args, Clone, Copy, Debug)]
struct Facts {
    /// Say what became of it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    En,
    Ru,
}

impl std::convert::From<Tongue> for Lang {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::En => Self::En,
            Tongue::Ru => Self::Ru,
        }
    }
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Office(#[from] OfficeError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Care(#[from] CareError),
    #[error(transparent)]
    Import(#[from] import::Error),
    #[error(transparent)]
    Demo(#[from] demo::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("{what}: {error}")]
    Io { what: String, error: io::Error },
    #[error("{0}")]
    Other(String),
}

impl Failure {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }

    fn exit_code(&self) -> ExitCode {
        let in_use = match self {
            Self::Open(OpenError::Locked { .. })
            | Self::Keyring(KeyringError::Locked { .. })
            | Self::Access(AccessError::Kept(KeptError::InUse { .. }))
            | Self::Care(
                CareError::Open(OpenError::Locked { .. })
                | CareError::Opening(_)
                | CareError::Keys(KeyringError::Locked { .. }),
            ) => true,
            Self::Open(_)
            | Self::Keyring(_)
            | Self::Office(_)
            | Self::Access(_)
            | Self::Care(_)
            | Self::Import(_)
            | Self::Demo(_)
            | Self::Refused(_)
            | Self::Io { .. }
            | Self::Other(_) => false,
        };
        ExitCode::from(if in_use { 3 } else { 1 })
    }
}

/// Runs the command that these arguments ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Cli { place, logging, command } = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Where nobody reads what is said, the exit code still says it.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    log(&logging, matches!(command, Command::Serve(_)));
    match carry_out(&place, command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("twofront: {failure}");
            failure.exit_code()
        }
    }
}

fn carry_out(place: &Place, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(reach) => server::serve(place, &reach),
        Command::Import { from: From::Salesforce(import) } => transfer::import(place, &import),
        Command::Export { what: What::Events { out, facts } } => transfer::export(place, &out, facts),
        Command::Verify(facts) => care::verify(place, facts),
        Command::Rebuild(facts) => care::rebuild(place, facts),
        Command::Backup(backup) => care::backup(place, &backup),
        Command::Restore { from, facts } => care::restore(place, &from, facts),
        Command::Colleague { what: Person::Add { name, email, role, public_url, facts } } => {
            person::add(place, &name, &email, role, &public_url, facts)
        }
        Command::Token { email, facts } => person::token(place, &email, facts),
        Command::Demo(demo) => transfer::demo(place, &demo),
        Command::Openapi => {
            print(DOCUMENT)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "twofront", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Writes facts; a reader who has gone away (`| head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("stdout")(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Facts as JSON where that is asked for, else as a person reads them.
fn tell<T: Serialize>(facts: Facts, value: &T, say: impl FnOnce() -> String) -> Result<(), Failure> {
    let text = if facts.json {
        serde_json::to_string(value).map_err(|error| Failure::Other(error.to_string()))?
    } else {
        say()
    };
    print(&format!("{text}\n"))
}

/// A bar on a terminal, and nothing where nobody looks.
fn bar(of: u64, what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len} {per_sec} {eta}");
    let bar = ProgressBar::new(of).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The roles by their words, so that the help can list them.
fn roles() -> impl TypedValueParser<Value = Role> {
    let words = Role::ALL.iter().map(|role| PossibleValue::new(role.word()).help(role.say(Lang::En)));
    PossibleValuesParser::new(words).try_map(|word| Role::from_word(&word).ok_or("there is no such role"))
}

fn log(logging: &Logging, serves: bool) {
    let usual = if serves { "info" } else { "warn" };
    let filter = logging.log.as_deref().unwrap_or(usual);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        eprintln!("twofront: the filter of the log cannot be read ({error}); {usual} is used");
        EnvFilter::new(usual)
    });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Only tests log twice in one process.
    let _ = match logging.log_format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).try_init(),
    };
}
