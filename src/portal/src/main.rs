//! The portal's program.

use std::{io, process::ExitCode};

use clap::Parser;
use symbolon_portal::args::{Arguments, run};
use symbolon_service::{hardening, program};

/// What passes leaves nothing on the heap.
#[global_allocator]
static ALLOCATOR: hardening::WipingAllocator = hardening::WIPING_ALLOCATOR;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("symbolon-portal", || async {
        run(arguments, &mut io::stdout()).await
    })
}
