//! The portal's program.

use std::{io, process::ExitCode};

use clap::Parser;
use symbolon_portal::args::{Arguments, run};
use symbolon_service::hardening;

/// What passes leaves nothing on the heap.
#[global_allocator]
static ALLOCATOR: hardening::WipingAllocator = hardening::WIPING_ALLOCATOR;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    hardening::harden()?;
    symbolon_service::logs::hush_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(run(arguments, &mut io::stdout()))
}

#[expect(clippy::print_stderr, reason = "the program's own voice")]
fn complain(error: &anyhow::Error) {
    eprintln!("symbolon-portal: {error:#}");
}
