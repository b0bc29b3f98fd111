//! symbolon-observer
