//! symbolon-vault
