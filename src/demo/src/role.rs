//! The parts that the program plays in its child processes.

use std::{ffi::OsString, io, process::ExitCode};

use clap::Parser;
use symbolon_service::program::{self, causes};

use crate::devices;

/// What stands before a role's name: nobody types it by accident.
pub const MARK: &str = "--play";

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `symbolon-vault`.
    Vault,
    /// `symbolon-gateway`.
    Gateway,
    /// `symbolon-portal`.
    Portal,
    /// `symbolon-observer`.
    Observer,
    /// `symbolon`.
    Symbolon,
    /// The devices of all voters.
    Devices,
}

impl Role {
    const ALL: [Self; 6] = [
        Self::Vault,
        Self::Gateway,
        Self::Portal,
        Self::Observer,
        Self::Symbolon,
        Self::Devices,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Gateway => "gateway",
            Self::Portal => "portal",
            Self::Observer => "observer",
            Self::Symbolon => "symbolon",
            Self::Devices => "devices",
        }
    }

    /// Plays it to its end.
    pub fn play(self, args: Vec<OsString>) -> ExitCode {
        match self {
            Self::Vault => vault(args),
            Self::Gateway => gateway(args),
            Self::Portal => portal(args),
            Self::Observer => observe(args),
            Self::Symbolon => symbolon_cli::run_from_args(args),
            Self::Devices => ended(devices::main(&args)),
        }
    }
}

/// The role that these arguments ask for, and the arguments that are left for it.
pub fn of(args: impl IntoIterator<Item = OsString>) -> Option<(Role, Vec<OsString>)> {
    let mut args = args.into_iter();
    let program = args.next()?;
    if args.next()? != MARK {
        return None;
    }
    let name = args.next()?;
    let role = Role::ALL.into_iter().find(|role| name == role.name())?;
    Some((role, std::iter::once(program).chain(args).collect()))
}

fn vault(args: Vec<OsString>) -> ExitCode {
    let arguments = symbolon_vault::args::Arguments::parse_from(args);
    program::run("vault", || async {
        symbolon_vault::args::run(arguments, &mut io::stdout()).await
    })
}

fn gateway(args: Vec<OsString>) -> ExitCode {
    let arguments = symbolon_gateway::args::Arguments::parse_from(args);
    program::run("gateway", || async {
        symbolon_gateway::args::run(arguments, &mut io::stdout()).await
    })
}

fn portal(args: Vec<OsString>) -> ExitCode {
    let arguments = symbolon_portal::args::Arguments::parse_from(args);
    program::run("portal", || async {
        symbolon_portal::args::run(arguments, &mut io::stdout()).await
    })
}

fn observe(args: Vec<OsString>) -> ExitCode {
    match symbolon_observer::run(
        &symbolon_observer::Args::parse_from(args),
        &mut io::stdout().lock(),
    ) {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => ended(Err(error.into())),
    }
}

#[expect(clippy::print_stderr, reason = "the program's own voice")]
fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Option<(Role, usize)> {
        let args = args.iter().map(OsString::from);
        of(args).map(|(role, args)| (role, args.len()))
    }

    #[test]
    fn a_role_is_played_only_behind_its_mark() {
        assert_eq!(
            read(&["demo", "--play", "vault", "init"]),
            Some((Role::Vault, 2))
        );
        assert_eq!(read(&["demo", "vault"]), None);
        assert_eq!(read(&["demo", "--play", "nobody"]), None);
        assert_eq!(read(&["demo"]), None);
    }
}
