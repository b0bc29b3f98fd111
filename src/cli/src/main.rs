//! The program `symbolon`.

/// Passphrases and personal data pass through buffers that others free.
#[global_allocator]
static ALLOCATOR: symbolon_service::hardening::WipingAllocator =
    symbolon_service::hardening::WIPING_ALLOCATOR;

fn main() -> std::process::ExitCode {
    symbolon_cli::run_from_args(std::env::args_os())
}
