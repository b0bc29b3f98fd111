//! Help, wrong use, exit codes.

use clap::CommandFactory;
use symbolon_cli::Cli;

use crate::world::World;

fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    if command.get_subcommands().next().is_none() {
        found.push((path.to_owned(), command.clone()));
    }
    for sub in command.get_subcommands() {
        leaves(sub, &format!("{path} {}", sub.get_name()), found);
    }
}

#[test]
fn every_command_shows_an_example_that_begins_like_the_command() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "symbolon", &mut found);
    assert!(found.len() > 30, "{}", found.len());
    for (path, command) in found {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(help.contains("Example"), "{path} has no example");
        let tail = path.strip_prefix("symbolon ").unwrap();
        assert!(
            help.contains(tail),
            "the example of {path} is another command's"
        );
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn wrong_use_ends_with_2() {
    let world = World::new();
    world.line("").ends_with(2);
    world.line("nonsense").ends_with(2);
    world.line("election show not-an-id").ends_with(2);
    world.line("status").ends_with(2).says("--profile FILE");
    world
        .line("--profile missing.toml status")
        .ends_with(2)
        .says("missing.toml");
    world
        .line("pki issue --role portal --name x nowhere")
        .ends_with(2)
        .says("pki init");
}

#[test]
fn help_and_version_end_with_0() {
    let world = World::new();
    world.line("--help").fine().says("Exit codes");
    world.line("--version").fine().says("symbolon");
    world
        .line("people register --help")
        .fine()
        .says("FILE.journal");
}

#[test]
fn an_error_comes_as_an_object_too() {
    let world = World::new();
    let ran = world.line("--json status").ends_with(2);
    assert_eq!(ran.json()["error"]["reason"], "USAGE");
    assert!(ran.err().contains("next:"));
}

#[test]
fn a_service_that_is_not_there_is_named() {
    let world = World::new();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    world.write("profile.toml", format!("endpoint = \"http://{address}\"\n"));
    world
        .line("--profile profile.toml status")
        .ends_with(1)
        .says(&address.to_string());
}

#[test]
fn completions_are_made_for_each_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        world
            .line(&format!("completions {shell}"))
            .fine()
            .says("symbolon");
    }
}
