//! Generated code of the closed services: `registration`, `issuance`, `admin` and `audit`. Never part of a gateway or an observer.
//!
//! Made from `proto/` at build time by a compiler in Rust; nothing else is needed.

#![allow(missing_docs, unreachable_pub, clippy::all)]

/// `symbolon.registration.v1`.
pub mod registration {
    tonic::include_proto!("symbolon.registration.v1");
}

/// `symbolon.issuance.v1`.
pub mod issuance {
    tonic::include_proto!("symbolon.issuance.v1");
}

/// `symbolon.admin.v1`.
pub mod admin {
    tonic::include_proto!("symbolon.admin.v1");
}

/// `symbolon.audit.v1`.
pub mod audit {
    tonic::include_proto!("symbolon.audit.v1");
}

/// The descriptors of these packages, for reflection and for tests over all methods.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
