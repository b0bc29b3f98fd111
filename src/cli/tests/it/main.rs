//! Runs the program as people do.
#![allow(clippy::unwrap_used, missing_docs)]

mod certify;
mod city;
mod officer;
mod people;
mod pki;
mod use_of_it;
mod voting;
mod world;
