//! Callers of both daemons, and both daemons killed over and over meanwhile.

use std::{sync::Arc, thread};

use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    device::Device,
    disk::{Disk, Faults, Loss},
    killer::{Kills, kill_and_start},
    portal::Portal,
    process::{Process, Which},
    witness::{Seen, watch_audit, watch_ledger},
    world::World,
};

const PORTALS: usize = 8;
const DEVICES: usize = 10;

/// Both daemons, and the disks under them.
pub(crate) struct Daemons {
    pub(crate) vault: Process,
    pub(crate) gateway: Process,
}

/// The folders whose unsynced writes are lost, if they are.
pub(crate) struct Disks {
    pub(crate) vault: Disk,
    pub(crate) gateway: Disk,
}

/// What somebody who watched both logs saw.
#[derive(Clone, Default)]
pub(crate) struct Witness {
    pub(crate) audit: Arc<Seen>,
    pub(crate) ledger: Arc<Seen>,
}

/// Those who call, until they are told to stop.
pub(crate) struct Callers(JoinSet<()>);

impl Disks {
    /// Lays them under the folders of both.
    pub(crate) fn lay(world: &World, faults: &Faults, deaf: impl Fn(Which) -> Vec<String>) -> Self {
        let disk = |which: Which| faults.disk(&world.house.root().join(which.name()), deaf(which));
        Self {
            vault: disk(Which::Vault),
            gateway: disk(Which::Gateway),
        }
    }

    /// Both lose what was not synced.
    pub(crate) fn lose(&self) {
        self.vault.lose(Loss::Unsynced);
        self.gateway.lose(Loss::Unsynced);
    }
}

impl Daemons {
    /// Starts both.
    pub(crate) fn serve(world: &World, disks: Option<&Disks>) -> Result<Self, String> {
        let house = &world.house;
        let daemons = Self {
            vault: Process::serve(Which::Vault, house, disks.map(|disks| &disks.vault))?,
            gateway: Process::serve(Which::Gateway, house, disks.map(|disks| &disks.gateway))?,
        };
        world.flight(Which::Vault).up();
        world.flight(Which::Gateway).up();
        Ok(daemons)
    }

    /// Stops both in order.
    pub(crate) fn stop(self, world: &World) {
        world.flight(Which::Vault).down();
        world.flight(Which::Gateway).down();
        self.gateway.stop();
        self.vault.stop();
    }

    /// Kills both.
    pub(crate) fn kill(self, world: &World) {
        world.flight(Which::Vault).down();
        world.flight(Which::Gateway).down();
        self.gateway.kill();
        self.vault.kill();
    }
}

impl Callers {
    pub(crate) fn start(runtime: &Runtime, world: &Arc<World>, witness: &Witness) -> Self {
        let mut callers = JoinSet::new();
        let on = runtime.handle();
        world.end(false);
        for _ in 0..PORTALS {
            callers.spawn_on(Portal::new(world).work(), on);
        }
        for _ in 0..DEVICES {
            callers.spawn_on(Device::new(world).work(), on);
        }
        let (audit, ledger) = (Arc::clone(&witness.audit), Arc::clone(&witness.ledger));
        callers.spawn_on(watch_audit(Arc::clone(world), audit), on);
        callers.spawn_on(watch_ledger(Arc::clone(world), ledger), on);
        Self(callers)
    }

    /// Lets them get the answers that they still miss.
    pub(crate) fn finish(mut self, runtime: &Runtime, world: &World) {
        world.end(true);
        runtime.block_on(async {
            while let Some(ended) = self.0.join_next().await {
                ended.expect("a caller failed");
            }
        });
    }

    /// Ends them at once.
    pub(crate) fn abandon(mut self, runtime: &Runtime) {
        runtime.block_on(self.0.shutdown());
    }
}

/// Kills each daemon so often, at moments of its own.
pub(crate) fn storm(
    world: &World,
    disks: Option<&Disks>,
    daemons: Daemons,
    rounds: usize,
) -> Result<(Daemons, [(Which, Kills); 2]), String> {
    let (vault, gateway) = thread::scope(|scope| {
        let vault = scope.spawn(|| {
            let disk = disks.map(|disks| &disks.vault);
            kill_and_start(world, Which::Vault, disk, daemons.vault, rounds)
        });
        let disk = disks.map(|disks| &disks.gateway);
        let gateway = kill_and_start(world, Which::Gateway, disk, daemons.gateway, rounds);
        (vault.join().expect("the killer failed"), gateway)
    });
    let ((vault, of_vault), (gateway, of_gateway)) = (vault?, gateway?);
    let kills = [(Which::Vault, of_vault), (Which::Gateway, of_gateway)];
    Ok((Daemons { vault, gateway }, kills))
}
