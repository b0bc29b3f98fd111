//! Generated code of the gateway's services: `ballots` (voters' devices) and `validation` (what a gateway asks a vault).
//!
//! Made from `proto/` at build time by a compiler in Rust; nothing else is needed.

#![allow(missing_docs, unreachable_pub, clippy::all)]

/// `symbolon.ballots.v1`.
pub mod ballots {
    tonic::include_proto!("symbolon.ballots.v1");
}

/// `symbolon.validation.v1`.
pub mod validation {
    tonic::include_proto!("symbolon.validation.v1");
}

/// The descriptors of these packages, for reflection and for tests over all methods.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
