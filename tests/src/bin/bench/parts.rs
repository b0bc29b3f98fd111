//! What a call is made of.

use crate::row::Spread;

/// Parts by name, each measured alone, in microseconds.
pub(crate) struct Parts(Vec<(&'static str, f64)>);

impl Parts {
    pub(crate) fn new(parts: impl Into<Vec<(&'static str, f64)>>) -> Self {
        Self(parts.into())
    }

    /// These and more.
    pub(crate) fn and(mut self, more: impl Into<Vec<(&'static str, f64)>>) -> Self {
        self.0.extend(more.into());
        self
    }

    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().map(|(_, micros)| micros).sum()
    }

    /// The medians of several repetitions, for who asks what the sum is made of.
    pub(crate) fn told(repetitions: &[Self]) -> String {
        let names = repetitions[0].0.iter().map(|(name, _)| *name);
        let medians = names.enumerate().map(|(at, name)| {
            let micros = repetitions.iter().map(|parts| parts.0[at].1);
            format!("{name} {:.0}", Spread::new(micros.collect()).median())
        });
        format!("in µs: {}", medians.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_by_its_median_in_order() {
        let repetitions = [(1.0, 30.0), (3.0, 10.0), (2.0, 20.0)]
            .map(|(call, commit)| Parts::new([("empty call", call)]).and([("commit", commit)]));
        assert_eq!(repetitions[0].sum(), 31.0);
        assert_eq!(Parts::told(&repetitions), "in µs: empty call 2, commit 20");
    }
}
