//! The examples that the command line shows in its help are commands that it takes.

use clap::{CommandFactory, Parser};
use symbolon_cli::Cli;

/// Every example of every command's help, as the words of a shell.
fn examples(command: &clap::Command, found: &mut Vec<Vec<String>>) {
    let help = command.get_after_help().map(ToString::to_string);
    let help = help.unwrap_or_default().replace("\\\n", " ");
    let lines = help.lines().map(str::trim);
    for line in lines.filter(|line| line.starts_with("symbolon ")) {
        let words = shlex::split(line).unwrap_or_else(|| panic!("no shell reads {line}"));
        let words = words.into_iter().take_while(|word| word != ">");
        found.push(words.map(|word| in_full(&word)).collect());
    }
    for sub in command.get_subcommands() {
        examples(sub, found);
    }
}

/// `3f5c…` stands for an ID and `0x5aAe…` for an address; anything else for itself.
fn in_full(word: &str) -> String {
    let Some(start) = word.strip_suffix('…') else {
        return word.to_owned();
    };
    match start.strip_prefix("0x") {
        Some(digits) => format!("0x{:0<40}", digits.to_lowercase()),
        None => format!("{start:0<64}"),
    }
}

#[test]
fn every_example_of_the_help_is_taken() {
    let mut found = Vec::new();
    examples(&Cli::command(), &mut found);
    assert!(found.len() > 40, "{}", found.len());
    for words in found {
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{}: {error}", words.join(" "));
        }
    }
}
