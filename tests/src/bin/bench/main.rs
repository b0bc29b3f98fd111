//! What the programs cost, each row beside a reference that is measured in the same run.
//!
//! `bench [--quick] [--only ROWS] [--profile] [--json] [--out FOLDER]` starts the real programs on loopback,
//! loads them, and prints a table: figure, reference, ratio, aim. Machines differ and are noisy:
//! ratios travel, figures don't.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod args;
mod browser;
mod city;
mod commits;
mod echo;
mod load;
mod output;
mod parts;
mod poll;
mod process;
mod profile;
mod raw;
mod row;
mod rows;

use std::{fs, process::ExitCode};

use args::{Args, Task};
use clap::Parser;
use row::Bench;

fn main() -> ExitCode {
    let args = Args::parse();
    match args.task {
        Some(Task::Echo(server)) => {
            echo::serve(&server);
            ExitCode::SUCCESS
        }
        Some(Task::OpenStore(store)) => {
            rows::store::open(&store);
            ExitCode::SUCCESS
        }
        None => run(&args),
    }
}

fn run(args: &Args) -> ExitCode {
    if args.profile {
        profile::into(args.out.join("profiles"));
    }
    let mut bench = Bench::new(args.quick);
    let groups = rows::GROUPS.iter().filter(|group| args.wants(group));
    for group in groups {
        eprintln!("{}", group.name);
        bench.begin(group.name);
        // A row that fails ends by a panic, as a test does: the others run all the same.
        let ran =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (group.run)(&mut bench)));
        if ran.is_err() {
            bench.cannot_run(group.name, "it failed; see above");
        }
    }
    let report = bench.finish();
    fs::create_dir_all(&args.out).unwrap();
    let (json, picture) = (args.out.join("bench.json"), args.out.join("bench.svg"));
    fs::write(&json, output::json(&report)).unwrap();
    fs::write(&picture, output::picture(&report)).unwrap();
    match args.json {
        true => println!("{}", output::json(&report)),
        false => println!("{}", output::table(&report)),
    }
    eprintln!("also in {} and {}", json.display(), picture.display());
    match report.ran() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
