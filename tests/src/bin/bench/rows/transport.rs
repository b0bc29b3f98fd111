//! The empty call over our transport, beside tonic's own server.

use std::time::Duration;

use symbolon_tests::house::{House, Plan};

use crate::{
    echo::{Echo, empty_call, portal},
    load::{Load, Until},
    row::{Aim, Bench, Series},
};

pub(crate) fn run(bench: &mut Bench) {
    let house = House::build_as(Plan {
        concurrent_calls: 64,
        ..Plan::default()
    });
    let (vault, echo) = (house.start_vault(), Echo::start(&house));
    let until = Until::Time(Duration::from_secs(bench.size(6, 2)));
    let beside = "tonic's own server on one multi-thread runtime";
    let mut rate = Series::new(
        "empty call, mTLS, 4 × 64",
        "calls/s",
        beside,
        Aim::AtLeast(1.3),
    );
    let mut tail = Series::new("empty call, p99", "ms", beside, Aim::AtMost(1.0));
    rate.note("ours is the vault's own program; client and server share the cores");
    for _ in 0..bench.repetitions() {
        let ours = Load::usual(portal(&house), until).run(vault.id(), empty_call);
        let theirs = Load::usual(echo.profile(), until).run(echo.id(), empty_call);
        rate.push(ours.rate(), theirs.rate());
        tail.push(ours.quantile(0.99), theirs.quantile(0.99));
    }
    bench.row(rate);
    bench.row(tail);
}
