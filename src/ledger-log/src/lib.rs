//! symbolon-ledger-log
