//! The layer of `tests/faults`, built and used.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/faults");

/// What happens to writes that were not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// All are lost.
    All,
    /// Each sector is lost or not.
    ByLot(u64),
    /// None is: the process died, the machine went on.
    AfterKillOnly,
}

/// The two compiled tools.
pub(crate) struct Faults(TempDir);

/// A directory that outlives its processes, and its shadow.
pub(crate) struct Disk {
    root: PathBuf,
    place: TempDir,
    powerloss: PathBuf,
}

impl Faults {
    pub(crate) fn build() -> Self {
        let place = tempfile::tempdir().unwrap();
        let compile = |source: &str, target: &str, flags: &[&str]| {
            let status = Command::new("cc")
                .args(["-O2", "-o"])
                .arg(place.path().join(target))
                .arg(Path::new(SOURCES).join(source))
                .args(flags)
                .status();
            assert!(
                status.expect("cc is needed").success(),
                "{source} does not compile"
            );
        };
        compile(
            "dropsync.c",
            "dropsync.so",
            &["-shared", "-fPIC", "-ldl", "-lpthread"],
        );
        compile("powerloss.c", "powerloss", &[]);
        Self(place)
    }

    pub(crate) fn disk(&self) -> Disk {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("root")).unwrap();
        std::fs::create_dir(place.path().join("shadow")).unwrap();
        Disk {
            root: place.path().join("root"),
            place,
            powerloss: self.0.path().join("powerloss"),
        }
    }

    /// Runs this program as `role` under the layer, kills it `after` its first line, and returns
    /// the numbers that it told.
    pub(crate) fn run_and_kill(
        &self,
        disk: &Disk,
        role: &str,
        first: u64,
        after: Duration,
    ) -> Vec<u64> {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([role, disk.root().to_str().unwrap(), &first.to_string()])
            .env("LD_PRELOAD", self.0.path().join("dropsync.so"))
            .env("DROPSYNC_ROOT", disk.root())
            .env("DROPSYNC_SHADOW", disk.shadow())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().expect("it must start").unwrap();
        assert_eq!(ready, "ready");
        let killer = thread::spawn(move || kill(child, after));
        // The last line may be cut short: then nobody was told.
        let told = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_suffix('.')?.parse().ok());
        let told = told.collect();
        killer.join().unwrap();
        told
    }

    /// Runs this program as `role` without the layer; whether it succeeded.
    pub(crate) fn call(&self, role: &str, path: &Path, number: u64) -> bool {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([role, path.to_str().unwrap(), &number.to_string()]);
        command.stderr(Stdio::null()).status().unwrap().success()
    }
}

fn kill(mut child: Child, after: Duration) {
    thread::sleep(after);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
}

impl Disk {
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn shadow(&self) -> PathBuf {
        self.place.path().join("shadow")
    }

    pub(crate) fn power_loss(&self, loss: Loss) {
        let mut command = Command::new(&self.powerloss);
        command.arg(self.root()).arg(self.shadow());
        match loss {
            Loss::AfterKillOnly => return,
            Loss::ByLot(seed) => _ = command.arg(seed.to_string()),
            Loss::All => {}
        }
        assert!(command.status().unwrap().success());
    }
}
