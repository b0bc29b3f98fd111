//! The whole of Symbolon in one command: a city, its people, two polls, a verified tally.
//!
//! The program starts itself again as vault, gateway, portal, observer, command line and
//! voters' devices: processes that run the shipped libraries, on loopback, with certificates
//! of their own making. What voters do is a function of their row, told in the demo's README.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod args;
pub mod children;
pub mod city;
pub mod devices;
pub mod figures;
pub mod ledger;
pub mod people;
pub mod polls;
pub mod role;
pub mod show;
pub mod story;
