//! symbolon-service
