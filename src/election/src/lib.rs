//! symbolon-election
