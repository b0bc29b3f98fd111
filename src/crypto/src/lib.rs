//! symbolon-crypto
