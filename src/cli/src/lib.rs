//! symbolon-cli
