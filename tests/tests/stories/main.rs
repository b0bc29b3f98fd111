//! Stories with the real programs as processes on loopback.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod attacks_ballots;
mod attacks_city;
mod attacks_starting;
mod attacks_table;
mod audit_key;
mod conflicts;
mod destroyed_keys;
mod dual_control;
mod ethereum;
mod examples;
mod first_vote;
mod guides;
mod help;
mod house;
mod kept_unsealing;
mod lives;
mod papers;
mod people;
mod restored;
mod revoked_certificate;
mod rewrap;
mod runbooks;
mod scheduling;
mod token;
mod token_key;
mod unsealing;
mod walls;
