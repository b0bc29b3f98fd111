//! Statements on their way from the source to the ledger and into the book.

use std::{collections::HashSet, sync::Arc, time::Duration};

use symbolon_election::{
    Entry, EntryHash, Issuers, LedgerKeys, RollStatement, TrustFile, VerifiedManifest,
    entry::entry_hash, ledger_keys::NoteKey,
};
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
    log_key: NoteKey,
    ledger: LogLedger,
    intake: Arc<Intake>,
    /// How many of the source's statements were taken.
    after: u64,
    /// The statements that are on the ledger.
    known: HashSet<EntryHash>,
    /// Statements that the ledger's time is too early for: the source's clock runs ahead.
    deferred: Vec<Vec<u8>>,
}

const PAGE: usize = 1024;
/// The shortest time between two looks at the source, however many ask for one.
const BREATH: Duration = Duration::from_millis(50);

impl Follower {
    /// From the source's first statement on, onto a log of this key.
    pub fn new(
        source: Source,
        (trust, log_key): (TrustFile, NoteKey),
        ledger: LogLedger,
        intake: Arc<Intake>,
    ) -> Self {
        Self {
            source,
            trust,
            log_key,
            ledger,
            intake,
            after: 0,
            known: HashSet::new(),
            deferred: Vec::new(),
        }
    }

    /// Looks for statements until the shutdown.
    pub async fn follow(mut self, interval: Duration, shutdown: Shutdown) {
        let intake = Arc::clone(&self.intake);
        while !shutdown.is_triggered() {
            intake.newest.begin();
            let caught_up = self.catch_up().await;
            intake.newest.end(caught_up.is_ok());
            if let Err(error) = caught_up {
                tracing::warn!(%error, "statements are tried again");
            }
            let asked = async {
                tokio::time::sleep(BREATH).await;
                intake.newest.asked().await;
            };
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = asked => {}
                () = shutdown.triggered() => {}
            }
        }
        intake.newest.stop();
    }

    /// Learns what the ledger has already: a gateway goes on where it stopped, whether the
    /// source answers or not.
    pub async fn resume(&mut self) -> Result<(), Error> {
        let mut from = 0;
        loop {
            let page = self.ledger.settled(from, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            from = last.index + 1;
            for settled in &page {
                if is_statement(&settled.entry) {
                    self.learn(&settled.entry).await?;
                }
            }
        }
    }

    async fn learn(&mut self, entry: &[u8]) -> Result<(), Error> {
        // What others wrote there, or a statement that came too late, changes nothing here.
        if let Ok(news) = self.intake.book.read(entry, &self.trust) {
            self.note(news, entry).await?;
        }
        self.known.insert(entry_hash(entry));
        Ok(())
    }

    /// Takes every statement that there is. Files come before the statement that names them.
    pub async fn catch_up(&mut self) -> Result<(), Error> {
        for entry in std::mem::take(&mut self.deferred) {
            if let Err(error) = self.take(&entry).await {
                tracing::warn!(%error, "a statement is tried again");
                self.deferred.push(entry);
            }
        }
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
                    Err(error @ (Error::OtherGateway(_) | Error::TooLate)) => {
                        tracing::error!(number = self.after, %error, "a statement is passed over");
                    }
                    outcome => outcome?,
                }
                self.after += 1;
            }
        }
    }

    async fn take(&mut self, entry: &[u8]) -> Result<(), Error> {
        let hash = entry_hash(entry);
        if self.known.contains(&hash) {
            return Ok(());
        }
        let news = self.intake.book.read(entry, &self.trust);
        let news = news.map_err(|problem| Error::Statement {
            number: self.after,
            problem,
        })?;
        if self.is_early(entry) {
            self.deferred.push(entry.to_vec());
            return Ok(());
        }
        if self.is_late(entry) {
            return Err(Error::TooLate);
        }
        self.publish_files(&news, entry).await?;
        self.ledger.submit(vec![entry.to_vec()]).await?;
        self.note(news, entry).await?;
        self.known.insert(hash);
        Ok(())
    }

    /// Whether a statement would stand on the ledger before its time, where it counts for nothing.
    fn is_early(&self, entry: &[u8]) -> bool {
        let (election, after_grace) = match Entry::decode(entry) {
            Ok(Entry::Close(close)) => (close.statement.election, false),
            Ok(Entry::Certified(certified)) => (certified.statement.election, true),
            _ => return false,
        };
        let Some(election) = self.intake.book.get(&election) else {
            return false;
        };
        let manifest = &election.manifest;
        let bound = match after_grace {
            true => manifest.last_moment(),
            false => manifest.manifest().closes,
        };
        (self.intake.clock)() <= bound
    }

    /// Whether a rotation would stand on the ledger after closes, where it breaks a rule. No ballot
    /// of its next issuer was taken: this gateway didn't know it.
    fn is_late(&self, entry: &[u8]) -> bool {
        let Ok(Entry::IssuerRotation(rotation)) = Entry::decode(entry) else {
            return false;
        };
        let election = self.intake.book.get(&rotation.statement.election);
        election.is_some_and(|it| (self.intake.clock)() > it.manifest.manifest().closes)
    }

    async fn publish_files(&self, news: &News, entry: &[u8]) -> Result<(), Error> {
        match (news, Entry::decode(entry)) {
            (News::Opened(manifest), _) => {
                self.file(&manifest.manifest().content_hash).await?;
                let keys = self.file(&manifest.manifest().ledger_keys).await?;
                self.check_ours(manifest, &keys)?;
            }
            (News::Roll(statement), _) => self.publish_roll(statement).await?,
            (_, Ok(Entry::Close(close))) => drop(self.file(&close.statement.issued).await?),
            _ => {}
        }
        Ok(())
    }

    /// Receipts hold only where the manifest names this gateway, and entries get their time
    /// only where it names this log.
    fn check_ours(&self, manifest: &VerifiedManifest, keys: &[u8]) -> Result<(), Error> {
        let receipts = self.intake.receipt_key.address();
        if !manifest.manifest().gateways.contains(&receipts) {
            return Err(Error::OtherGateway("its manifest names other gateways"));
        }
        if manifest.manifest().grace < self.intake.batches.interval() {
            return Err(Error::OtherGateway(
                "its grace is shorter than the publication interval",
            ));
        }
        match LedgerKeys::parse(keys) {
            Ok(keys) if *keys.log() != self.log_key => {
                Err(Error::OtherGateway("its ledger keys name another log"))
            }
            Ok(keys) if keys.quorum() > 1 => Err(Error::OtherGateway(
                "its ledger keys want witnesses, and this log has none",
            )),
            Ok(_) => Ok(()),
            Err(_) => Err(Error::OtherGateway("its ledger keys can't be read")),
        }
    }

    /// Writes into the book what is on the ledger now.
    async fn note(&self, news: News, entry: &[u8]) -> Result<(), Error> {
        match news {
            News::Opened(manifest) => self.open(*manifest, entry).await,
            News::Roll(statement) => {
                if let Some(known) = self.intake.book.get(&statement.election) {
                    let mut election = Election::clone(&known);
                    election.rolls.push(statement);
                    self.intake.book.put(election);
                }
                Ok(())
            }
            News::Changed(election) => {
                self.intake.book.put(*election);
                Ok(())
            }
            News::Nothing => Ok(()),
        }
    }

    async fn open(&self, manifest: VerifiedManifest, entry: &[u8]) -> Result<(), Error> {
        let id = manifest.election();
        if self.intake.book.get(&id).is_some() {
            return Ok(());
        }
        let content = self.file(&manifest.manifest().content_hash).await?;
        self.intake.admit_waiting(&id, &self.ledger).await?;
        tracing::info!(election = %id, "an election");
        self.intake.book.put(Election {
            issuers: Issuers::new(&manifest),
            entry: entry.into(),
            content: content.into(),
            rotations: Vec::new(),
            rolls: Vec::new(),
            cancelled: false,
            manifest,
        });
        Ok(())
    }

    async fn publish_roll(&self, statement: &RollStatement) -> Result<(), Error> {
        let known = self.intake.book.get(&statement.election);
        let start = known.map_or(0, |election| election.roll_size());
        let leaves = self.source.leaves(statement, start).await?;
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
        Ok(published.await.map_err(stopped)??)
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

fn is_statement(entry: &[u8]) -> bool {
    !matches!(Entry::decode(entry), Ok(Entry::Ballot(_)) | Err(_))
}
