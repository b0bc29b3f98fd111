use std::path::Path;

use serde_json::{Value, json};
use symbolon_election::{
    Content, ElectionId, Entry, Issuers, TrustFile, VerifiedManifest, content,
};

use super::{bytes, from_0x, to_0x};
use crate::{
    error::Error,
    files::{self, Access},
};

/// An election as a voter's device shows it: its manifest is vouched for by the city's trust file, its questions
/// are those that the manifest names.
#[derive(Clone, Debug)]
pub struct Paper {
    manifest: VerifiedManifest,
    content: Content,
    content_bytes: Vec<u8>,
    rotations: Vec<Vec<u8>>,
    issuers: Issuers,
    state: String,
}

/// What a portal or a gateway offers, sorted.
pub struct Papers {
    /// The city's elections.
    pub ours: Vec<Paper>,
    /// How many others were offered: look-alikes, or broken ones.
    pub others: usize,
}

impl Paper {
    /// Checks what was offered against the trust file. `rotations` of the token key are ledger
    /// entries, the first one first.
    pub fn new(
        manifest: &[u8],
        content: &[u8],
        rotations: Vec<Vec<u8>>,
        trust: &TrustFile,
    ) -> Result<Self, Error> {
        let wrong = |e| Error::unreadable("the election's manifest", e);
        let Entry::Manifest(unverified) = Entry::decode(manifest).map_err(wrong)? else {
            return Err(Error::unreadable(
                "the election's manifest",
                "another kind of entry",
            ));
        };
        let manifest = unverified.verify(trust).map_err(|e| {
            Error::failed(
                format!("this election is not the city's: {e}"),
                "Don't vote in it. Compare the trust file with what the city published.",
            )
        })?;
        let unfit = |problem: &str| Err(Error::unreadable("the election's content", problem));
        if content::content_hash(content) != manifest.manifest().content_hash {
            return unfit("not the one that the manifest names");
        }
        let parsed =
            Content::parse(content).map_err(|e| Error::unreadable("the election's content", e))?;
        if parsed.shape() != *manifest.shape() {
            return unfit("its questions do not fit the manifest");
        }
        let issuers = Issuers::after(&manifest, rotations.iter().map(Vec::as_slice));
        let issuers = issuers
            .map_err(|e| Error::unreadable("the rotations of the election's token key", e))?;
        Ok(Self {
            manifest,
            content: parsed,
            content_bytes: content.to_vec(),
            rotations,
            issuers,
            state: String::new(),
        })
    }

    fn from_json(value: &Value, trust: &TrustFile) -> Result<Self, Error> {
        let (manifest, content) = (bytes(value, "manifest")?, bytes(value, "content")?);
        let mut paper = Self::new(&manifest, &content, rotations(value)?, trust)?;
        if bytes(value, "election")? != *paper.election().as_bytes() {
            return Err(Error::unreadable(
                "election",
                "not the digest of its manifest",
            ));
        }
        paper.state = value["state"].as_str().unwrap_or_default().to_owned();
        Ok(paper)
    }

    /// Reads a file that [`Paper::write`] wrote.
    pub fn read(path: &Path, trust: &TrustFile) -> Result<Self, Error> {
        Self::from_json(&files::read_json(path)?, trust)
    }

    /// Keeps the election for a device that is offline.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        files::write_json(path, &self.to_json(), Access::Public)
    }

    fn to_json(&self) -> Value {
        let manifest = Entry::Manifest(self.manifest.to_unverified()).encode();
        json!({
            "election": to_0x(self.election().as_bytes()),
            "manifest": to_0x(&manifest),
            "content": to_0x(&self.content_bytes),
            "rotations": self.rotations.iter().map(|it| to_0x(it)).collect::<Vec<_>>(),
        })
    }

    /// The election.
    pub fn election(&self) -> ElectionId {
        self.manifest.election()
    }

    /// What the officers signed.
    pub fn manifest(&self) -> &VerifiedManifest {
        &self.manifest
    }

    /// Whose tokens are good.
    pub fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// What is asked.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The portal's word for where the election stands; empty where nobody said.
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// Who writes no such member knows of no rotation.
fn rotations(value: &Value) -> Result<Vec<Vec<u8>>, Error> {
    let list = value["rotations"].as_array();
    let list = list.map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|it| from_0x("rotations", it)).collect()
}

impl Papers {
    /// Sorts a list as portals and gateways give it, bare or as the member `elections`.
    pub fn from_json(value: &Value, trust: &TrustFile) -> Result<Self, Error> {
        let list = value.as_array().or_else(|| value["elections"].as_array());
        let list = list.ok_or_else(|| Error::unreadable("the list of elections", "not a list"))?;
        let ours: Vec<_> = list
            .iter()
            .filter_map(|item| Paper::from_json(item, trust).ok())
            .collect();
        Ok(Self {
            others: list.len() - ours.len(),
            ours,
        })
    }

    /// One of the city's elections.
    pub fn find(self, election: ElectionId) -> Result<Paper, Error> {
        let others = self.others;
        self.ours.into_iter().find(|paper| paper.election() == election).ok_or_else(|| {
            Error::failed(
                format!("election {election} is not among those offered that the trust file vouches for"),
                match others {
                    0 => "Check the ID: `symbolon vote elections` lists them.".to_owned(),
                    n => format!("{n} offered elections are not the city's: don't vote in them."),
                },
            )
        })
    }
}
