//! A process that keeps its memory to itself: no core dumps, no ptrace, no swap, no
//! new privileges, and an allocator that wipes what it frees.
//!
//! `SSLKEYLOGFILE` has no effect: no TLS configuration here ever gets a key log.

use std::io;

use mimalloc::MiMalloc;
use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit},
    thread::set_no_new_privs,
};

use crate::Error;

/// The allocator of every daemon's binary: request buffers that held personal data
/// are wiped when they are freed.
pub type WipingAllocator = zeroizing_alloc::ZeroAlloc<MiMalloc>;

/// The one value of [`WipingAllocator`], for `#[global_allocator]`.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: symbolon_service::hardening::WipingAllocator =
///     symbolon_service::hardening::WIPING_ALLOCATOR;
/// ```
pub const WIPING_ALLOCATOR: WipingAllocator = zeroizing_alloc::ZeroAlloc(MiMalloc);

/// What could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardened {
    /// Whether memory is locked, so that none of it is ever swapped out.
    pub locked: bool,
}

/// Hardens the process. A binary calls it first, before any other thread exists.
///
/// Core dumps and ptrace must be denied, or this fails. Memory is locked where the
/// system allows it without limit (`RLIMIT_MEMLOCK`, `LimitMEMLOCK=infinity` in a
/// unit of systemd); the answer says whether. The limit of open files is raised as far as it goes.
pub fn harden() -> Result<Hardened, Error> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(system("denying core dumps"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(system("denying ptrace"))?;
    set_no_new_privs(true).map_err(system("denying new privileges"))?;
    raise_file_limit();
    let locked = lock_memory();
    Ok(Hardened { locked })
}

/// Many shells and units give a process 1024 open files, fewer than a listener's connections:
/// as many as the hard limit allows are asked for.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where the system refuses, the limit stays as it was.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Under a finite limit the lock would hold at first and allocations fail later.
fn lock_memory() -> bool {
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    let allowed = getrlimit(Resource::Memlock).current.is_none()
        || setrlimit(Resource::Memlock, unlimited).is_ok();
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    allowed && mlockall(flags).is_ok()
}

fn system(what: &'static str) -> impl Fn(rustix::io::Errno) -> Error {
    move |errno| Error::System {
        what,
        source: io::Error::from(errno),
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn a_hardened_process_can_be_neither_dumped_nor_traced() {
        harden().unwrap();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        // Once more changes nothing.
        harden().unwrap();
    }

    #[test]
    fn a_hardened_process_may_open_as_many_files_as_the_system_lets_it() {
        let low = Rlimit {
            current: Some(256),
            ..getrlimit(Resource::Nofile)
        };
        setrlimit(Resource::Nofile, low).unwrap();
        harden().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
