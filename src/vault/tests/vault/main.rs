//! A vault on loopback with mutual TLS, as its callers meet it: one module a story.
#![allow(clippy::unwrap_used)]

mod attacks;
mod ending;
mod house;
mod matrix;
mod people;
mod revoking;
mod sealing;
mod streams;
