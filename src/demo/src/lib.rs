//! symbolon-demo
