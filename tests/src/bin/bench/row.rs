//! Rows: figures of several repetitions beside those of a reference.

use std::time::Instant;

use serde::Serialize;

/// Figures of several repetitions.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "Summary")]
pub(crate) struct Spread(Vec<f64>);

#[derive(Serialize)]
struct Summary {
    median: f64,
    least: f64,
    most: f64,
    repetitions: usize,
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// It is told, not judged.
    None,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) value: Spread,
    /// What the reference is.
    pub(crate) beside: String,
    pub(crate) reference: Spread,
    /// Value over reference, repetition by repetition.
    pub(crate) ratio: Spread,
    pub(crate) aim: Aim,
    pub(crate) met: Option<bool>,
    pub(crate) notes: Vec<String>,
}

/// A row that could not run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) commit: String,
    pub(crate) machine: String,
    pub(crate) quick: bool,
    pub(crate) seconds: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) missing: Vec<Missing>,
}

/// A run of the bench.
pub(crate) struct Bench {
    /// Small sizes, few repetitions.
    pub(crate) quick: bool,
    group: &'static str,
    started: Instant,
    rows: Vec<Row>,
    missing: Vec<Missing>,
}

/// A row under way: its repetitions come in one by one.
pub(crate) struct Series {
    name: String,
    unit: &'static str,
    beside: String,
    aim: Aim,
    values: Vec<f64>,
    references: Vec<f64>,
    notes: Vec<String>,
}

impl Spread {
    pub(crate) fn new(values: Vec<f64>) -> Self {
        assert!(!values.is_empty(), "a figure was measured");
        let mut values = values;
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn median(&self) -> f64 {
        let (middle, count) = (self.0.len() / 2, self.0.len());
        match count.is_multiple_of(2) {
            true => (self.0[middle - 1] + self.0[middle]) / 2.0,
            false => self.0[middle],
        }
    }

    pub(crate) fn least(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}

impl From<Spread> for Summary {
    fn from(spread: Spread) -> Self {
        Self {
            median: spread.median(),
            least: spread.least(),
            most: spread.most(),
            repetitions: spread.0.len(),
        }
    }
}

impl Aim {
    pub(crate) fn is_met(self, ratio: f64) -> Option<bool> {
        match self {
            Self::AtLeast(least) => Some(ratio >= least),
            Self::AtMost(most) => Some(ratio <= most),
            Self::None => None,
        }
    }
}

impl Series {
    /// A row named so, in this unit, beside this reference.
    pub(crate) fn new(
        name: impl Into<String>,
        unit: &'static str,
        beside: impl Into<String>,
        aim: Aim,
    ) -> Self {
        Self {
            name: name.into(),
            unit,
            beside: beside.into(),
            aim,
            values: Vec::new(),
            references: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// One repetition of both.
    pub(crate) fn push(&mut self, value: f64, reference: f64) {
        self.values.push(value);
        self.references.push(reference);
    }

    /// Something that the reader of the row has to know.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl Bench {
    pub(crate) fn new(quick: bool) -> Self {
        Self {
            quick,
            group: "",
            started: Instant::now(),
            rows: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// `full`, or `quick` in a quick run.
    pub(crate) fn size<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// How often a row is repeated.
    pub(crate) fn repetitions(&self) -> usize {
        self.size(5, 3)
    }

    /// The rows that follow are of this group.
    pub(crate) fn begin(&mut self, group: &'static str) {
        self.group = group;
    }

    /// Takes a finished row.
    pub(crate) fn row(&mut self, series: Series) {
        let pairs = series.values.iter().zip(&series.references);
        let ratio = Spread::new(pairs.map(|(value, reference)| value / reference).collect());
        let row = Row {
            group: self.group,
            met: series.aim.is_met(ratio.median()),
            name: series.name,
            unit: series.unit,
            value: Spread::new(series.values),
            beside: series.beside,
            reference: Spread::new(series.references),
            ratio,
            aim: series.aim,
            notes: series.notes,
        };
        eprintln!(
            "  {}: {:.2} of {}",
            row.name,
            row.ratio.median(),
            row.beside
        );
        self.rows.push(row);
    }

    /// Notes a row that can't run here.
    pub(crate) fn cannot_run(&mut self, name: impl Into<String>, why: impl Into<String>) {
        let missing = Missing {
            name: name.into(),
            why: why.into(),
        };
        eprintln!("  {}: can't run: {}", missing.name, missing.why);
        self.missing.push(missing);
    }

    pub(crate) fn finish(self) -> Report {
        Report {
            commit: crate::process::commit(),
            machine: crate::process::machine(),
            quick: self.quick,
            seconds: self.started.elapsed().as_secs(),
            rows: self.rows,
            missing: self.missing,
        }
    }
}

impl Report {
    /// Whether every row ran.
    pub(crate) fn ran(&self) -> bool {
        self.missing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(aim: Aim) -> Series {
        let mut series = Series::new("a row", "µs", "a reference", aim);
        // A slow moment of the machine, in the second repetition, slows both.
        for (value, reference) in [(10.0, 8.0), (100.0, 80.0), (12.0, 8.0)] {
            series.push(value, reference);
        }
        series
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(Spread::new(vec![4.0, 1.0, 2.0, 9.0]).median(), 3.0);
        assert_eq!(Spread::new(vec![5.0, 1.0, 9.0]).median(), 5.0);
    }

    #[test]
    fn a_ratio_is_of_figures_of_one_repetition() {
        let mut bench = Bench::new(true);
        bench.row(series(Aim::AtMost(1.3)));
        let row = &bench.rows[0];
        assert_eq!(
            (row.ratio.least(), row.ratio.median(), row.ratio.most()),
            (1.25, 1.25, 1.5)
        );
        assert_eq!(row.met, Some(true));
    }

    #[test]
    fn an_aim_is_missed_on_its_wrong_side_only() {
        assert_eq!(Aim::AtMost(1.2).is_met(1.25), Some(false));
        assert_eq!(Aim::AtLeast(1.2).is_met(1.25), Some(true));
        assert_eq!(Aim::None.is_met(1.25), None);
    }

    #[test]
    fn a_row_that_cannot_run_is_told() {
        let mut bench = Bench::new(true);
        bench.cannot_run("a row", "no such program");
        let report = bench.finish();
        assert!(!report.ran());
        assert!(crate::output::table(&report).contains("a row: can't run: no such program"));
    }

    #[test]
    fn a_picture_shows_judged_rows_and_no_others() {
        let mut bench = Bench::new(true);
        bench.row(series(Aim::AtMost(1.0)));
        bench.row(Series {
            name: "a < b".into(),
            ..series(Aim::AtLeast(1.0))
        });
        bench.row(Series {
            name: "told".into(),
            ..series(Aim::None)
        });
        let picture = crate::output::picture(&bench.finish());
        assert!(picture.contains("a row") && picture.contains("a &lt; b"));
        assert!(!picture.contains("told"));
    }
}
