//! What is printed.

use crate::{
    book::{Book, Fault, Kind},
    killer::Kills,
    process::Which,
};

/// The kills of one part.
pub(crate) fn kills(part: &str, kills: &[(Which, Kills); 2]) {
    println!(
        "\n{part}\n{:8} {:>6} {:>12} {:>13} {:>15} {:>14}",
        "daemon", "kills", "in flight", "cut off", "while starting", "slowest start"
    );
    for (which, kills) in kills {
        println!(
            "{:8} {:>6} {:>12} {:>13} {:>15} {:>12} ms",
            which.name(),
            kills.in_flight.len(),
            span(&kills.in_flight),
            span(&kills.cut),
            kills.starting,
            kills.slowest.as_millis(),
        );
    }
    for (which, kills) in kills {
        println!(
            "in flight at each kill of the {}: {:?}",
            which.name(),
            kills.in_flight
        );
    }
}

/// The acknowledgements of all parts so far.
pub(crate) fn acknowledged(book: &Book) {
    println!(
        "{:20} {:>12} {:>8} {:>6} {:>8} {:>6}",
        "", "acknowledged", "checked", "lost", "doubled", "wrong"
    );
    for kind in Kind::ALL {
        let checked = book.checked.get(&kind).copied().unwrap_or(0);
        if checked == 0 && book.acknowledged(kind) == 0 {
            continue;
        }
        let acknowledged = match kind {
            Kind::Audit | Kind::Ledger => "-".to_owned(),
            kind => book.acknowledged(kind).to_string(),
        };
        let faults = |fault| book.faults(kind, fault);
        println!(
            "{:20} {acknowledged:>12} {checked:>8} {:>6} {:>8} {:>6}",
            kind.name(),
            faults(Fault::Lost),
            faults(Fault::Doubled),
            faults(Fault::Wrong),
        );
    }
}

/// The least and the most.
fn span(numbers: &[u64]) -> String {
    let (least, most) = (numbers.iter().min(), numbers.iter().max());
    match (least, most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => "none".to_owned(),
    }
}
