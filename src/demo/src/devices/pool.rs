use std::{
    io::IsTerminal,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::device::Device;

/// How many devices are at work at once.
const AT_ONCE: usize = 8;

/// Lets each device do something; the first failure ends it all.
pub(super) fn each(
    devices: &mut [Device],
    what: &str,
    work: impl Fn(&mut Device) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    let bar = bar(devices.len() as u64, what);
    let (stop, share) = (
        AtomicBool::new(false),
        devices.len().div_ceil(AT_ONCE).max(1),
    );
    let outcome = thread::scope(|scope| {
        let workers: Vec<_> = devices
            .chunks_mut(share)
            .map(|chunk| {
                let (bar, stop, work) = (&bar, &stop, &work);
                scope.spawn(move || {
                    for device in chunk {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        work(device).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                        bar.inc(1);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(outcome) => outcome,
                Err(_) => anyhow::bail!("a device's thread ended early"),
            })
    });
    bar.finish_and_clear();
    outcome
}

fn bar(length: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what.to_owned());
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    match ProgressStyle::with_template("   {msg:9} {bar:40} {pos}/{len} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
