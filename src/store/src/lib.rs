//! symbolon-store
