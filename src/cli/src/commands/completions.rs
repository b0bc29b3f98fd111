use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use crate::{Cli, Error, output::Report};

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon completions bash > /etc/bash_completion.d/symbolon")]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<Report, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "symbolon", &mut script);
        let script = String::from_utf8(script)
            .map_err(|_| Error::failed("the completions aren't text", "Report this."))?;
        Ok(
            Report::new(json!({"shell": self.shell.to_string(), "script": script}))
                .line(script.trim_end()),
        )
    }
}
