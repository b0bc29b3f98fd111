//! The guides' commands work as they stand there.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::house::{free_port, program};

/// Seconds after which whatever a guide waits for won't come any more.
const PATIENCE: &str = "400";
/// What the commands wrote to standard output.
pub(crate) const SAID: &str = ".guide.out";
/// What they wrote to standard error.
pub(crate) const COMPLAINED: &str = ".guide.err";
/// Programs of a test's own, found before all others.
pub(crate) const OWN_PROGRAMS: &str = ".bin";

/// A page of one of the folders of `deploy`.
pub(crate) fn page(folder: &str, name: &str) -> String {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    fs::read_to_string(deploy.join(folder).join(name)).unwrap()
}

fn guide(name: &str) -> String {
    page("guides", name)
}

/// The `sh` blocks of a text, one after another.
pub(crate) fn commands(text: &str) -> String {
    let blocks = text.split("\n```sh\n").skip(1);
    let commands: Vec<_> = blocks
        .map(|block| block.split("\n```").next().unwrap())
        .collect();
    assert!(!commands.is_empty(), "no block of commands");
    commands.join("\n") + "\n"
}

/// The same text with something of the guide's replaced that must stand in it.
pub(crate) fn with(text: &str, replaced: &str, by: &str) -> String {
    assert!(text.contains(replaced), "the guide has no {replaced}");
    text.replace(replaced, by)
}

/// A city's folder. The daemons that a guide started there end with it.
pub(crate) struct City(TempDir);

impl City {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file or folder of it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What a file of it says.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs commands in the folder as a reader would, with the programs under test on the
    /// PATH. What they say goes to files: daemons that outlive them would hold a pipe open.
    pub(crate) fn follow(&self, commands: &str) -> ExitStatus {
        let script = self.path(".guide.sh");
        fs::write(&script, format!("set -euxo pipefail\n{commands}")).unwrap();
        let programs = PathBuf::from(program("symbolon").get_program());
        let path = std::env::var("PATH").unwrap();
        let programs = programs.parent().unwrap().display();
        let own = self.path(OWN_PROGRAMS);
        let path = format!("{}:{programs}:{path}", own.display());
        let mut bash = Command::new("timeout");
        bash.args(["--kill-after=5", PATIENCE, "bash"]).arg(script);
        bash.current_dir(self.0.path()).env("PATH", path);
        bash.stdout(File::create(self.path(SAID)).unwrap());
        bash.stderr(File::create(self.path(COMPLAINED)).unwrap());
        bash.status().unwrap()
    }
}

impl Drop for City {
    fn drop(&mut self) {
        for daemon in ["vault", "gateway", "portal"] {
            let Ok(id) = fs::read_to_string(self.path(&format!("{daemon}.pid"))) else {
                continue;
            };
            let running = fs::read_to_string(format!("/proc/{}/cmdline", id.trim()));
            if running.is_ok_and(|line| line.contains(&format!("symbolon-{daemon}"))) {
                let _ = Command::new("kill").args(["-9", id.trim()]).status();
            }
        }
    }
}

#[test]
fn the_guides_commands_lead_to_a_verified_tally() {
    let first = guide("first-election.md");
    let (voting, end) = first.split_once("\n## 7. ").unwrap();
    let (end, stopping) = end.split_once("\n## 8. ").unwrap();
    let parts = [
        voting,
        &guide("portal.md"),
        end,
        &guide("observer.md"),
        stopping,
    ];
    let mut text = parts.map(commands).concat();
    for port in ["7401", "7402", "7403"] {
        text = with(&text, port, &free_port().to_string());
    }
    // A reader has more time to vote than the test.
    text = with(
        &text,
        "--closes +10m --grace 1m",
        "--closes +45s --grace 8s",
    );

    let city = City::new();
    let status = city.follow(&text);
    let (said, complaints) = (city.text(SAID), city.text(COMPLAINED));
    let logs = ["vault.log", "gateway.log", "portal.log"].map(|log| {
        let text = fs::read_to_string(city.path(log));
        format!("{log}: {}", text.unwrap_or_default())
    });
    assert!(
        status.success(),
        "{said}\n{complaints}\n{}",
        logs.join("\n")
    );
    let tally: Value = serde_json::from_str(&city.text("certifying/tally.json")).unwrap();
    assert_eq!(tally["counted"], 2, "{tally:#}");
    assert_eq!(tally["rollSize"], 2, "{tally:#}");
    let report: Value = serde_json::from_str(&city.text("report.json")).unwrap();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(report["elections"].as_array().unwrap().len(), 2);
    for refusal in ["IDENTITY_CONFLICT", "NOT_CLOSED"] {
        assert!(complaints.contains(refusal), "{complaints}");
    }
    assert!(said.contains("birth_date"), "the row refused isn't named");
    for log in &logs[..2] {
        assert!(log.contains("everything acknowledged is on disk"), "{log}");
    }
}
