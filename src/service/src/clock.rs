//! The daemons' clock. Libraries take the time as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix seconds; 0 where the system's clock stands before 1970.
#[allow(clippy::disallowed_methods, reason = "this is the daemons' clock")]
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_secs())
}
