//! What the story found, under the heads of the 2017 pilot's own list of tests.

use std::fmt::Write as _;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Head {
    Failure,
    Updates,
    Speed,
    Data,
    Synchronisation,
}

impl Head {
    const ALL: [Self; 5] = [
        Self::Failure,
        Self::Updates,
        Self::Speed,
        Self::Data,
        Self::Synchronisation,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Failure => "Failure",
            Self::Updates => "Updates",
            Self::Speed => "Speed",
            Self::Data => "Data processing",
            Self::Synchronisation => "Synchronisation of nodes",
        }
    }
}

#[derive(Default)]
pub struct Report(Vec<(Head, String)>);

impl Report {
    /// One thing that was done and seen. Whatever is not as it should be ends the story instead.
    pub fn line(&mut self, head: Head, line: impl Into<String>) {
        let line = line.into();
        println!("[{}] {line}", head.words());
        self.0.push((head, line));
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for head in Head::ALL {
            let _ = writeln!(text, "## {}\n", head.words());
            for (_, line) in self.0.iter().filter(|(of, _)| *of == head) {
                let _ = writeln!(text, "- {line}");
            }
            text.push('\n');
        }
        text
    }
}
