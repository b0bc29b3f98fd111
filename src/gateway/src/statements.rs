//! Statements on their way from the source to the ledger and into the book; and those that somebody
//! else brought to the ledger.

use std::{collections::HashSet, sync::Arc, time::Duration};

use symbolon_election::{
    ElectionId, Entry, EntryHash, Issuers, RollStatement, TrustFile, VerifiedManifest,
    entry::entry_hash,
};
use symbolon_ledger::LedgerError;
use symbolon_service::Shutdown;

use crate::{
    Error,
    board::{Board, refused},
    book::{Election, News},
    intake::Intake,
    source::Source,
};

/// Follows a source, and the ledger.
pub struct Follower {
    source: Source,
    trust: TrustFile,
    board: Arc<dyn Board>,
    intake: Arc<Intake>,
    /// How many of the source's statements were taken.
    after: u64,
    /// The statements that are on the ledger.
    known: HashSet<EntryHash>,
    /// Statements that the ledger's time is too early for: the source's clock runs ahead.
    deferred: Vec<Vec<u8>>,
    /// How far the ledger's own statements were read.
    seen: u64,
    /// Those of them whose files the source doesn't give yet, in the ledger's order.
    incomplete: Vec<Vec<u8>>,
}

/// The shortest time between two looks at the source, however many ask for one.
const BREATH: Duration = Duration::from_millis(50);

impl Follower {
    /// From the source's first statement on, onto a ledger.
    pub fn new(
        source: Source,
        trust: TrustFile,
        board: Arc<dyn Board>,
        intake: Arc<Intake>,
    ) -> Self {
        Self {
            source,
            trust,
            board,
            intake,
            after: 0,
            known: HashSet::new(),
            deferred: Vec::new(),
            seen: 0,
            incomplete: Vec::new(),
        }
    }

    /// Looks for statements until the shutdown.
    pub async fn follow(mut self, interval: Duration, shutdown: Shutdown) {
        let intake = Arc::clone(&self.intake);
        while !shutdown.is_triggered() {
            intake.newest.begin();
            // A ledger without a node would keep it from its end.
            let caught_up = tokio::select! {
                caught_up = self.catch_up() => caught_up,
                () = shutdown.triggered() => break,
            };
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

    /// Learns what the ledger has, whoever brought it there: a gateway goes on where it stopped,
    /// whether the source answers or not.
    pub async fn learn(&mut self) -> Result<(), Error> {
        let (seen, statements) = self.board.statements(self.seen).await?;
        self.seen = seen;
        let mut unread = std::mem::take(&mut self.incomplete);
        unread.extend(statements);
        let mut waiting = HashSet::new();
        for entry in unread {
            let election = self.election_of(&entry);
            if !waiting.contains(&election) && self.learn_one(&entry).await? {
                continue;
            }
            waiting.insert(election);
            self.incomplete.push(entry);
        }
        Ok(())
    }

    /// Learns one statement; false where its files aren't there yet.
    async fn learn_one(&mut self, entry: &[u8]) -> Result<bool, Error> {
        let hash = entry_hash(entry);
        if self.known.contains(&hash) {
            return Ok(true);
        }
        // What is none of the city's, or came too late, changes nothing here.
        if let Ok(news) = self.intake.book.read(entry, &self.trust) {
            match self.publish_files(&news, entry).await {
                Ok(()) => self.note(news, entry).await?,
                Err(error @ Error::OtherGateway(_)) => {
                    tracing::info!(%error, "a statement on the ledger is passed over");
                }
                Err(error @ Error::Source { .. }) => {
                    tracing::warn!(%error, "a statement on the ledger waits for its files");
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        self.known.insert(hash);
        Ok(true)
    }

    fn election_of(&self, entry: &[u8]) -> Option<ElectionId> {
        match Entry::decode(entry).ok()? {
            Entry::Manifest(signed) => Some(signed.statement.election(self.trust.domain())),
            entry => entry.election(),
        }
    }

    /// Takes every statement that there is. Files come before the statement that names them.
    pub async fn catch_up(&mut self) -> Result<(), Error> {
        self.learn().await?;
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
                    // Somebody else brought another one to where it would stand.
                    Err(error) if refused(&error) => {
                        tracing::error!(number = self.after, %error, "the ledger doesn't take a statement");
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
        match self.board.submit(vec![entry.to_vec()]).await {
            Err(LedgerError::Early { .. }) => {
                self.deferred.push(entry.to_vec());
                return Ok(());
            }
            submitted => submitted?,
        };
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
                self.check_ours(manifest).await?;
                self.file(&manifest.manifest().content_hash).await?;
                let keys = match self.board.keys_file(manifest.manifest()) {
                    Some(name) => Some(self.file(&name).await?),
                    None => None,
                };
                self.board
                    .is_named_by(manifest.manifest(), keys.as_deref())?;
            }
            (News::Roll(statement), _) => self.publish_roll(statement).await?,
            (_, Ok(Entry::Close(close))) => drop(self.file(&close.statement.issued).await?),
            _ => {}
        }
        Ok(())
    }

    /// Receipts hold only where the manifest names this gateway and leaves it the time to keep them.
    /// What was promised already has to be kept in any case.
    async fn check_ours(&self, manifest: &VerifiedManifest) -> Result<(), Error> {
        let receipts = self.intake.receipt_key.address();
        let problem = match manifest.manifest() {
            manifest if !manifest.gateways.contains(&receipts) => {
                "its manifest names other gateways"
            }
            manifest if manifest.grace < self.intake.batches.least_grace() => {
                "its grace is shorter than a publication takes"
            }
            _ => return Ok(()),
        };
        let election = manifest.election();
        let promised = self.intake.outbox.names(&election, None).await?;
        match promised.is_empty() {
            true => Err(Error::OtherGateway(problem)),
            false => Ok(()),
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
        self.intake.admit_waiting(&id, &*self.board).await?;
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
        if self.board.files().has_roll(statement) {
            return Ok(());
        }
        let known = self.intake.book.get(&statement.election);
        let start = known.map_or(0, |election| election.roll_size());
        let leaves = self.source.leaves(statement, start).await?;
        let (files, publishing) = (self.board.files().clone(), statement.clone());
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
        if let Some(there) = self.board.files().content(name)? {
            return Ok(there);
        }
        let bytes = self.source.content(name).await?;
        self.board.files().put_content_as(name, &bytes)?;
        Ok(bytes)
    }
}
