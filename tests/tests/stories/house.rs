//! The house that the stories play in.

pub(crate) use symbolon_tests::house::*;
