//! Every key rotated while all calls go on: one that fails ends the bench, and so does a
//! registration ID that isn't the one that its portal was told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use symbolon_vault::roles::ServiceName;

use super::{calls, decide, end, officers, voting::Voting};
use crate::{
    city::City,
    load::{Load, Until},
};

/// How often token and audit key get a successor.
const ROTATIONS: usize = 3;

/// What no call may do while others count on the vault, or what has an end of its own to wait for.
const LEFT_OUT: &[&str] = &[
    "Seal/Unseal",
    "Seal/CancelUnsealing",
    "Seal/SealVault",
    "Elections/PrepareClose",
    "Elections/CloseElection",
    "Elections/CertifyElection",
    "Conflicts/GetConflict",
    "Conflicts/SignVerdict",
    "Backups/ReadBack",
    "Rewraps/CollectShare",
    "Rewraps/CancelRewrap",
    "Halts/SuspendPortal",
    "ServerReflection/ServerReflectionInfo",
];

/// How often each method was called.
#[derive(Clone, Default)]
pub(super) struct Made(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Made {
    /// Notes a call of the method of this service and name.
    pub(super) fn note(&self, method: &'static str) {
        *self.0.lock().unwrap().entry(method).or_default() += 1;
    }
}

/// All calls while the rotation that is under way goes on, and while every other key rotates.
pub(super) fn all_calls(city: &City, voting: &Voting, ids: &[Vec<u8>]) {
    let (made, rotated) = (Made::default(), AtomicBool::new(false));
    let meanwhile = |calls: &dyn Fn()| {
        while !rotated.load(Ordering::SeqCst) {
            calls();
        }
    };
    let time = Until::Time(Duration::from_secs(1));
    let load = |name: &str| Load::usual(city.profile(name), time);
    let few = |name: &str| Load {
        connections: 2,
        in_flight: 2,
        ..load(name)
    };
    let asked = calls::Asked::of(voting, ids);
    let vault = city.vault();
    thread::scope(|scope| {
        scope.spawn(|| meanwhile(&|| drop(load("portal-main").run(vault, |c| voting.issue(c)))));
        scope.spawn(|| {
            meanwhile(&|| drop(load("gateway-main").run(vault, |c| voting.validate(c))));
        });
        scope.spawn(|| {
            meanwhile(&|| {
                few("portal-main").run(vault, |c| calls::portal(c, &asked, &made));
            });
        });
        scope.spawn(|| {
            meanwhile(&|| {
                few("gateway-main").run(vault, |c| calls::gateway(c, &asked, &made));
            });
        });
        scope.spawn(|| {
            meanwhile(&|| {
                few("officer-one").run(vault, |c| calls::officer(c, &asked, &made));
            });
        });
        scope.spawn(|| {
            meanwhile(&|| {
                few("auditor-main").run(vault, |c| calls::auditor(c, &made));
            });
        });
        scope.spawn(|| officers::decide_all(city, &made, &rotated));
        let _ends_them = Ends(&rotated);
        // The sealing key, which rotates already.
        end(city);
        decide(city, "index", "100");
        end(city);
        for _ in 0..ROTATIONS {
            city.rotate_issuer(&voting.asking.manifest);
            decide(city, "audit", "100");
            end(city);
        }
        officers::rewrap(city, &made);
    });
    voting.outlived(city, ROTATIONS);
    tell(&made);
}

/// Says that something has ended, well or not.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// No method was forgotten.
fn tell(made: &Made) {
    let made = made.0.lock().unwrap();
    let calls: u64 = made.values().sum();
    let rows = ServiceName::ALL.into_iter().flat_map(ServiceName::rows);
    let all: BTreeSet<String> = rows.map(|row| short(row.path())).collect();
    let left_out = LEFT_OUT.iter().map(|method| (*method).to_owned());
    let covered = made.keys().map(|method| (*method).to_owned());
    let known: BTreeSet<String> = covered.chain(left_out).collect();
    let missing: Vec<_> = all.symmetric_difference(&known).collect();
    assert!(
        missing.is_empty(),
        "neither called nor left out: {missing:?}"
    );
    eprintln!(
        "every key rotated beside {calls} calls of {} methods and two full loads; 0 failed",
        made.len()
    );
}

/// `Service/Method`.
fn short(path: &str) -> String {
    path.rsplit('.').next().unwrap_or(path).to_owned()
}
