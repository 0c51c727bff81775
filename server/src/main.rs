//! The binary `twofront`.

fn main() -> std::process::ExitCode {
    server::cli::run(std::env::args_os())
}
