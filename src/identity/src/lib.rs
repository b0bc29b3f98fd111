//! symbolon-identity
