//! symbolon-tlog
