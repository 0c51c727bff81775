//! The binary as scripts and operators use it: names, exit codes, and an orderly end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use shared::record::Record;

fn twofront(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twofront"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TWOFRONT_")) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--data").arg(data).current_dir(data.parent().unwrap()).stdin(Stdio::null());
    command
}

#[track_caller]
fn run(data: &Path, arguments: &[&str], code: i32) -> Output {
    let output = twofront(data, arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    output
}

#[track_caller]
fn out(data: &Path, arguments: &[&str]) -> String {
    String::from_utf8(run(data, arguments, 0).stdout).unwrap()
}

fn records(file: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn export_of(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/salesforce").join(name).display().to_string()
}

/// A server that is killed when the test ends, however it ends.
struct Serving {
    child: Child,
    address: String,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Serving {
    fn start(data: &Path) -> Self {
        let mut command = twofront(data, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.rsplit("http://").next().unwrap().to_owned();
        Self { child, address, lines }
    }

    fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn ask(&self, request: &str) -> String {
        let mut answer = String::new();
        self.connect(request).read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str, token: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        ))
    }

    /// Asks it to stop, and says how long that took.
    fn terminate(mut self) -> (std::process::ExitStatus, Duration) {
        let asked = Instant::now();
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        (status, asked.elapsed())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn house() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    (folder, data)
}

#[test]
fn every_command_has_help_that_shows_settings_and_exit_codes() {
    let (_folder, data) = house();
    let help = out(&data, &["--help"]);
    for text in ["Exit codes:", "TWOFRONT_DATA", "serve", "import", "export", "verify", "rebuild", "backup", "restore"]
    {
        assert!(help.contains(text), "{text}");
    }
    assert!(out(&data, &["serve", "--help"]).contains("TWOFRONT_LISTEN"));
    assert!(out(&data, &["import", "salesforce", "--help"]).contains("--dry-run"));
    assert!(out(&data, &["export", "events", "--help"]).contains("--out"));
    for (command, text) in [("verify", "cannot tell"), ("backup", "place is taken"), ("restore", "place is taken")] {
        assert!(out(&data, &[command, "--help"]).contains(text), "{command}");
    }
    assert!(out(&data, &["import", "salesforce", "--help"]).contains("a whole file could not be read"));
    assert!(out(&data, &["completions", "bash"]).contains("_twofront"));
    let document: Value = serde_json::from_str(&out(&data, &["openapi"])).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    run(&data, &["nonsense"], 2);
    assert!(!data.exists(), "asking for help makes nothing");
}

#[test]
fn a_colleague_is_added_once_and_gets_a_link_and_a_token() {
    let (_folder, data) = house();
    let add = ["colleague", "add", "Ada Lindqvist", "ada@twofront.example", "--role", "administrator", "--json"];
    let first: Value = serde_json::from_str(&out(&data, &add)).unwrap();
    assert!(first["link"].as_str().unwrap().starts_with("http://127.0.0.1:3000/join?link="));
    let second: Value = serde_json::from_str(&out(&data, &add)).unwrap();
    assert_eq!(first["colleague"], second["colleague"]);
    assert_eq!((&first["was"], &second["was"]["role"]), (&Value::Null, &Value::from("administrator")));
    let token = out(&data, &["token", "ada@twofront.example"]);
    assert!(token.starts_with("tf_") && token.trim_end().lines().count() == 1, "{token}");
    let token: Value = serde_json::from_str(&out(&data, &["token", "ada@twofront.example", "--json"])).unwrap();
    assert_eq!(token["colleague"], first["colleague"]);
    assert!(token["token"].as_str().unwrap().starts_with("tf_"), "{token}");
    run(&data, &["token", "nobody@twofront.example"], 1);
    let nowhere = data.with_file_name("nowhere");
    run(&nowhere, &["token", "ada@twofront.example"], 1);
    assert!(!nowhere.exists(), "a mistyped folder is not made");
    run(&data, &["colleague", "add", "Ada", "no address", "--role", "administrator"], 1);
    run(&data, &["colleague", "add", "Ada", "ada@twofront.example", "--role", "king"], 2);
    let file = data.with_file_name("events.jsonl");
    run(&data, &["export", "events", "--out", file.to_str().unwrap()], 0);
    assert_eq!(records(&file).len(), 2, "joined, and given a role");
}

#[test]
fn adding_a_colleague_again_says_what_was_there_and_what_is_now() {
    let (_folder, data) = house();
    let add = |name: &str, role: &str| {
        out(&data, &["colleague", "add", name, "lev@twofront.example", "--role", role, "--public-url", "https://x"])
    };
    let first = add("Lev Antonov", "account_manager");
    let lines: Vec<&str> = first.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("https://x/join?link="), "{first}");
    let until = lines[1].rsplit(' ').next().unwrap();
    assert_eq!(until.len(), "2026-12-03T00:54:31Z.".len(), "to the second: {until}");
    let second = add("Leo Antonov", "analyst");
    assert!(
        second.contains("lev@twofront.example is a colleague already: role was account_manager, is analyst now."),
        "{second}"
    );
    assert!(second.contains("The name stays Lev Antonov"), "{second}");
    assert!(add("Lev Antonov", "analyst").contains("role stays analyst.\nThis link"));
    let help = out(&data, &["colleague", "add", "--help"]);
    for text in ["First and last name", "sign in with", "resource_owner", "Key account manager"] {
        assert!(help.contains(text), "{text}\n{help}");
    }
}

#[test]
fn an_import_is_exported_line_by_line_and_again_imports_nothing() {
    let (_folder, data) = house();
    let export = export_of("first");
    let dry: Value =
        serde_json::from_str(&out(&data, &["import", "salesforce", &export, "--dry-run", "--json"])).unwrap();
    assert!(!data.exists(), "a trial run makes no data directory");
    let real: Value = serde_json::from_str(&out(&data, &["import", "salesforce", &export, "--json"])).unwrap();
    assert_eq!(dry["events"], real["events"], "a trial run says what will happen");
    assert_eq!((&dry["dry_run"], &dry["batch"]), (&Value::Bool(true), &Value::Null));
    assert_eq!((&real["dry_run"], real["batch"].is_string()), (&Value::Bool(false), true));
    let file = data.with_file_name("events.jsonl");
    run(&data, &["export", "events", "--out", file.to_str().unwrap()], 0);
    let exported = records(&file);
    let positions: Vec<u64> = exported.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=exported.len() as u64).collect::<Vec<_>>());
    let refused = String::from_utf8(run(&data, &["demo", "--events", "300"], 1).stderr).unwrap();
    assert!(refused.contains("this store holds a company already"), "{refused}");
    let again: Value = serde_json::from_str(&out(&data, &["import", "salesforce", &export, "--json"])).unwrap();
    assert_eq!(again["events"], 0);
    let dash = out(&data, &["export", "events", "--out", "-"]);
    assert_eq!(dash, std::fs::read_to_string(&file).unwrap());
}

#[test]
fn a_data_directory_may_be_named_relatively() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_twofront"));
    command.args(["demo", "--events", "100", "--data", "data"]).current_dir(folder.path());
    assert!(command.output().unwrap().status.success());
    run(&folder.path().join("data"), &["verify"], 0);
}

#[test]
fn an_export_into_a_pipe_leaves_it_a_pipe() {
    use std::os::unix::fs::FileTypeExt;
    let (folder, data) = house();
    run(&data, &["demo", "--events", "300"], 0);
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reading = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
    };
    run(&data, &["export", "events", "--out", pipe.to_str().unwrap()], 0);
    assert_eq!(reading.join().unwrap().lines().count(), 300);
    assert!(pipe.metadata().unwrap().file_type().is_fifo());
}

#[test]
fn rows_that_are_refused_are_written_out_and_a_file_that_cannot_be_read_is_told_by_the_exit_code() {
    let (folder, data) = house();
    let export = folder.path().join("export");
    std::fs::create_dir(&export).unwrap();
    std::fs::write(export.join("Account.csv"), "Id,Name\n0015g00000AAAAAAAA,Northwind\n0015g00000BBBBBBBB,\n").unwrap();
    let refused = folder.path().join("refused");
    let arguments = ["import", "salesforce", export.to_str().unwrap(), "--refused", refused.to_str().unwrap()];
    run(&data, &arguments, 0);
    assert!(std::fs::read_to_string(refused.join("Account.csv")).unwrap().contains("0015g00000BBBBBBBB"));
    std::fs::write(export.join("Contact.csv"), "Name\nAnna Petrova\n").unwrap();
    run(&data, &arguments, 4);
    // The rows that are read would be overwritten by those that are refused.
    let onto_itself = ["import", "salesforce", refused.to_str().unwrap(), "--refused", refused.to_str().unwrap()];
    run(&data, &onto_itself, 1);
    assert!(std::fs::read_to_string(refused.join("Account.csv")).unwrap().contains("0015g00000BBBBBBBB"));
}

#[test]
fn a_folder_that_is_not_there_or_holds_no_export_is_named_whole() {
    let (folder, data) = house();
    let says = |dir: &str| String::from_utf8(run(&data, &["import", "salesforce", dir], 1).stderr).unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let nowhere = folder.join("nowhere");
    assert_eq!(says(nowhere.to_str().unwrap()), format!("twofront: there is no folder {}\n", nowhere.display()));
    std::fs::create_dir(folder.join("empty")).unwrap();
    let empty = folder.join("empty").display().to_string();
    assert!(says("empty").contains(&format!("nothing to import in {empty}.")), "{}", says("empty"));
}

#[test]
fn a_generated_company_goes_on_where_it_ended() {
    let (_folder, data) = house();
    let demo = |events: &str| -> Value {
        serde_json::from_str(&out(&data, &["demo", "--events", events, "--seed", "7", "--lang", "ru", "--json"]))
            .unwrap()
    };
    let nothing = demo("1");
    assert_eq!((&nothing["events"], &nothing["accounts"], &nothing["colleagues"]), (&0.into(), &0.into(), &0.into()));
    let first = demo("300");
    assert_eq!(first["events"], 300);
    assert!(first["accounts"].as_u64() > Some(0) && first["colleagues"].as_u64() > Some(0), "{first}");
    let again = demo("300");
    assert_eq!((&again["events"], &again["accounts"], &again["colleagues"]), (&0.into(), &0.into(), &0.into()));
    let more = demo("500");
    assert!(more["events"].as_u64().unwrap() <= 201, "{more}");
    let lines = out(&data, &["export", "events", "--out", "-"]);
    assert!((500..=501).contains(&lines.lines().count()), "{}", lines.lines().count());
}

#[test]
fn a_log_in_json_has_numbers_where_it_counts() {
    let (_folder, data) = house();
    let told = run(&data, &["demo", "--events", "20", "--log-format", "json", "--log", "server=info"], 0);
    let lines = String::from_utf8(told.stderr).unwrap();
    let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let read = lines.find(|line| line["message"] == "read the log").unwrap();
    assert!(read["milliseconds"].is_u64() && read["events"].is_u64(), "{read}");
}

#[test]
fn care_is_taken_and_its_exit_codes_say_what_was_found() {
    let (folder, data) = house();
    run(&data, &["verify"], 2);
    run(&data, &["colleague", "add", "Ada Lindqvist", "ada@twofront.example", "--role", "administrator"], 0);
    let sound: Value = serde_json::from_str(&out(&data, &["verify", "--json"])).unwrap();
    assert_eq!((&sound["verdict"], &sound["events"]), (&Value::from("sound"), &Value::from(2)));
    run(&data, &["rebuild"], 0);

    let (copy, keys) = (folder.path().join("copy"), folder.path().join("copied-keys"));
    run(&data, &["backup", copy.to_str().unwrap(), "--keys-to", keys.to_str().unwrap()], 0);
    run(&data, &["backup", copy.to_str().unwrap()], 1);
    let restored = folder.path().join("restored");
    run(&restored, &["restore", copy.to_str().unwrap()], 0);
    let text =
        |data: &Path, keys: &Path| out(data, &["export", "events", "--out", "-", "--keys", keys.to_str().unwrap()]);
    assert_eq!(text(&restored, &keys), text(&data, &data.join("keys")));

    damage(&data);
    let damaged: Value = serde_json::from_slice(&run(&data, &["verify", "--json"], 1).stdout).unwrap();
    assert_eq!(damaged["verdict"], "damaged");
}

fn damage(data: &Path) {
    let journal = std::fs::read_dir(data.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let segment = journal.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let late = bytes.len() - bytes.len() / 8;
    *bytes.get_mut(late).unwrap() ^= 1;
    std::fs::write(&segment, bytes).unwrap();
}

#[test]
fn the_sound_part_of_a_damaged_log_is_not_passed_off_as_an_export_of_it() {
    let (folder, data) = house();
    for events in ["300", "600"] {
        run(&data, &["demo", "--events", events], 0);
    }
    damage(&data);
    // What is left of the shortcuts would keep the start from reading that far.
    for gone in ["index", "clean"] {
        std::fs::remove_file(data.join(gone)).unwrap();
    }
    let file = folder.path().join("events.jsonl");
    let failed = run(&data, &["export", "events", "--out", file.to_str().unwrap()], 1);
    assert!(String::from_utf8_lossy(&failed.stderr).contains("damaged at position"), "{failed:?}");
    assert!(!file.exists());
    let failed = run(&data, &["export", "events", "--out", "-"], 1);
    let lines = String::from_utf8(failed.stdout).unwrap().lines().count();
    assert!((300..600).contains(&lines), "{lines}");
}

#[test]
fn an_export_is_for_its_owner_and_makes_no_store_and_minds_no_head() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, data) = house();
    let file = folder.path().join("events.jsonl");
    run(&data, &["export", "events", "--out", file.to_str().unwrap()], 1);
    assert!(!data.exists(), "a mistyped directory stays what it is");
    run(&data, &["demo", "--events", "2000"], 0);
    run(&data, &["export", "events", "--out", file.to_str().unwrap()], 0);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // As `| head -1` does: reads a little, and goes away.
    let mut child = twofront(&data, &["export", "events", "--out", "-"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'));
    assert!(child.wait().unwrap().success());
}

#[test]
fn verify_opens_every_seal_and_names_what_a_server_could_not_start_with() {
    let (folder, data) = house();
    run(&data, &["demo", "--events", "300"], 0);
    let sound: Value = serde_json::from_str(&out(&data, &["verify", "--json"])).unwrap();
    assert!(sound["sealed"].as_u64().unwrap() > 0, "{sound}");
    assert_eq!(sound["forgotten"], 0);
    assert_eq!(sound["signed_commits"], sound["commits"]);
    let origin = format!("twofront/{}\n", sound["store"].as_str().unwrap());
    assert!(sound["checkpoint"].as_str().unwrap().starts_with(&origin), "{sound}");
    // Another store's ring, then none.
    let other = folder.path().join("other");
    run(&other, &["demo", "--events", "300", "--seed", "2"], 0);
    let (ring, master) = ("keys/ring-0000000001", "keys/master-0000000001");
    for name in [ring, master] {
        std::fs::rename(data.join(name), folder.path().join(name.replace('/', "-"))).unwrap();
        std::fs::copy(other.join(name), data.join(name)).unwrap();
    }
    let foreign: Value = serde_json::from_slice(&run(&data, &["verify", "--json"], 1).stdout).unwrap();
    assert!(foreign["position"].as_u64().is_some_and(|position| position > 0), "{foreign}");
    for name in [ring, master] {
        std::fs::remove_file(data.join(name)).unwrap();
    }
    run(&data, &["verify"], 2);
    // A master key without its ring says that a ring was lost, which is another thing than keys that lie elsewhere.
    std::fs::copy(other.join(master), data.join(master)).unwrap();
    let lost: Value = serde_json::from_slice(&run(&data, &["verify", "--json"], 1).stdout).unwrap();
    assert!(lost["why"].as_str().unwrap().contains("ring-0000000001 is missing"), "{lost}");
    for name in [ring, master] {
        std::fs::rename(folder.path().join(name.replace('/', "-")), data.join(name)).unwrap();
    }
    run(&data, &["verify"], 0);
}

#[test]
fn an_export_that_lacks_what_lost_keys_sealed_does_not_pass_for_a_whole_one() {
    let (folder, data) = house();
    run(&data, &["demo", "--events", "300", "--seed", "1"], 0);
    let ring = data.join("keys/ring-0000000001");
    let mut bytes = std::fs::read(&ring).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&ring, bytes).unwrap();
    let file = folder.path().join("events.jsonl");
    let said = run(&data, &["export", "events", "--out", file.to_str().unwrap()], 1).stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("1 page of the keyring") && said.contains("Restore the keys directory"), "{said}");
    assert_eq!(records(&file).len(), 300, "what can be read is there");
}

#[test]
fn a_backup_never_makes_keys_and_takes_the_logins_with_them() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, data) = house();
    run(&data, &["colleague", "add", "Ada Lindqvist", "ada@twofront.example", "--role", "administrator"], 0);
    let path = |name: &str| folder.path().join(name).display().to_string();
    run(&data, &["backup", &path("one"), "--keys", &path("typo"), "--keys-to", &path("keys-one")], 1);
    assert!(!folder.path().join("typo").exists() && !folder.path().join("keys-one").exists());
    // Named relatively, as people do.
    run(&data, &["backup", "two/", "--keys-to", "keys-two"], 0);
    assert!(!folder.path().join("two/.part").exists());
    for entry in std::fs::read_dir(path("keys-two")).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0);
    }
    let copied = |name: &str| std::fs::read(folder.path().join("keys-two").join(name)).unwrap();
    assert_eq!(copied("logins.json"), std::fs::read(data.join("access/logins.json")).unwrap());
    assert_eq!(copied("signing.key"), std::fs::read(data.join("keys/signing.key")).unwrap());
    // The backup alone is sound; put in place it asks for its keys.
    run(&folder.path().join("two"), &["verify"], 0);
    let restored = folder.path().join("restored");
    let told = run(&restored, &["restore", &path("two")], 0);
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("--keys-to") && told.contains("logins.json"), "{told}");
    run(&restored, &["verify"], 2);
    run(&restored, &["verify", "--keys", &path("keys-two")], 0);
}

#[test]
fn a_log_without_its_keys_is_not_called_damaged_and_nothing_is_made_in_their_place() {
    let (folder, data) = house();
    run(&data, &["colleague", "add", "Ada Lindqvist", "ada@twofront.example", "--role", "administrator"], 0);
    let path = |name: &str| folder.path().join(name).display().to_string();
    run(&data, &["backup", &path("copy"), "--keys-to", &path("copied-keys")], 0);
    let restored = folder.path().join("restored");
    run(&restored, &["restore", &path("copy")], 0);
    let keys = restored.join("keys");
    let sentence = format!(
        "the keys of this log are not in {}; put the copy there that `twofront backup --keys-to` made",
        keys.display()
    );
    let is_refused = || {
        let verdict = String::from_utf8(run(&restored, &["verify"], 2).stdout).unwrap();
        assert_eq!(verdict, format!("cannot tell: {sentence}\n"));
        for command in [&["export", "events", "--out", "-"][..], &["serve", "--listen", "127.0.0.1:0"], &["rebuild"]] {
            let said = String::from_utf8(run(&restored, command, 1).stderr).unwrap();
            assert_eq!(said, format!("twofront: {sentence}\n"), "{command:?}");
        }
    };
    is_refused();
    assert!(!keys.join("signing.key").exists(), "a second signing key would contradict the first");
    // An empty folder is no better, nor a keyring that was begun and has never given out a key.
    let _ = std::fs::create_dir(&keys);
    is_refused();
    drop(server::store::keyring::Keyring::at(&keys).unwrap());
    is_refused();
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(path("copied-keys"), &keys).unwrap();
    run(&restored, &["verify"], 0);
    assert_eq!(out(&restored, &["export", "events", "--out", "-"]).lines().count(), 2);
}

#[test]
fn a_server_serves_keeps_others_out_and_stops_in_time_when_it_is_asked_to() {
    let (_folder, data) = house();
    run(&data, &["colleague", "add", "Ada Lindqvist", "ada@twofront.example", "--role", "administrator"], 0);
    let token = out(&data, &["token", "ada@twofront.example"]).trim_end().to_owned();
    let mut serving = Serving::start(&data);
    let setup = serving.lines.next().unwrap().unwrap();
    assert!(setup.contains("/setup?link="), "nobody has a password yet: {setup}");

    let ready = serving.get("/readyz", &token);
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.to_lowercase().contains("x-request-id: "), "{ready}");
    let body = r#"{"id":"0190e0a0-0000-7000-8000-000000000001","stream":"account/0190e0a0-0000-7000-8000-000000000002","type":"register","data":{"name":"Northwind"}}"#;
    let posted = serving.ask(&format!(
        "POST /api/commands HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ));
    assert!(posted.starts_with("HTTP/1.1 200"), "{posted}");

    let busy = run(&data, &["export", "events", "--out", "-"], 3);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("in use by another process"));
    run(&data, &["token", "ada@twofront.example"], 3);
    run(&data, &["verify"], 0);
    let (copy, keys) = (data.with_file_name("copy"), data.with_file_name("copied-keys"));
    run(&data, &["backup", copy.to_str().unwrap(), "--keys-to", keys.to_str().unwrap()], 0);
    let restored = data.with_file_name("restored");
    run(&restored, &["restore", copy.to_str().unwrap()], 0);
    let text = out(&restored, &["export", "events", "--out", "-", "--keys", keys.to_str().unwrap()]);
    assert!(text.lines().last().unwrap().contains("Northwind"), "what was answered before is in the backup: {text}");

    // Somebody listens when it stops: the line ends, nothing hangs.
    let mut live = serving
        .connect(&format!("GET /api/events/live?after=0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"));
    let mut some = [0; 4_096];
    assert!(live.read(&mut some).unwrap() > 0);
    let (status, took) = serving.terminate();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let mut rest = Vec::new();
    live.read_to_end(&mut rest).unwrap();

    let exported = out(&data, &["export", "events", "--out", "-"]);
    assert!(exported.lines().last().unwrap().contains("Northwind"), "{exported}");
    run(&data, &["verify"], 0);
}
