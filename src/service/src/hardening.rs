//! A process that keeps its memory to itself: no core dumps, no ptrace, no swap, no
//! new privileges, and an allocator that wipes what it frees.
//!
//! `SSLKEYLOGFILE` has no effect: no TLS configuration here ever gets a key log.

use std::{alloc::System, io};

use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit},
    thread::set_no_new_privs,
};

use crate::Error;

/// The allocator of every daemon's binary: request buffers that held personal data
/// are wiped when they are freed.
pub type WipingAllocator = zeroizing_alloc::ZeroAlloc<System>;

/// The one value of [`WipingAllocator`], for `#[global_allocator]`.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: symbolon_service::hardening::WipingAllocator =
///     symbolon_service::hardening::WIPING_ALLOCATOR;
/// ```
pub const WIPING_ALLOCATOR: WipingAllocator = zeroizing_alloc::ZeroAlloc(System);

/// What could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardened {
    /// Whether memory is locked, so that none of it is ever swapped out.
    pub locked: bool,
}

/// Hardens the process. A binary calls it first, before any other thread exists.
///
/// Core dumps and ptrace must be denied, or this fails. Memory is locked where the
/// limits of the system (`RLIMIT_MEMLOCK`) allow it; the answer says whether.
pub fn harden() -> Result<Hardened, Error> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(system("denying core dumps"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(system("denying ptrace"))?;
    set_no_new_privs(true).map_err(system("denying new privileges"))?;
    let locked = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).is_ok();
    Ok(Hardened { locked })
}

fn system(what: &'static str) -> impl Fn(rustix::io::Errno) -> Error {
    move |errno| Error::System {
        what,
        source: io::Error::from(errno),
    }
}
