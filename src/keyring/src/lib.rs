//! symbolon-keyring
