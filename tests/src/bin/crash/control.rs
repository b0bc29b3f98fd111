//! The controls: the same daemons, calls and checks, but the store's own syncs count for nothing,
//! so that sled's `flush` alone is left. Each has to lose what it acknowledged, or not to start.

use std::{sync::Arc, thread, time::Duration};

use tokio::runtime::Runtime;

use crate::{
    book::{Fault, Kind},
    check::ask_again,
    disk::{DATABASE, Faults},
    process::{Process, Which},
    storm::{Callers, Daemons, Disks, Witness},
    world::World,
};

const VOTERS: u64 = 300;
const OPEN_SECONDS: u64 = 600;
const SERVING: Duration = Duration::from_secs(2);

/// What became of one daemon.
struct Outcome {
    acknowledged: usize,
    /// Why it doesn't start; or how much it lost.
    damage: Result<u64, String>,
}

/// Fails if a control doesn't.
pub(crate) fn control(runtime: &Runtime, faults: &Faults) -> Result<(), String> {
    println!("\ncontrol: sled's flush alone, unsynced writes lost");
    let flush = lose(runtime, faults, |_| vec![DATABASE.to_owned()])?;
    println!("\ncontrol: the same, and the checkpoint file that would tell is lost too");
    let silent = lose(runtime, faults, |which| {
        vec![DATABASE.to_owned(), format!("/{}", which.name())]
    })?;
    let fine = |outcome: &Outcome| outcome.acknowledged == 0 || outcome.damage == Ok(0);
    if flush.iter().chain(&silent).any(fine) {
        return Err("a control lost nothing: the layer proves nothing".to_owned());
    }
    match silent.iter().all(|outcome| outcome.damage.is_ok()) {
        true => Ok(()),
        false => Err("a control shows no loss: the checks prove nothing".to_owned()),
    }
}

/// Both daemons under load, then without what the layer heard no sync of.
fn lose(
    runtime: &Runtime,
    faults: &Faults,
    deaf: impl Fn(Which) -> Vec<String>,
) -> Result<[Outcome; 2], String> {
    let (world, vault, gateway) = World::found(VOTERS, OPEN_SECONDS);
    let world = Arc::new(world);
    world.book().quiet = true;
    Daemons { vault, gateway }.stop(&world);
    let disks = Disks::lay(&world, faults, deaf);
    let daemons = Daemons::serve(&world, Some(&disks))?;
    let callers = Callers::start(runtime, &world, &Witness::default());
    thread::sleep(SERVING);
    daemons.kill(&world);
    callers.abandon(runtime);
    disks.lose();
    Ok([Which::Vault, Which::Gateway].map(|which| look(runtime, &world, which)))
}

fn look(runtime: &Runtime, world: &Arc<World>, which: Which) -> Outcome {
    let kinds = match which {
        Which::Vault => &[Kind::Registration, Kind::Member, Kind::Token][..],
        Which::Gateway => &[Kind::Ballot],
    };
    let acknowledged = kinds.iter().map(|kind| world.book().acknowledged(*kind));
    let acknowledged = acknowledged.sum();
    let damage = Process::serve(which, &world.house, None).map(|_process| {
        world.flight(which).up();
        runtime.block_on(ask_again(world, which));
        let book = world.book();
        for kind in kinds {
            println!(
                "  {:8} {:20} {:>6} acknowledged, {:>6} times found lost",
                which.name(),
                kind.name(),
                book.acknowledged(*kind),
                book.faults(*kind, Fault::Lost)
            );
        }
        let lost = kinds.iter().map(|kind| book.faults(*kind, Fault::Lost));
        lost.min().unwrap_or(0)
    });
    if let Err(problem) = &damage {
        println!(
            "  {:8} {acknowledged:>6} acknowledged; {problem}",
            which.name()
        );
    }
    Outcome {
        acknowledged,
        damage,
    }
}
