//! symbolon-gateway
