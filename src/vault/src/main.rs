//! The vault's program.

use std::{io, process::ExitCode};

use clap::Parser;
use symbolon_service::{hardening, program};
use symbolon_vault::args::{Arguments, run};

/// Requests hold personal data: what they leave on the heap is wiped.
#[global_allocator]
static ALLOCATOR: hardening::WipingAllocator = hardening::WIPING_ALLOCATOR;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("symbolon-vault", || async {
        run(arguments, &mut io::stdout()).await
    })
}
