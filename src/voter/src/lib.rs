//! symbolon-voter
