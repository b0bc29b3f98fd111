use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::json;

use super::{
    parse,
    source::{CHECKPOINT, KEY, LEAVES, PAGE, Source},
};
use crate::{
    Context, Error,
    files::{self, Access},
    output::Report,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/auditor-one.toml audit export --out audit-log
  symbolon audit verify --from audit-log --key VKEY")]
pub struct Export {
    /// A new folder: the checkpoint, the key that the vault gives for it, a line for each leaf.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Export {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let unwritable = |e| Error::unreadable_file(&self.out, e);
        fs::create_dir(&self.out).map_err(unwritable)?;
        let leaves = File::create_new(self.out.join(LEAVES)).map_err(unwritable)?;
        let mut leaves = BufWriter::new(leaves);
        let (head, size) = context.call(|channel| async {
            let mut source = Source::vault(channel);
            let head = source.checkpoint().await?;
            let size = parse(&head.note)?.checkpoint().size();
            let mut written = 0;
            while written < size {
                let page = source.leaves(written, u64::from(PAGE).min(size - written));
                let page = page.await?;
                if page.is_empty() {
                    return Err(super::violated(format!("leaf {written} is missing")));
                }
                for leaf in &page {
                    if leaf.contains(&b'\n') {
                        return Err(Error::unreadable("a leaf", "it is not one line"));
                    }
                    leaves.write_all(leaf).map_err(unwritable)?;
                    leaves.write_all(b"\n").map_err(unwritable)?;
                }
                written += page.len() as u64;
            }
            leaves.flush().map_err(unwritable)?;
            Ok((head, size))
        })?;
        let file = |name| self.out.join(name);
        files::write(&file(CHECKPOINT), head.note.as_bytes(), Access::Public)?;
        files::write(
            &file(KEY),
            format!("{}\n", head.key).as_bytes(),
            Access::Public,
        )?;
        let report = Report::new(json!({"folder": self.out, "size": size, "key": head.key}));
        Ok(report.facts([
            ("folder", self.out.display().to_string()),
            ("leaves", size.to_string()),
        ]))
    }
}
