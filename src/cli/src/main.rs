//! The program `symbolon`.

fn main() -> std::process::ExitCode {
    symbolon_cli::run_from_args(std::env::args_os())
}
