//! C2SP checkpoints: which log, how many leaves, which root.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::Error;
use crate::hash::{Hash, empty_root};
use crate::key::{KeyKind, LogKey, VerifierKey};
use crate::note::{Note, NoteSignature, is_key_name};

/// The head of a log's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// A tree's head. The origin is a name without spaces, such as `example.com/log`.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, Error> {
        if !is_key_name(origin) {
            return Err(Error::Checkpoint(
                "the origin is empty or holds a space, a plus or a control character",
            ));
        }
        if (size == 0) != (root == empty_root()) {
            return Err(Error::Checkpoint(
                "the root of the empty tree stands for it alone",
            ));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The text that is signed: three lines.
    pub fn to_text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64_STANDARD.encode(self.root)
        )
    }

    /// Reads the three lines; extension lines are refused.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lines: Vec<_> = text
            .strip_suffix('\n')
            .unwrap_or(text)
            .split('\n')
            .collect();
        let [origin, size, root] = lines[..] else {
            return Err(Error::Checkpoint("it must have exactly three lines"));
        };
        let size = size
            .parse()
            .map_err(|_| Error::Checkpoint("the size isn't a number"))?;
        let root = BASE64_STANDARD
            .decode(root)
            .ok()
            .and_then(|root| Hash::try_from(&root[..]).ok());
        let root = root.ok_or(Error::Checkpoint(
            "the root isn't 32 bytes in canonical Base64",
        ))?;
        let checkpoint = Self::new(origin, size, root)?;
        let canonical = checkpoint.to_text() == text;
        if canonical {
            Ok(checkpoint)
        } else {
            Err(Error::Checkpoint("it isn't canonical"))
        }
    }

    /// Signs it as the log: the log's own signature and its cosignature of `now`.
    pub fn sign(self, key: &LogKey, now: u64) -> Result<SignedCheckpoint, Error> {
        let note = Note::new(self.to_text())?;
        let mut signed = SignedCheckpoint {
            checkpoint: self,
            note,
        };
        signed.sign_also(key, now)?;
        Ok(signed)
    }
}

/// A checkpoint as a signed note, its signatures not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a note whose text is a checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let note = Note::parse(bytes)?;
        Ok(Self {
            checkpoint: Checkpoint::parse(note.text())?,
            note,
        })
    }

    /// Signs it with another key of the log, as [`Checkpoint::sign`] does.
    pub fn sign_also(&mut self, key: &LogKey, now: u64) -> Result<(), Error> {
        if key.name() != self.checkpoint.origin {
            return Err(Error::Checkpoint(
                "the log's key must bear the origin's name",
            ));
        }
        let text = self.checkpoint.to_text();
        self.note.add(key.sign(&text))?;
        self.note.add(key.cosign(&text, now)?)
    }

    /// What the note says; believe it after [`SignedCheckpoint::verify`].
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The note as it is stored and sent.
    pub fn to_text(&self) -> String {
        self.note.to_text()
    }

    /// Verifies that the log itself signed this: `log` is an Ed25519 key that bears
    /// the name of the origin.
    pub fn verify(&self, log: &VerifierKey) -> Result<&Checkpoint, Error> {
        if log.kind() != KeyKind::Ed25519 || log.name() != self.checkpoint.origin {
            return Err(Error::Unsigned(log.to_string()));
        }
        let mut signed = false;
        for signature in self.lines_of(log) {
            log.verify(self.note.text(), signature)?;
            signed = true;
        }
        if signed {
            Ok(&self.checkpoint)
        } else {
            Err(Error::Unsigned(log.to_string()))
        }
    }

    /// The earliest time that a cosigner states here; none if it hasn't cosigned. A
    /// line of that key that doesn't verify is an error.
    pub fn cosigned_at(&self, cosigner: &VerifierKey) -> Result<Option<u64>, Error> {
        Ok(self.times_of(cosigner)?.first().map(|(time, _)| *time))
    }

    /// The lines that none of these keys claims.
    pub fn lines_of_others<'a>(
        &'a self,
        known: &'a [VerifierKey],
    ) -> impl Iterator<Item = &'a NoteSignature> {
        let unknown = |line: &&NoteSignature| !known.iter().any(|key| key.claims(line));
        self.note.signatures().iter().filter(unknown)
    }

    /// The latest time that a cosigner states here: until then the log had not grown.
    pub fn last_cosigned_at(&self, cosigner: &VerifierKey) -> Result<Option<u64>, Error> {
        Ok(self.times_of(cosigner)?.last().map(|(time, _)| *time))
    }

    /// Adds a cosigner's line after verifying it. Of each cosigner the earliest and the
    /// latest line are kept, in this order; returns whether anything changed.
    pub fn add_cosignature(
        &mut self,
        cosigner: &VerifierKey,
        line: NoteSignature,
    ) -> Result<bool, Error> {
        let time = cosigner
            .verify(self.note.text(), &line)?
            .ok_or(Error::Signature)?;
        let mut lines = self.times_of(cosigner)?;
        let between =
            |pair: &[(u64, NoteSignature)]| pair[0].0 <= time && time <= pair[pair.len() - 1].0;
        if !lines.is_empty() && between(&lines) {
            return Ok(false);
        }
        lines.push((time, line));
        lines.sort_by_key(|(time, _)| *time);
        if lines.len() > 2 {
            lines.drain(1..lines.len() - 1);
        }
        self.note.retain(|line| !cosigner.claims(line));
        lines
            .into_iter()
            .try_for_each(|(_, line)| self.note.add(line))?;
        Ok(true)
    }

    /// A cosigner's lines, all verified, by the times that they state.
    fn times_of(&self, cosigner: &VerifierKey) -> Result<Vec<(u64, NoteSignature)>, Error> {
        let lines = self.lines_of(cosigner).map(|line| {
            let time = cosigner
                .verify(self.note.text(), line)?
                .ok_or(Error::Signature)?;
            Ok((time, line.clone()))
        });
        let mut lines = lines.collect::<Result<Vec<_>, Error>>()?;
        lines.sort_by_key(|(time, _)| *time);
        Ok(lines)
    }

    fn lines_of<'a>(&'a self, key: &'a VerifierKey) -> impl Iterator<Item = &'a NoteSignature> {
        self.note
            .signatures()
            .iter()
            .filter(|line| key.claims(line))
    }
}

#[cfg(test)]
mod tests;
