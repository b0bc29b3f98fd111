use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_election::Destruction;
use symbolon_tlog::{Checkpoint, Frontier, SignedCheckpoint, VerifierKey, leaf_hash};

use super::{
    certificates::{self, Certificates},
    chain::Chain,
    leaves::{Leaf, Roots},
    parse,
    source::{PAGE, Source},
    violated,
};
use crate::{
    Context, Error,
    files::{self, Access},
    output::Report,
};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/auditor-one.toml audit verify --remember audit.json

The file remembers the log's key and newest checkpoint. A log that is rewritten, shortened or
signed with a key that the one before doesn't vouch for is found out. Without --quick every leaf is fetched, the
tree is recomputed, and the certificates of destroyed keys are checked.")]
pub struct Verify {
    /// Remembers the key and the checkpoint from run to run.
    #[arg(long, value_name = "FILE")]
    remember: Option<PathBuf>,
    /// The log's verifier key, known from elsewhere.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// Trusts the vault's consistency proof instead of fetching all leaves.
    #[arg(long, requires = "remember", conflicts_with = "from")]
    quick: bool,
    /// A folder that `audit export` made, instead of the vault.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// What an auditor keeps.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Remembered {
    key: String,
    checkpoint: String,
}

struct Checked {
    key: VerifierKey,
    checkpoint: Checkpoint,
    note: String,
    /// How often the log got another key.
    rotations: usize,
    destructions: Vec<(u64, Destruction)>,
}

impl Verify {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let remembered = self.remembered()?;
        let pinned = self
            .key
            .clone()
            .or_else(|| remembered.as_ref().map(|r| r.key.clone()));
        let earlier = remembered.map(|r| parse(&r.checkpoint)).transpose()?;
        let check =
            async |source| check(source, pinned.as_deref(), earlier.as_ref(), self.quick).await;
        let checked = match &self.from {
            Some(folder) => context.wait(check(Source::folder(folder)))?,
            None => context.call(|channel| check(Source::vault(channel)))?,
        };
        if let Some(path) = &self.remember {
            let value = Remembered {
                key: checked.key.to_string(),
                checkpoint: checked.note.clone(),
            };
            files::write_json(path, &value, Access::Public)?;
        }
        let since = earlier.as_ref().map(|e| e.checkpoint().size());
        Ok(self.report(&checked, since, pinned.is_some()))
    }

    fn report(&self, checked: &Checked, since: Option<u64>, pinned: bool) -> Report {
        let (size, root) = (checked.checkpoint.size(), checked.checkpoint.root());
        let destructions = checked.destructions.iter();
        let destructions = destructions.map(|(leaf, one)| certificates::shown(*leaf, one));
        let (destroyed, lines): (Vec<_>, Vec<_>) = destructions.unzip();
        let what = match self.quick {
            true => "signature and consistency",
            false => "signature, all leaves, certificates of destroyed keys",
        };
        let mut report = Report::new(json!({
            "verified": true, "size": size, "root": root.to_string(),
            "key": checked.key.to_string(), "keyPinned": pinned, "extends": since,
            "recomputed": !self.quick, "destroyed": destroyed, "rotations": checked.rotations,
        }))
        .facts([
            ("verified", what.into()),
            ("leaves", size.to_string()),
            ("root", root.to_string()),
            ("key", checked.key.to_string()),
        ]);
        for line in lines {
            report = report.line(line);
        }
        if checked.rotations > 0 {
            report = report.line(format!(
                "The log got another key {} times: each vouches for the one that follows.",
                checked.rotations
            ));
        }
        if let Some(since) = since {
            report = report.line(format!("It extends the {since} leaves seen before."));
        }
        if !pinned {
            report = report.line(
                "The key is the vault's own word: compare it with what the officers published, or keep it with --remember.",
            );
        }
        report
    }

    fn remembered(&self) -> Result<Option<Remembered>, Error> {
        match &self.remember {
            Some(path) if path.exists() => files::read_json(path).map(Some),
            _ => Ok(None),
        }
    }
}

async fn check(
    mut source: Source,
    pinned: Option<&str>,
    earlier: Option<&SignedCheckpoint>,
    quick: bool,
) -> Result<Checked, Error> {
    let head = source.checkpoint().await?;
    let known: VerifierKey = pinned
        .unwrap_or(&head.key)
        .parse()
        .map_err(|e| Error::unreadable("the log's key", e))?;
    let signed = parse(&head.note)?;
    let now = signed.checkpoint();
    let before = earlier.map(SignedCheckpoint::checkpoint);
    let (keys, certificates) = match quick {
        true if signed.verify(&known).is_err() && head.key != known.to_string() => {
            return Err(Error::failed(
                "the vault gives another key than the one that was pinned",
                "The log may have got another key: verify it once without --quick, which follows from key to key.",
            ));
        }
        true => (vec![known], Certificates::default()),
        false => {
            let (chain, certificates) = recompute(&mut source, before, now).await?;
            (chain.end(known, pinned.is_some())?, certificates)
        }
    };
    let key = keys.last().cloned().expect("a chain has a key");
    let checkpoint = signed.verify(&key).map_err(|e| {
        violated(format!(
            "the checkpoint is not signed by the key that was pinned or follows from it: {e}"
        ))
    })?;
    if let Some(earlier) = earlier {
        let ours = keys.iter().find_map(|key| earlier.verify(key).ok());
        let ours = ours.ok_or_else(|| {
            let what = "signed by none of the log's keys";
            Error::unreadable("the remembered checkpoint", what)
        })?;
        extends(&mut source, ours, checkpoint).await?;
    }
    Ok(Checked {
        checkpoint: checkpoint.clone(),
        key,
        note: head.note,
        rotations: keys.len() - 1,
        destructions: certificates.signed_by(&keys)?,
    })
}

async fn extends(source: &mut Source, earlier: &Checkpoint, now: &Checkpoint) -> Result<(), Error> {
    if earlier.origin() != now.origin() {
        return Err(violated("the log bears another name than before"));
    }
    if earlier.size() > now.size() {
        return Err(violated(format!(
            "the log is shorter than before: {} leaves instead of {}",
            now.size(),
            earlier.size()
        )));
    }
    source
        .check_extends((earlier.size(), earlier.root()), now)
        .await
}

/// Recomputes the tree from its leaves; what they say of the log's keys and of destroyed ones.
async fn recompute(
    source: &mut Source,
    earlier: Option<&Checkpoint>,
    now: &Checkpoint,
) -> Result<(Chain, Certificates), Error> {
    let (mut chain, mut certificates) = (Chain::default(), Certificates::default());
    let (mut tree, mut roots) = (Frontier::new(), Roots::default());
    roots.push(&tree);
    while tree.size() < now.size() {
        let limit = (now.size() - tree.size()).min(PAGE.into());
        let page = source.leaves(tree.size(), limit).await?;
        if page.is_empty() {
            return Err(violated(format!("leaf {} is missing", tree.size())));
        }
        for bytes in page {
            let leaf = Leaf::read(&bytes);
            chain.look_at(tree.size(), &leaf, &roots)?;
            certificates.look_at(tree.size(), &leaf, &roots)?;
            tree.push(leaf_hash(&bytes));
            roots.push(&tree);
            let differs =
                earlier.is_some_and(|e| e.size() == tree.size() && *e.root() != tree.root());
            if differs {
                return Err(violated("the leaves are not those that were seen before"));
            }
        }
    }
    match tree.root() == *now.root() {
        true => Ok((chain, certificates)),
        false => Err(violated("the leaves do not give the root that was signed")),
    }
}
