use std::sync::atomic::Ordering;

use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::{
    Address, Cancelled, Certified, Content, IssuedList, Issuers, LedgerHead, LedgerKeys,
    LocalizedText, Question, Statement, TallyHash, UnverifiedManifest, ledger_keys::NoteKey,
};
use symbolon_keyring::RegistrationId;
use symbolon_voter::{DeviceSeed, Token, open_token, request};

use super::*;
use crate::electorates::ElectorateName;
use crate::testing::{Installation, NOW, caller, portal, reason, register};

const CLOSES: u64 = NOW + 1000;
const GRACE: u64 = 10;

fn plain(text: &str) -> LocalizedText {
    LocalizedText::new("en", text)
}

pub(crate) fn draft(entitled: Entitled) -> Draft {
    let question = Question {
        title: plain("Which?"),
        text: plain("Which one?"),
        options: vec![plain("a"), plain("b")],
        least: 0,
        most: 1,
    };
    let content =
        Content::new(plain("A poll"), plain("What do you want?"), vec![question]).unwrap();
    let origin = "log.example.org/polls";
    let log = NoteKey::log(origin, [2; 32]).unwrap();
    let own = NoteKey::cosigner(origin, [2; 32]).unwrap();
    let ledger_keys = LedgerKeys::new(origin, log, vec![own], 1).unwrap();
    Draft {
        content: content.to_json(),
        ledger_keys: ledger_keys.to_json(),
        opens: NOW,
        closes: CLOSES,
        grace: GRACE,
        forget_after: NOW + 100_000,
        max_ballots: 1,
        roll_batch_min: 0,
        ballot_batch_min: 1,
        custody: 0,
        anonymity: 0,
        results: 0,
        payload: 0,
        gateways: vec![SigningKey::random(&mut random::os()).address()],
        entitled,
    }
}

/// A draft whose roll may grow by two people at least.
pub(crate) fn growing() -> Draft {
    Draft {
        roll_batch_min: 2,
        ..draft(Entitled::Everybody)
    }
}

/// The entry with the signatures of these officers.
pub(crate) fn sign(core: &Core, entry: &[u8], signers: &[&SigningKey]) -> Vec<u8> {
    let entry = Entry::decode(entry).unwrap();
    let (statement, _) = entry.statement().unwrap();
    let digest = statement.digest(core.domain());
    let mut signatures: Vec<(Address, _)> = signers
        .iter()
        .map(|key| (key.address(), key.sign(digest.as_bytes())))
        .collect();
    signatures.sort_by_key(|(address, _)| *address);
    let signatures = signatures
        .into_iter()
        .map(|(_, signature)| signature)
        .collect();
    Entry::from_statement(statement, signatures)
        .unwrap()
        .encode()
}

pub(crate) async fn opened(installation: &Installation, core: &Core, draft: Draft) -> ElectionId {
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let (id, manifest, roll) = core.draft_election(&caller(), draft).await.unwrap();
    let manifest = sign(core, &manifest, &[first, second]);
    let roll = sign(core, &roll, &[first, second]);
    core.open_election(&caller(), &manifest, &roll)
        .await
        .unwrap();
    id
}

pub(crate) async fn people(core: &Core, names: &[&str]) -> Vec<RegistrationId> {
    let mut ids = Vec::new();
    for name in names {
        let document = format!("DOC{}", hex::encode(name));
        ids.push(
            register(core, "main", (name, "1990-01-01", Some(&document)))
                .await
                .unwrap(),
        );
    }
    ids
}

async fn manifest(core: &Core, id: &ElectionId) -> VerifiedManifest {
    let entry = core.statements(0).await.unwrap().entries;
    let manifests = entry.iter().filter_map(|entry| match Entry::decode(entry) {
        Ok(Entry::Manifest(manifest)) => Some(manifest),
        _ => None,
    });
    let verified =
        manifests.map(|manifest: UnverifiedManifest| manifest.verify(&core.trust()).unwrap());
    verified
        .into_iter()
        .find(|manifest| manifest.election() == *id)
        .unwrap()
}

pub(crate) struct Device {
    manifest: VerifiedManifest,
    keys: symbolon_voter::ElectionKeys,
}

impl Device {
    pub(crate) async fn new(core: &Core, id: &ElectionId) -> Self {
        let manifest = manifest(core, id).await;
        let keys = DeviceSeed::random(&mut random::os()).keys(id).unwrap();
        Self { manifest, keys }
    }

    fn request(&self) -> Vec<u8> {
        request(&self.keys, &self.manifest, NOW, &mut random::os()).unwrap()
    }

    pub(crate) async fn issue(&self, core: &Core, person: &RegistrationId) -> Result<Token, Error> {
        let id = self.manifest.election();
        let sealed = core
            .issue_token(&caller(), &portal("main"), person, &id, &self.request())
            .await?;
        let rotations = core.election(&id).await?.row.rotations.clone();
        let rotations = rotations.iter().map(Vec::as_slice);
        let issuers = Issuers::after(&self.manifest, rotations).unwrap();
        Ok(open_token(&self.keys, &self.manifest, &issuers, &sealed).unwrap())
    }
}

async fn refused(outcome: Result<Token, Error>) -> &'static str {
    reason(outcome.err().expect("refused"))
}

#[tokio::test]
async fn a_draft_is_opened_by_two_of_three_officers_only() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    people(&core, &["Ann", "Ben"]).await;
    let (id, manifest, roll) = core
        .draft_election(&caller(), draft(Entitled::Everybody))
        .await
        .unwrap();
    let [first, second, third] = installation.officers.as_slice() else {
        unreachable!()
    };
    let stranger = SigningKey::random(&mut random::os());
    for signers in [vec![first], vec![first, &stranger], vec![first, first]] {
        let (manifest, roll) = (
            sign(&core, &manifest, &signers),
            sign(&core, &roll, &signers),
        );
        assert!(
            core.open_election(&caller(), &manifest, &roll)
                .await
                .is_err()
        );
    }
    assert!(core.public_election(&id).await.is_err());
    let both = (
        sign(&core, &manifest, &[first, third]),
        sign(&core, &roll, &[second, third]),
    );
    core.open_election(&caller(), &both.0, &both.1)
        .await
        .unwrap();
    core.open_election(&caller(), &both.0, &both.1)
        .await
        .unwrap();
    assert_eq!(core.statements(0).await.unwrap().entries, [both.0, both.1]);
    assert_eq!(
        core.roll(&core.election(&id).await.unwrap())
            .unwrap()
            .size(),
        2
    );
}

#[tokio::test]
async fn a_place_has_one_ballot_key_and_a_ballot_key_one_place() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann", "Ben"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let (ann, ben) = (Device::new(&core, &id).await, Device::new(&core, &id).await);
    let token = ann.issue(&core, &ids[0]).await.unwrap();
    let again = ann.issue(&core, &ids[0]).await.unwrap();
    assert_eq!(token.voter_id(), again.voter_id());
    assert_eq!(token.roll_index(), again.roll_index());
    assert_eq!(
        refused(ben.issue(&core, &ids[0]).await).await,
        "PLACE_TAKEN"
    );
    assert_eq!(
        refused(ann.issue(&core, &ids[1]).await).await,
        "PLACE_TAKEN"
    );
    assert_ne!(
        ben.issue(&core, &ids[1]).await.unwrap().voter_id(),
        token.voter_id()
    );
    core.validate_token(&caller(), token.token(), token.signature())
        .await
        .unwrap();
    let stolen = symbolon_election::VotingToken {
        ballot_key: ben.keys.ballot_key(),
        ..token.token().clone()
    };
    assert!(
        core.validate_token(&caller(), &stolen, token.signature())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn simultaneous_requests_of_two_devices_give_the_place_to_one() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let devices = [Device::new(&core, &id).await, Device::new(&core, &id).await];
    let asked = devices
        .iter()
        .cycle()
        .take(20)
        .map(|device| device.issue(&core, &ids[0]));
    let outcomes = futures_util::future::join_all(asked).await;
    let keys: std::collections::BTreeSet<_> = outcomes
        .iter()
        .flatten()
        .map(|token| token.token().ballot_key)
        .collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        10
    );
}

#[tokio::test]
async fn only_the_electorate_is_entitled() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann", "Ben"]).await;
    let name = ElectorateName::parse("north").unwrap();
    core.create_electorate(&caller(), &portal("main"), &name)
        .await
        .unwrap();
    core.add_to_electorate(&caller(), &portal("main"), &name, &ids[..1])
        .await
        .unwrap();
    let id = opened(
        &installation,
        &core,
        draft(Entitled::Electorate("north".into())),
    )
    .await;
    let device = Device::new(&core, &id).await;
    assert_eq!(
        refused(device.issue(&core, &ids[1]).await).await,
        "NOT_ELIGIBLE"
    );
    device.issue(&core, &ids[0]).await.unwrap();
    let told = core
        .participation(&caller(), &portal("main"), &ids[0], &id)
        .await
        .unwrap();
    assert!(told.eligible && told.issued);
    let told = core
        .participation(&caller(), &portal("main"), &ids[1], &id)
        .await
        .unwrap();
    assert!(!told.eligible && !told.issued);
}

#[tokio::test]
async fn a_request_of_one_election_does_not_open_in_another() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let one = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let other = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let sealed = Device::new(&core, &one).await.request();
    let refused = core
        .issue_token(&caller(), &portal("main"), &ids[0], &other, &sealed)
        .await;
    assert_eq!(reason(refused.unwrap_err()), "REQUEST_DOES_NOT_OPEN");
    let stranger = RegistrationId::new([3; 32]);
    let refused = core
        .issue_token(&caller(), &portal("main"), &stranger, &one, &sealed)
        .await;
    assert_eq!(reason(refused.unwrap_err()), "UNKNOWN_REGISTRATION_ID");
    let refused = core
        .issue_token(&caller(), &portal("small"), &ids[0], &one, &sealed)
        .await;
    assert_eq!(reason(refused.unwrap_err()), "UNKNOWN_REGISTRATION_ID");
}

#[tokio::test]
async fn sealed_bytes_handed_in_for_somebody_else_are_refused_and_twice_are_one_issuance() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann", "Ben"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let device = Device::new(&core, &id).await;
    let sealed = device.request();
    let hand_in = |person: RegistrationId| {
        let (core, sealed) = (&core, &sealed);
        async move {
            core.issue_token(&caller(), &portal("main"), &person, &id, sealed)
                .await
        }
    };
    let first = hand_in(ids[0]).await.unwrap();
    assert_eq!(reason(hand_in(ids[1]).await.unwrap_err()), "PLACE_TAKEN");
    let again = hand_in(ids[0]).await.unwrap();
    // Sealed anew, the same inside.
    assert!(first != again && first.len() == again.len());
    let open = |sealed: &[u8]| {
        let issuers = Issuers::new(&device.manifest);
        let token = open_token(&device.keys, &device.manifest, &issuers, sealed).unwrap();
        token.token().clone()
    };
    assert_eq!(open(&first), open(&again));
    let participation = |person: RegistrationId| {
        let core = &core;
        async move {
            core.participation(&caller(), &portal("main"), &person, &id)
                .await
                .unwrap()
        }
    };
    assert!(participation(ids[0]).await.issued && !participation(ids[1]).await.issued);
}

#[tokio::test]
async fn an_altered_sealed_request_does_not_open_and_takes_no_place() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let device = Device::new(&core, &id).await;
    let sealed = device.request();
    let mut altered: Vec<Vec<u8>> = (0..sealed.len())
        .map(|at| {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1 << (at % 8);
            bytes
        })
        .collect();
    altered.push(sealed[..sealed.len() - 1].to_vec());
    altered.push([sealed.as_slice(), &[0]].concat());
    altered.push(Vec::new());
    for bytes in altered {
        let refused = core
            .issue_token(&caller(), &portal("main"), &ids[0], &id, &bytes)
            .await;
        assert_eq!(reason(refused.unwrap_err()), "REQUEST_DOES_NOT_OPEN");
    }
    let told = core
        .participation(&caller(), &portal("main"), &ids[0], &id)
        .await;
    assert!(!told.unwrap().issued);
    device.issue(&core, &ids[0]).await.unwrap();
}

#[tokio::test]
async fn a_row_flipped_or_moved_to_another_election_gives_no_token() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let (one, other) = (
        opened(&installation, &core, draft(Entitled::Everybody)).await,
        opened(&installation, &core, draft(Entitled::Everybody)).await,
    );
    let (device, second) = (
        Device::new(&core, &one).await,
        Device::new(&core, &other).await,
    );
    device.issue(&core, &ids[0]).await.unwrap();
    second.issue(&core, &ids[0]).await.unwrap();
    let rows = |table| {
        let core = &core;
        async move {
            let range = symbolon_store::KeyRange::table(table as u8);
            core.store.scan(range, 10).await.unwrap()
        }
    };
    let put = |key: &symbolon_store::Key, value: Vec<u8>| {
        let (core, change) = (&core, symbolon_store::Change::new().put(key.clone(), value));
        async move { drop(core.store.commit_one(change).await.unwrap()) }
    };
    let issuances = rows(crate::rows::Table::Issuance).await;
    assert_eq!(issuances.len(), 2);
    for (here, there) in [(0, 1), (1, 0)] {
        put(&issuances[here].key, issuances[there].value.bytes.clone()).await;
    }
    assert_eq!(
        refused(device.issue(&core, &ids[0]).await).await,
        "INTERNAL"
    );
    assert_eq!(
        refused(second.issue(&core, &ids[0]).await).await,
        "INTERNAL"
    );
    for row in &issuances {
        put(&row.key, row.value.bytes.clone()).await;
    }
    let records = rows(crate::rows::Table::Record).await;
    let own = issuances.iter().chain(&records);
    for row in own {
        for at in 0..row.value.bytes.len() {
            let mut bytes = row.value.bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            put(&row.key, bytes).await;
            // A flipped issuance is one election's: the other one goes on.
            let both = [
                device.issue(&core, &ids[0]).await.is_ok(),
                second.issue(&core, &ids[0]).await.is_ok(),
            ];
            assert!(both != [true, true], "byte {at}");
        }
        put(&row.key, row.value.bytes.clone()).await;
    }
    device.issue(&core, &ids[0]).await.unwrap();
}

#[tokio::test]
async fn issuing_keeps_to_the_times() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let later = Draft {
        opens: NOW + 10,
        ..draft(Entitled::Everybody)
    };
    let id = opened(&installation, &core, later).await;
    let device = Device::new(&core, &id).await;
    assert_eq!(
        refused(device.issue(&core, &ids[0]).await).await,
        "NOT_OPEN"
    );
    installation.clock.store(CLOSES, Ordering::Relaxed);
    let token = device.issue(&core, &ids[0]).await.unwrap();
    installation.clock.store(CLOSES + 1, Ordering::Relaxed);
    assert_eq!(
        refused(device.issue(&core, &ids[0]).await).await,
        "ELECTION_CLOSED"
    );
    let late = core
        .validate_token(&caller(), token.token(), token.signature())
        .await;
    assert_eq!(reason(late.unwrap_err()), "ELECTION_CLOSED");
}

#[tokio::test]
async fn an_election_is_closed_certified_and_survives_restarts() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann", "Ben", "Cid"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let device = Device::new(&core, &id).await;
    let token = device.issue(&core, &ids[1]).await.unwrap();
    assert_eq!(
        reason(core.prepare_close(&id).await.unwrap_err()),
        "NOT_CLOSED"
    );
    core.store.close().await.unwrap();
    drop(core);
    installation.clock.store(CLOSES + 1, Ordering::Relaxed);
    let core = installation.open().await;
    core.end_elections().await.unwrap();
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let close = core.prepare_close(&id).await.unwrap();
    let close = sign(&core, &close, &[first, second]);
    core.close_election(&caller(), &close).await.unwrap();
    core.close_election(&caller(), &close).await.unwrap();
    let issued = core.election(&id).await.unwrap().row.issued.unwrap();
    assert_eq!(issued.count, 1);
    let list = crate::published::read(&core.published, &issued.list.into())
        .await
        .unwrap();
    let list = IssuedList::parse(&list).unwrap();
    assert_eq!((list.places(), list.issued()), (3, 1));
    assert_eq!(list.key(token.roll_index()), Some(device.keys.ballot_key()));
    let certified = Statement::Certified(Certified {
        election: id,
        ledger_size: 7,
        ledger_head: LedgerHead::new([1; 32]),
        tally_hash: TallyHash::new([2; 32]),
    });
    let unsigned = Entry::from_statement(certified, Vec::new())
        .unwrap()
        .encode();
    let certified = sign(&core, &unsigned, &[first, second]);
    let early = core.certify_election(&caller(), &certified).await;
    assert_eq!(reason(early.unwrap_err()), "NOT_CLOSED");
    installation
        .clock
        .store(CLOSES + GRACE + 1, Ordering::Relaxed);
    core.certify_election(&caller(), &certified).await.unwrap();
    assert_eq!(
        core.election(&id).await.unwrap().row.stage,
        Stage::Certified
    );
    assert_eq!(core.statements(0).await.unwrap().entries.len(), 4);
}

#[tokio::test]
async fn a_cancelled_election_issues_nothing() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let device = Device::new(&core, &id).await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let cancelled = Statement::Cancelled(Cancelled { election: id });
    let unsigned = Entry::from_statement(cancelled, Vec::new())
        .unwrap()
        .encode();
    assert!(
        core.cancel_election(&caller(), &sign(&core, &unsigned, &[first]))
            .await
            .is_err()
    );
    core.cancel_election(&caller(), &sign(&core, &unsigned, &[first, second]))
        .await
        .unwrap();
    assert_eq!(
        refused(device.issue(&core, &ids[0]).await).await,
        "ELECTION_CANCELLED"
    );
}

#[tokio::test]
async fn a_roll_grows_by_whole_batches() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    people(&core, &["Ann", "Ben"]).await;
    let id = opened(&installation, &core, growing()).await;
    let late = people(&core, &["Cid"]).await;
    let small = core.draft_roll_addition(&caller(), &id).await;
    assert_eq!(reason(small.unwrap_err()), "BATCH_TOO_SMALL");
    people(&core, &["Dan"]).await;
    let addition = core.draft_roll_addition(&caller(), &id).await.unwrap();
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let device = Device::new(&core, &id).await;
    assert_eq!(
        refused(device.issue(&core, &late[0]).await).await,
        "NOT_ELIGIBLE"
    );
    core.extend_roll(&caller(), &sign(&core, &addition, &[first, second]))
        .await
        .unwrap();
    assert!(device.issue(&core, &late[0]).await.unwrap().roll_index().0 >= 2);
}

#[tokio::test]
async fn an_addition_drafted_again_spoils_neither_the_signed_one_nor_the_roll() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    people(&core, &["Ann", "Ben"]).await;
    let id = opened(&installation, &core, growing()).await;
    let late = people(&core, &["Cid", "Dan"]).await;
    let earlier = core.draft_roll_addition(&caller(), &id).await.unwrap();
    people(&core, &["Eve"]).await;
    let later = core.draft_roll_addition(&caller(), &id).await.unwrap();
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let stale = core
        .extend_roll(&caller(), &sign(&core, &earlier, &[first, second]))
        .await;
    assert_eq!(reason(stale.unwrap_err()), "STATEMENT_DIFFERS");
    core.extend_roll(&caller(), &sign(&core, &later, &[first, second]))
        .await
        .unwrap();
    // A draft that comes too late lies beside the one in force.
    people(&core, &["Fay", "Gus"]).await;
    core.draft_roll_addition(&caller(), &id).await.unwrap();
    core.elections.known.lock().unwrap().clear();
    let device = Device::new(&core, &id).await;
    assert!(device.issue(&core, &late[0]).await.unwrap().roll_index().0 >= 2);
}

#[tokio::test]
async fn a_refused_request_for_a_token_is_audited_by_its_reason() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let (owner, thief) = (Device::new(&core, &id).await, Device::new(&core, &id).await);
    owner.issue(&core, &ids[0]).await.unwrap();
    let late = people(&core, &["Ben"]).await;
    let before = core.store.head().await.unwrap().audit_size();
    assert_eq!(
        refused(thief.issue(&core, &ids[0]).await).await,
        "PLACE_TAKEN"
    );
    assert_eq!(
        refused(thief.issue(&core, &late[0]).await).await,
        "NOT_ELIGIBLE"
    );
    let leaves = core.store.audit_leaves(before, 10).await.unwrap();
    let leaves: Vec<_> = leaves.into_iter().map(String::from_utf8).collect();
    let told = |at: usize, reason: &str| leaves[at].as_ref().unwrap().contains(reason);
    assert_eq!(leaves.len(), 2);
    assert!(told(0, "PLACE_TAKEN") && told(1, "NOT_ELIGIBLE"));
}

#[tokio::test]
async fn a_draft_of_what_is_not_built_is_refused_by_name() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let blind = Draft {
        anonymity: 1,
        ..draft(Entitled::Everybody)
    };
    assert_eq!(
        reason(core.draft_election(&caller(), blind).await.unwrap_err()),
        "UNSUPPORTED"
    );
    let backwards = Draft {
        closes: NOW - 1,
        ..draft(Entitled::Everybody)
    };
    assert_eq!(
        reason(core.draft_election(&caller(), backwards).await.unwrap_err()),
        "INVALID_MANIFEST"
    );
    let nowhere = draft(Entitled::Electorate("nowhere".into()));
    assert_eq!(
        reason(core.draft_election(&caller(), nowhere).await.unwrap_err()),
        "UNKNOWN_ELECTORATE"
    );
}

#[tokio::test]
async fn two_hundred_additions_are_closed_like_one() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    people(&core, &["Ann", "Ben"]).await;
    let id = opened(&installation, &core, growing()).await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let filling = crate::filling::Filling::of(core);
    for _ in 0..200 {
        let main = portal("main");
        filling.people(&main, 2, random::os, drop).await.unwrap();
        let core = filling.core();
        let addition = core.draft_roll_addition(&caller(), &id).await.unwrap();
        core.extend_roll(&caller(), &sign(core, &addition, &[first, second]))
            .await
            .unwrap();
    }
    let core = filling.core();
    installation.clock.store(CLOSES + 1, Ordering::Relaxed);
    let close = core.prepare_close(&id).await.unwrap();
    core.close_election(&caller(), &sign(core, &close, &[first, second]))
        .await
        .unwrap();
    let election = core.election(&id).await.unwrap();
    assert_eq!(election.row.stage, Stage::Closed);
    assert_eq!(election.rolls.len(), 201);
    assert_eq!(core.roll(&election).unwrap().size(), 402);
    let added: Vec<_> = election.rolls.iter().map(|roll| roll.sequence).collect();
    assert_eq!(added, Vec::from_iter(0..201));
}

#[tokio::test]
async fn an_election_is_decoded_once_until_its_row_changes() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    people(&core, &["Ann"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let before = core.election(&id).await.unwrap();
    let again = core.election(&id).await.unwrap();
    assert!(Arc::ptr_eq(&before, &again));
    let (one, other) = (core.roll(&before).unwrap(), core.roll(&again).unwrap());
    assert!(Arc::ptr_eq(&one, &other));
    installation.clock.store(CLOSES + 1, Ordering::Relaxed);
    core.end_elections().await.unwrap();
    assert!(!before.row.ended && core.election(&id).await.unwrap().row.ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_at_once_have_rolls_of_everybody_of_their_own() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let filling = crate::filling::Filling::of(core);
    let main = portal("main");
    filling.people(&main, 3000, random::os, drop).await.unwrap();
    let core = filling.core();
    let caller = caller();
    let drafts = (0..12).map(|_| core.draft_election(&caller, draft(Entitled::Everybody)));
    let mut roots = std::collections::BTreeSet::new();
    for drafted in futures_util::future::join_all(drafts).await {
        let (_, _, roll) = drafted.unwrap();
        let Ok(Entry::RollStatement(roll)) = Entry::decode(&roll) else {
            unreachable!()
        };
        assert_eq!(roll.statement.size, 3000);
        let path = crate::roll::addition(&core.rolls, &roll.statement);
        assert_eq!(std::fs::metadata(path).unwrap().len(), 3000 * 32);
        roots.insert(*roll.statement.root.as_bytes());
    }
    assert_eq!(roots.len(), 12);
}

#[tokio::test]
async fn statements_of_many_elections_at_once_are_all_published() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let caller = caller();
    let mut opening = Vec::new();
    let mut cancelling = Vec::new();
    for _ in 0..8 {
        let drafted = core.draft_election(&caller, draft(Entitled::Everybody));
        let (election, manifest, roll) = drafted.await.unwrap();
        let signed = |entry: &[u8]| sign(&core, entry, &[first, second]);
        opening.push((signed(&manifest), signed(&roll)));
        let cancelled = Statement::Cancelled(Cancelled { election });
        let cancelled = Entry::from_statement(cancelled, Vec::new()).unwrap();
        cancelling.push(signed(&cancelled.encode()));
    }
    let opened = opening
        .iter()
        .map(|(manifest, roll)| core.open_election(&caller, manifest, roll));
    for opened in futures_util::future::join_all(opened).await {
        opened.unwrap();
    }
    let cancelled = cancelling
        .iter()
        .map(|entry| core.cancel_election(&caller, entry));
    for cancelled in futures_util::future::join_all(cancelled).await {
        cancelled.unwrap();
    }
    let published = core.statements(0).await.unwrap().entries;
    assert_eq!(published.len(), 8 * 3);
    assert!(cancelling.iter().all(|entry| published.contains(entry)));
}

#[tokio::test]
async fn elections_are_listed_in_pages_each_once() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    people(&core, &["Ann"]).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        let caller = caller();
        let drafted = core.draft_election(&caller, draft(Entitled::Everybody));
        made.push(drafted.await.unwrap().0);
    }
    made.sort_unstable();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = core.elections_after(after.as_ref(), 2).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        listed.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(listed, made);
}

#[tokio::test]
async fn the_count_of_issued_tokens_is_that_of_the_rows() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ids = people(&core, &["Ann", "Ben"]).await;
    let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let other = opened(&installation, &core, draft(Entitled::Everybody)).await;
    for (issued, person) in ids.iter().enumerate() {
        let election = core.election(&id).await.unwrap();
        assert_eq!(core.issued(&election).await.unwrap(), issued as u64);
        Device::new(&core, &id)
            .await
            .issue(&core, person)
            .await
            .unwrap();
    }
    let other = core.election(&other).await.unwrap();
    assert_eq!(core.issued(&other).await.unwrap(), 0);
}
