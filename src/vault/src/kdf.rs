//! What Argon2id costs on this machine: whoever registers people, and whoever guesses them.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use symbolon_crypto::{
    Error, labels,
    password::{Costs, Hasher},
};

/// The least costs that OWASP's Password Storage Cheat Sheet recommends for Argon2id, one lane
/// each: KiB of memory, and passes. They are thought to be equally strong.
const OWASP: [(u32, u32); 5] = [
    (47_104, 1),
    (19_456, 2),
    (12_288, 3),
    (9_216, 4),
    (7_168, 5),
];

/// What a configured profile is shown beside.
const BESIDE: [(u32, u32); 4] = [(1_024, 1), (4_096, 1), (19_456, 2), (65_536, 3)];

const GUESSES: f64 = 1e9;
const HOUR: f64 = 3600.0;

/// How fast a profile is computed.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The profile.
    pub costs: Costs,
    /// The threads that computed, each on a core if there are as many.
    pub threads: NonZeroUsize,
    /// Hashes a second of all threads together.
    pub hashes_a_second: f64,
}

impl Measured {
    /// Computes for at least `time`, and on every thread at least one hash.
    pub fn measure(costs: Costs, threads: NonZeroUsize, time: Duration) -> Result<Self, Error> {
        let together = Barrier::new(threads.get());
        let paces = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.get())
                .map(|_| scope.spawn(|| one_thread(costs, time, &together)))
                .collect();
            let joined = workers.into_iter().map(|worker| {
                let pace = worker.join();
                pace.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect::<Result<Vec<_>, _>>()
        })?;
        Ok(Self {
            costs,
            threads,
            hashes_a_second: paces.iter().sum(),
        })
    }

    /// People registered a second, a hash for each rule.
    pub fn people_a_second(&self, rules: usize) -> f64 {
        self.hashes_a_second / rules as f64
    }

    /// Hours that 10⁹ guesses on one rule keep one core busy.
    pub fn core_hours_of_guessing(&self) -> f64 {
        GUESSES / self.hashes_a_second * self.threads.get() as f64 / HOUR
    }
}

fn one_thread(costs: Costs, time: Duration, together: &Barrier) -> Result<f64, Error> {
    let mut hasher = Hasher::new(costs);
    together.wait();
    let (begun, mut hashes) = (Instant::now(), 0_u64);
    while hashes == 0 || begun.elapsed() < time {
        hasher.hash(labels::STRETCH, &[&hashes.to_be_bytes()], &[0; 32])?;
        hashes += 1;
    }
    Ok(hashes as f64 / begun.elapsed().as_secs_f64())
}

/// Whether a profile costs no less than one that OWASP recommends.
pub fn is_recommended(costs: Costs) -> bool {
    OWASP
        .iter()
        .any(|(memory, passes)| costs.memory_kib() >= *memory && costs.passes() >= *passes)
}

/// The configured profile and, to choose by, some others: cheapest first, each once.
pub fn profiles(configured: Costs) -> Result<Vec<Costs>, Error> {
    let others = BESIDE
        .iter()
        .map(|(memory, passes)| Costs::new(*memory, *passes, 1));
    let mut profiles = others.collect::<Result<Vec<_>, _>>()?;
    if !profiles.contains(&configured) {
        profiles.push(configured);
    }
    profiles.sort_by_key(|costs| u64::from(costs.memory_kib()) * u64::from(costs.passes()));
    Ok(profiles)
}

/// A table of profiles and what to think of it.
pub struct Report {
    /// The configured profile.
    pub configured: Costs,
    /// Rules that a new person is stretched under.
    pub rules: usize,
    /// The configured profile among others.
    pub measured: Vec<Measured>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>10}  {:>6}  {:>5}  {:>10}  {:>10}  {:>16}  {:>16}",
            "memory KiB",
            "passes",
            "lanes",
            "hashes/s",
            "people/s",
            "million people",
            "10⁹ guesses"
        )?;
        for row in &self.measured {
            self.row(f, row)?;
        }
        self.advice(f)
    }
}

impl Report {
    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Measured) -> fmt::Result {
        let people = row.people_a_second(self.rules);
        let mark = match row.costs == self.configured {
            true => "  ← configured",
            false => "",
        };
        writeln!(
            f,
            "{:>10}  {:>6}  {:>5}  {:>10.1}  {:>10.1}  {:>10.1} hours  {:>5.0} core-hours{mark}",
            row.costs.memory_kib(),
            row.costs.passes(),
            row.costs.lanes(),
            row.hashes_a_second,
            people,
            1e6 / people / HOUR,
            row.core_hours_of_guessing(),
        )
    }

    fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.measured.first().map_or(0, |row| row.threads.get());
        writeln!(
            f,
            "\nOn {threads} threads; a person costs {} hashes, one for each current rule.",
            self.rules
        )?;
        writeln!(
            f,
            "The guesses are those of a thief with the store and the keys of the ring: one hash each,\n\
             tested against everybody at once. A number of nine digits has 10⁹ values; the names and\n\
             birth dates of known people are far fewer. Better hardware makes the thief faster, and\n\
             more memory a hash makes it harder to have."
        )?;
        match is_recommended(self.configured) {
            true => writeln!(
                f,
                "The configured profile is at least what OWASP recommends. Take the dearest that your\n\
                 first roll has time for."
            )?,
            false => writeln!(
                f,
                "WARNING: the configured profile is cheaper than all that OWASP recommends; choose at\n\
                 least memory_kib = 19456, passes = 2, unless the people are invented."
            )?,
        }
        writeln!(
            f,
            "The profile can't be changed once people are registered."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(threads: usize, hashes_a_second: f64) -> Measured {
        Measured {
            costs: Costs::DEFAULT,
            threads: NonZeroUsize::new(threads).unwrap(),
            hashes_a_second,
        }
    }

    #[test]
    fn a_person_costs_a_hash_a_rule_and_guesses_are_counted_in_hours_of_one_core() {
        let two_cores = measured(2, 100.0);
        assert!((two_cores.people_a_second(2) - 50.0).abs() < 1e-9);
        // 10⁹ guesses at 50 a second and core: 2·10⁷ seconds.
        assert!((two_cores.core_hours_of_guessing() - 2e7 / 3600.0).abs() < 1e-6);
    }

    #[test]
    fn every_profile_that_owasp_lists_is_recommended_and_none_below() {
        for (memory, passes) in OWASP {
            assert!(is_recommended(Costs::new(memory, passes, 1).unwrap()));
            assert!(!is_recommended(Costs::new(memory - 1, passes, 1).unwrap()));
        }
        assert!(!is_recommended(Costs::new(47_103, 1, 1).unwrap()));
        assert!(!is_recommended(Costs::new(1_024, 16, 1).unwrap()));
    }

    #[test]
    fn a_configured_profile_is_listed_once_and_marked() {
        let own = Costs::new(2_048, 1, 1).unwrap();
        for (configured, rows) in [(own, 5), (Costs::DEFAULT, 4)] {
            let profiles = profiles(configured).unwrap();
            assert_eq!(profiles.len(), rows);
            let measured = profiles.iter().map(|costs| Measured {
                costs: *costs,
                ..measured(2, 100.0)
            });
            let report = Report {
                configured,
                rules: 2,
                measured: measured.collect(),
            };
            let told = report.to_string();
            assert_eq!(told.matches("← configured").count(), 1);
            assert_eq!(told.contains("WARNING"), configured == own);
        }
    }

    #[test]
    fn every_thread_hashes_at_least_once() {
        let costs = Costs::new(64, 1, 1).unwrap();
        let two = NonZeroUsize::new(2).unwrap();
        let measured = Measured::measure(costs, two, Duration::ZERO).unwrap();
        assert!(measured.hashes_a_second > 0.0);
    }
}
