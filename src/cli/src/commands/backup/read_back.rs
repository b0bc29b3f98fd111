use std::collections::{BTreeMap, btree_map::Entry as Slot};

use clap::Args;
use serde_json::json;
use symbolon_api_closed::admin::{
    ReadBackRequest, ReadBackResponse, SeenToken, backups_client::BackupsClient,
};
use symbolon_election::{
    Address, ElectionId, Entry, Issuers, RollIndex, TrustFile, UnverifiedBallot, VerifiedManifest,
};

use crate::{
    Context, Error,
    context::refused,
    ledger_view::{LogOption, View},
    output::Report,
};

/// How many tokens are handed in at a time.
const TOKENS: usize = 128;

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/officer-one.toml backup read-back 0a9c… --source http://127.0.0.1:7402/log --trust trust.json

Read the newest log that there is: a place whose ballot isn't on it may be given to another key. Afterwards
officers resume the election: symbolon proposals draft resume-issuance")]
pub struct ReadBack {
    /// The election's ID.
    election: ElectionId,
    #[command(flatten)]
    log: LogOption,
}

/// What a ledger says of one election.
struct Reading {
    election: ElectionId,
    manifest: Option<VerifiedManifest>,
    /// Whose tokens are the vault's.
    issuers: Option<Issuers>,
    /// The ballots, by place; none at a place with ballots of two keys.
    places: BTreeMap<RollIndex, Option<UnverifiedBallot>>,
    /// Who followed as issuer, and how it ended: the first Close, Certified and Cancelled.
    statements: Vec<Vec<u8>>,
}

impl ReadBack {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let (mut view, trust) = self.log.open()?;
        view.verify(&trust)?;
        let reading = Reading::of(&*view, self.election, &trust)?;
        let tokens: Vec<_> = reading.places.values().flatten().map(seen).collect();
        let contested = reading.contested();
        let told = context.call(async |channel| {
            let mut client = BackupsClient::new(channel);
            let mut told = ReadBackResponse::default();
            let mut chunks: Vec<_> = tokens.chunks(TOKENS).map(<[_]>::to_vec).collect();
            // The last request also says that it was the last, even of a ledger without ballots.
            let last = chunks.pop().unwrap_or_default();
            for (tokens, complete) in chunks
                .into_iter()
                .map(|chunk| (chunk, false))
                .chain([(last, true)])
            {
                let request = ReadBackRequest {
                    election: self.election.as_bytes().to_vec(),
                    tokens,
                    statements: match complete {
                        true => reading.statements.clone(),
                        false => Vec::new(),
                    },
                    complete,
                };
                let answer = client.read_back(request).await.map_err(refused)?;
                add(&mut told, answer.into_inner());
            }
            Ok(told)
        })?;
        Ok(report(&told, &contested))
    }
}

impl Reading {
    fn of(view: &dyn View, election: ElectionId, trust: &TrustFile) -> Result<Self, Error> {
        let mut reading = Self {
            election,
            manifest: None,
            issuers: None,
            places: BTreeMap::new(),
            statements: Vec::new(),
        };
        view.entries(&mut |entry| {
            if let Ok(decoded) = Entry::decode(entry) {
                if reading.is_end(&decoded) {
                    reading.statements.push(entry.to_vec());
                }
                reading.take(decoded, trust);
            }
        })?;
        match reading.manifest {
            Some(_) => Ok(reading),
            None => Err(Error::failed(
                "this election is not on the log",
                "Check ID and source. An election of which nothing was published has nothing to be read back: cancel it, or publish its statements first.",
            )),
        }
    }

    /// Whether a well signed entry ends the election, in a way that none before did.
    fn is_end(&self, entry: &Entry) -> bool {
        let Some(manifest) = &self.manifest else {
            return false;
        };
        let good = match entry {
            Entry::Close(close) => close.clone().verify(manifest).is_ok(),
            Entry::Certified(certified) => certified.clone().verify(manifest).is_ok(),
            Entry::Cancelled(cancelled) => cancelled.clone().verify(manifest).is_ok(),
            _ => false,
        };
        let kind = std::mem::discriminant(entry);
        let ends = self
            .statements
            .iter()
            .filter_map(|entry| Entry::decode(entry).ok());
        good && !ends
            .into_iter()
            .any(|other| std::mem::discriminant(&other) == kind)
    }

    fn take(&mut self, entry: Entry, trust: &TrustFile) {
        match (&entry, &self.manifest) {
            (Entry::Manifest(found), None) => {
                let verified = found.clone().verify(trust).ok();
                let own = verified.filter(|manifest| manifest.election() == self.election);
                self.issuers = own.as_ref().map(Issuers::new);
                self.manifest = own;
            }
            (Entry::IssuerRotation(found), Some(manifest)) => {
                if let (Ok(rotation), Some(issuers)) =
                    (found.clone().verify(manifest), &mut self.issuers)
                {
                    // One that doesn't follow changes nothing, here as on the ledger.
                    if issuers.rotate(&rotation).is_ok() {
                        self.statements.push(entry.encode());
                    }
                }
            }
            (Entry::Ballot(ballot), Some(manifest)) if ballot.election == self.election => {
                let verified = ballot.clone().verify(manifest);
                let issuers = self.issuers.as_ref();
                let known = |issuer: &Address| issuers.is_some_and(|issuers| issuers.knows(issuer));
                if verified.is_ok_and(|verified| known(verified.issuer())) {
                    self.take_ballot(ballot.clone());
                }
            }
            _ => {}
        }
    }

    fn take_ballot(&mut self, ballot: UnverifiedBallot) {
        match self.places.entry(ballot.roll_index) {
            Slot::Vacant(free) => {
                free.insert(Some(ballot));
            }
            Slot::Occupied(mut there) => {
                let same = |own: &UnverifiedBallot| own.ballot_key == ballot.ballot_key;
                if !there.get().as_ref().is_some_and(same) {
                    there.insert(None);
                }
            }
        }
    }

    fn contested(&self) -> Vec<u32> {
        let places = self.places.iter();
        let contested = places.filter(|(_, ballot)| ballot.is_none());
        contested.map(|(place, _)| place.0).collect()
    }
}

fn seen(ballot: &UnverifiedBallot) -> SeenToken {
    SeenToken {
        voter_id: ballot.voter_id.as_bytes().to_vec(),
        roll_index: ballot.roll_index.0,
        ballot_key: ballot.ballot_key.as_bytes().to_vec(),
        signature: ballot.token_signature.as_bytes().to_vec(),
    }
}

fn add(told: &mut ReadBackResponse, more: ReadBackResponse) {
    told.bound += more.bound;
    told.known += more.known;
    told.contradicting.extend(more.contradicting);
    told.foreign.extend(more.foreign);
}

fn report(told: &ReadBackResponse, contested: &[u32]) -> Report {
    let places = |places: &[u32]| match places {
        [] => "none".to_owned(),
        some => some
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    Report::new(json!({
        "bound": told.bound, "known": told.known, "contradicting": told.contradicting,
        "foreign": told.foreign, "contested": contested,
    }))
    .facts([
        ("bound again", told.bound.to_string()),
        ("known already", told.known.to_string()),
        (
            "places with another key in the vault",
            places(&told.contradicting),
        ),
        ("places with ballots of two keys", places(contested)),
        (
            "tokens that aren't the vault's, or beyond its roll",
            places(&told.foreign),
        ),
    ])
    .line("Officers may let the election go on: symbolon proposals draft resume-issuance")
}
