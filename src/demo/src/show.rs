//! What the demo says.

use std::io::{self, Write};

/// The demo's voice: to standard output, or beside it where that is for programs.
pub struct Show {
    aside: bool,
    colours: bool,
    step: u32,
}

impl Show {
    /// `aside`: standard output is kept free.
    pub fn new(aside: bool, colours: bool) -> Self {
        Self {
            aside,
            colours: colours && !aside,
            step: 0,
        }
    }

    /// The next step of the story.
    pub fn step(&mut self, text: &str) {
        self.step += 1;
        let number = self.step;
        match self.colours {
            true => self.line(&format!("\n\x1b[1m{number}. {text}\x1b[0m")),
            false => self.line(&format!("\n{number}. {text}")),
        }
    }

    /// A line below it.
    pub fn say(&mut self, text: &str) {
        self.line(&format!("   {text}"));
    }

    /// Text as it is.
    pub fn text(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
        }
    }

    /// Why the story ended early.
    pub fn failure(&mut self, text: &str) {
        // Nobody is left to tell where standard error is closed.
        let _ = writeln!(io::stderr(), "symbolon-demo: {text}");
    }

    fn line(&mut self, text: &str) {
        // A closed pipe ends nothing: the story goes on for those who look at its folder.
        let _ = match self.aside {
            true => writeln!(io::stderr(), "{text}"),
            false => writeln!(io::stdout(), "{text}"),
        };
    }
}
