//! The crates of the workspace and the arrows between them, as their manifests declare
//! them: optional ones and those of tests and build scripts too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The folder of the workspace.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(super) struct Graph(Metadata);

impl Graph {
    /// Only our own crates are read: nobody else's can depend on them.
    pub(super) fn read() -> Self {
        let mut command = MetadataCommand::new();
        command.manifest_path(root().join("Cargo.toml")).no_deps();
        Self(command.exec().unwrap())
    }

    /// The members of the workspace, by the last part of their names.
    pub(super) fn members(&self) -> BTreeMap<&str, &Package> {
        let packages = self.0.workspace_packages();
        packages
            .into_iter()
            .map(|package| (short(&package.name), package))
            .collect()
    }

    /// The members that a crate names as dependencies of any kind that `wanted` takes.
    /// A crate's tests may name the crate itself, with other features.
    pub(super) fn named_by(
        &self,
        name: &str,
        wanted: impl Fn(DependencyKind) -> bool,
    ) -> BTreeSet<&str> {
        let members = self.members();
        let named = members[name].dependencies.iter();
        named
            .filter(|dependency| wanted(dependency.kind))
            .map(|dependency| short(&dependency.name))
            .filter(|other| *other != name && members.contains_key(other))
            .collect()
    }

    /// Everything that a crate reaches, its tests and build script among it.
    pub(super) fn reached_by(&self, name: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<_> = self.named_by(name, |_| true).into_iter().collect();
        while let Some(next) = waiting.pop() {
            if reached.insert(next) {
                // Tests of what a crate depends on aren't built with it.
                let built = |kind| kind != DependencyKind::Development;
                waiting.extend(self.named_by(next, built));
            }
        }
        reached
    }
}

/// The packages that a build of one crate compiles, under these options.
pub(super) fn built(name: &str, options: &[&str]) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root())
        .args(["tree", "--locked", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}", "--package"])
        .arg(format!("symbolon-{name}"))
        .args(options);
    let output = tree.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let first = |line: &str| line.split(' ').next().map(str::to_owned);
    lines.lines().filter_map(first).collect()
}

fn short(name: &str) -> &str {
    name.strip_prefix("symbolon-").unwrap_or(name)
}
