//! The demo's program.

use std::process::ExitCode;

use symbolon_service::hardening;

/// One of its roles is the vault: what requests leave on the heap is wiped.
#[global_allocator]
static ALLOCATOR: hardening::WipingAllocator = hardening::WIPING_ALLOCATOR;

fn main() -> ExitCode {
    match symbolon_demo::role::of(std::env::args_os()) {
        Some((role, args)) => role.play(args),
        None => symbolon_demo::args::main(),
    }
}
