//! symbolon-ledger
