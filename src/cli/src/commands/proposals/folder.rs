//! A proposal's folder: `proposal.json` to sign, `content.json` that it names, signature files.

use std::path::{Path, PathBuf};

use symbolon_election::{Digest, Domain, Proposal, Signature, Statement, Typed, proposal::Action};

use crate::{
    Error,
    files::{self, Access},
    statements,
};

const PROPOSAL: &str = "proposal.json";
const CONTENT: &str = "content.json";

/// What a folder holds.
pub(super) struct Folder {
    path: PathBuf,
    pub(super) proposal: Proposal,
    domain: Domain,
    pub(super) content: Vec<u8>,
}

impl Folder {
    /// Writes a new folder.
    pub(super) fn write(
        path: &Path,
        proposal: Proposal,
        domain: &Domain,
        action: &Action,
    ) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(|e| Error::unreadable_file(path, e))?;
        let (statement_file, content_file) = (path.join(PROPOSAL), path.join(CONTENT));
        files::refuse_existing(&statement_file)?;
        files::refuse_existing(&content_file)?;
        let content = action.to_json();
        files::write(&content_file, &content, Access::Public)?;
        let statement = Statement::Proposal(proposal.clone());
        statements::write_statement(&statement_file, &statement, domain)?;
        Ok(Self {
            path: path.to_owned(),
            proposal,
            domain: domain.clone(),
            content,
        })
    }

    /// Reads a folder; the content must be the proposal's.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let file = path.join(PROPOSAL);
        let (statement, domain) = statements::read_statement(&file)?;
        let Statement::Proposal(proposal) = statement else {
            return Err(Error::unreadable_file(&file, "it is no proposal"));
        };
        let file = path.join(CONTENT);
        let content = files::read(&file)?.to_vec();
        let action = Action::parse(&content).map_err(|e| Error::unreadable_file(&file, e))?;
        if action.content_hash() != proposal.content_hash {
            let problem = "it is not the content that the proposal names";
            return Err(Error::unreadable_file(&file, problem));
        }
        Ok(Self {
            path: path.to_owned(),
            proposal,
            domain,
            content,
        })
    }

    pub(super) fn digest(&self) -> Digest {
        self.proposal.digest(&self.domain)
    }

    /// The signatures on it, by the names of their files; at least one.
    pub(super) fn signatures(&self) -> Result<Vec<Signature>, Error> {
        let statement = Statement::Proposal(self.proposal.clone());
        let files = statements::signature_files(&self.path)?;
        let signatures = statements::signatures_on(&statement, &self.domain, &files)?;
        match signatures.is_empty() {
            true => Err(unsigned()),
            false => Ok(signatures),
        }
    }
}

pub(super) fn unsigned() -> Error {
    statements::signed_by_nobody(PROPOSAL)
}
