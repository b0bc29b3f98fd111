//! Statements on their way from the source to the ledger and into the book.

use std::{sync::Arc, time::Duration};

use symbolon_election::{Entry, Issuers, RollStatement, TrustFile, VerifiedManifest};
use symbolon_ledger::Ledger;
use symbolon_ledger_log::LogLedger;
use symbolon_service::Shutdown;

use crate::{
    Error,
    book::{Election, News},
    intake::Intake,
    source::Source,
};

/// Follows a source.
pub struct Follower {
    source: Source,
    trust: TrustFile,
    ledger: LogLedger,
    intake: Arc<Intake>,
    /// How many statements were taken.
    after: u64,
}

impl Follower {
    /// From the source's first statement on.
    pub fn new(source: Source, trust: TrustFile, ledger: LogLedger, intake: Arc<Intake>) -> Self {
        Self {
            source,
            trust,
            ledger,
            intake,
            after: 0,
        }
    }

    /// Looks for statements until the shutdown.
    pub async fn follow(mut self, interval: Duration, shutdown: Shutdown) {
        while !shutdown.is_triggered() {
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "statements are tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = shutdown.triggered() => {}
            }
        }
    }

    /// Takes every statement that there is. Files come before the statement that names them.
    pub async fn catch_up(&mut self) -> Result<(), Error> {
        loop {
            let entries = self.source.statements(self.after).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                match self.take(&entry).await {
                    Err(Error::Statement { number, problem }) => {
                        tracing::error!(number, %problem, "a statement that is none of ours is passed over");
                    }
                    outcome => outcome?,
                }
                self.after += 1;
            }
        }
    }

    async fn take(&self, entry: &[u8]) -> Result<(), Error> {
        let news = self.intake.book.read(entry, &self.trust);
        let news = news.map_err(|problem| Error::Statement {
            number: self.after,
            problem,
        })?;
        match news {
            News::Opened(manifest) => self.open(*manifest, entry).await,
            News::Roll(statement) => self.roll(statement, entry).await,
            News::Changed(election) => {
                self.ledger.submit(vec![entry.to_vec()]).await?;
                self.intake.book.put(*election);
                Ok(())
            }
            News::Nothing => {
                if let Ok(Entry::Close(close)) = Entry::decode(entry) {
                    self.file(&close.statement.issued).await?;
                }
                self.ledger.submit(vec![entry.to_vec()]).await?;
                Ok(())
            }
        }
    }

    async fn open(&self, manifest: VerifiedManifest, entry: &[u8]) -> Result<(), Error> {
        let content = self.file(&manifest.manifest().content_hash).await?;
        self.file(&manifest.manifest().ledger_keys).await?;
        self.ledger.submit(vec![entry.to_vec()]).await?;
        let id = manifest.election();
        if self.intake.book.get(&id).is_some() {
            return Ok(());
        }
        self.intake.recount(&id).await?;
        tracing::info!(election = %id, "an election");
        self.intake.book.put(Election {
            issuers: Issuers::new(&manifest),
            entry: entry.into(),
            content: content.into(),
            rolls: Vec::new(),
            cancelled: false,
            manifest,
        });
        Ok(())
    }

    async fn roll(&self, statement: RollStatement, entry: &[u8]) -> Result<(), Error> {
        let known = self.intake.book.get(&statement.election);
        let Some(mut election) = known.map(|election| Election::clone(&*election)) else {
            return Ok(());
        };
        let start = election.roll_size();
        let leaves = self.source.leaves(&statement, start).await?;
        let (files, publishing) = (self.ledger.files().clone(), statement.clone());
        let published = tokio::task::spawn_blocking(move || {
            let mut roll = files.roll(&publishing, start)?;
            leaves.into_iter().try_for_each(|leaf| roll.push(leaf))?;
            roll.publish()
        });
        let stopped = |_| Error::Source {
            what: "the roll".into(),
            problem: "stopped".into(),
        };
        published.await.map_err(stopped)??;
        self.ledger.submit(vec![entry.to_vec()]).await?;
        election.rolls.push(statement);
        self.intake.book.put(election);
        Ok(())
    }

    /// Publishes a file under its hash.
    async fn file(&self, name: &symbolon_election::ContentHash) -> Result<Vec<u8>, Error> {
        if let Some(there) = self.ledger.files().content(name)? {
            return Ok(there);
        }
        let bytes = self.source.content(name).await?;
        self.ledger.files().put_content_as(name, &bytes)?;
        Ok(bytes)
    }
}
