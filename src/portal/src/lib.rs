//! symbolon-portal
