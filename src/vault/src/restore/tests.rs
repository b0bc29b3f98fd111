use std::sync::atomic::Ordering;

use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::{
    ContentHash, ElectionId, Nonce, Proposal, SignatureFile, Statement, Typed, VotingToken,
    proposal::Action,
};
use symbolon_keyring::RegistrationId;
use symbolon_store::{KeyRange, Row};
use tempfile::TempDir;

use super::*;
use crate::{
    backup::{Plan, Taken, stamp},
    config::BackupConfig,
    core::Core,
    elections::{
        Entitled,
        tests::{Device, draft, opened},
    },
    proposals::State,
    rows::{Table, encode},
    testing::{Installation, NOW, caller, passphrase, reason, register},
};

/// An installation that takes backups, and where they lie.
struct World {
    installation: Installation,
    media: TempDir,
}

impl World {
    async fn new() -> Self {
        let mut installation = Installation::new().await;
        let media = tempfile::tempdir().unwrap();
        installation.config.backup = Some(BackupConfig {
            store: media.path().join("store"),
            ring: media.path().join("ring"),
            ring_secret: media.path().join("secret"),
        });
        Self {
            installation,
            media,
        }
    }

    /// Has a backup taken; its name and the audit key.
    async fn back_up(&self, core: &Core) -> (Taken, VerifierKey) {
        let plan = Plan::new(0, 0, core.now());
        let change = Change::new().put(Plan::key(), encode(&plan));
        core.try_commit(change).await.unwrap().unwrap();
        core.back_up().await.unwrap();
        let standing = core.backups().await.unwrap();
        assert_eq!((standing.plan, standing.under_way), (None, None));
        let (_, key) = core.audit_checkpoint().await.unwrap();
        (standing.taken.unwrap(), key.parse().unwrap())
    }

    fn order(&self, taken: &Taken, audit_key: VerifierKey) -> Order {
        Order {
            store: self.medium("store", taken, "store"),
            ring: None,
            ring_secret: None,
            audit_key,
            proposal: None,
            trust: None,
        }
    }

    fn medium(&self, folder: &str, taken: &Taken, ending: &str) -> PathBuf {
        let name = format!("{}.{ending}", taken.name);
        self.media.path().join(folder).join(name)
    }

    /// Closes the vault and takes its store away.
    async fn lose_store(&self, core: Core) {
        core.store.close().await.unwrap();
        drop(core);
        fs::remove_dir_all(&self.installation.config.store.directory).unwrap();
    }

    fn lose_ring(&self) {
        let keys = &self.installation.config.keys;
        for file in [&keys.ring, &keys.ring_secret] {
            fs::remove_file(file).unwrap();
        }
    }

    /// A folder in which these officers signed that the backup is restored.
    fn decision(&self, core: &Core, taken: &Taken, signers: &[&SigningKey]) -> PathBuf {
        let action = Action::Restore {
            backup: ContentHash::new(taken.sha256),
            taken: taken.taken,
        };
        let proposal = Proposal {
            installation: symbolon_election::InstallationId::new(core.profile.salt),
            nonce: Nonce::new(random::bytes(&mut random::os())),
            expires: NOW + 1000,
            content_hash: action.content_hash(),
        };
        let folder = self.media.path().join(proposal.nonce.to_string());
        fs::create_dir(&folder).unwrap();
        let (digest, domain) = (proposal.digest(core.domain()), core.domain());
        let statement = Statement::Proposal(proposal);
        let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
        write("content.json", &action.to_json());
        write("proposal.json", &statement.to_typed_data(domain));
        for (at, signer) in signers.iter().enumerate() {
            let signature = signer.sign(digest.as_bytes());
            let file = SignatureFile::new(&statement, domain, signature).unwrap();
            write(&format!("{at}.signature.json"), &file.to_json());
        }
        folder
    }

    async fn restore(&self, order: &Order) -> Result<Restored, RestoreError> {
        restore(&self.installation.config, order, NOW).await
    }

    async fn told(&self, order: &Order) -> String {
        self.restore(order).await.unwrap_err().to_string()
    }
}

async fn rows(core: &Core) -> Vec<Row> {
    core.store.scan(KeyRange::all(), 10_000).await.unwrap()
}

const ANN: (&str, &str, Option<&str>) = ("Ann", "1990-01-01", Some("A 123"));
const BEN: (&str, &str, Option<&str>) = ("Ben", "1991-01-01", Some("B 123"));

#[tokio::test]
async fn a_backup_of_the_last_moment_comes_back_without_a_decision_and_everybody_is_known() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let ann = register(&core, "main", ANN).await.unwrap();
    let (taken, key) = world.back_up(&core).await;
    let before = rows(&core).await;
    world.lose_store(core).await;
    // The checkpoint file saw the backup's own note of itself: put it back to before.
    let order = world.order(&taken, key);
    let told = world.told(&order).await;
    assert!(
        told.contains("older than what the vault had come to"),
        "{told}"
    );
    let checkpoint = &world.installation.config.store.checkpoint_file;
    let note = BackupNote::parse(
        Note::parse(&fs::read(order.store.with_extension(NOTE)).unwrap())
            .unwrap()
            .text(),
    )
    .unwrap();
    let text = fs::read_to_string(checkpoint).unwrap();
    let mut content: serde_json::Value = serde_json::from_str(&text).unwrap();
    content["generation"] = note.generation.into();
    content["audit_size"] = note.audit_size.into();
    content["audit_root"] = hex::encode(note.audit_root).into();
    fs::write(checkpoint, content.to_string()).unwrap();
    let restored = world.restore(&order).await.unwrap();
    assert!(!restored.older);
    let core = world.installation.open().await;
    assert!(register(&core, "main", ANN).await.unwrap() == ann);
    let people = |rows: &[Row]| {
        let records = rows
            .iter()
            .filter(|row| row.key.table() == Table::Record as u8);
        records.cloned().collect::<Vec<_>>()
    };
    assert_eq!(people(&rows(&core).await), people(&before));
    assert_eq!(core.halts(), []);
}

#[tokio::test]
async fn an_older_state_comes_back_only_with_enough_officers_and_elections_stand_still() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let ann = register(&core, "main", ANN).await.unwrap();
    let ben = register(&core, "main", BEN).await.unwrap();
    let id = opened(&world.installation, &core, draft(Entitled::Everybody)).await;
    let (device, other) = (Device::new(&core, &id).await, Device::new(&core, &id).await);
    device.issue(&core, &ann).await.unwrap();
    let (taken, key) = world.back_up(&core).await;
    other.issue(&core, &ben).await.unwrap();
    let [first, second, _] = world.installation.officers.as_slice() else {
        unreachable!()
    };
    let stranger = SigningKey::random(&mut random::os());
    let folders = [
        vec![],
        vec![first],
        vec![first, first],
        vec![first, &stranger],
        vec![first, second],
    ];
    let folders = folders.map(|signers| world.decision(&core, &taken, &signers));
    let other_backup = Taken {
        sha256: [1; 32],
        ..taken.clone()
    };
    let about_another = world.decision(&core, &other_backup, &[first, second]);
    let trust = core.trust();
    world.lose_store(core).await;

    let mut order = world.order(&taken, key);
    let told = world.told(&order).await;
    assert!(told.contains("officers have to sign it"), "{told}");
    order.trust = Some(TrustFile::parse(&trust.to_json()).unwrap());
    for folder in &folders[..4] {
        order.proposal = Some(folder.clone());
        let told = world.told(&order).await;
        assert!(told.contains("2 are needed"), "{told}");
    }
    order.proposal = Some(about_another);
    let told = world.told(&order).await;
    assert!(told.contains("about another backup"), "{told}");
    assert!(!world.installation.config.store.directory.exists());

    order.proposal = Some(folders[4].clone());
    let restored = world.restore(&order).await.unwrap();
    assert!(restored.older);
    assert_eq!((restored.halted, restored.missing_rolls.len()), (1, 0));
    let core = world.installation.open().await;
    let stopped = |outcome: Result<_, crate::Error>| reason(outcome.err().expect("refused"));
    assert_eq!(stopped(device.issue(&core, &ann).await), "ISSUANCE_STOPPED");
    assert_eq!(stopped(other.issue(&core, &ben).await), "ISSUANCE_STOPPED");
    let known = core.proposals_after(None, 10).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].state, State::Executed);
    assert_eq!(known[0].row.signers().count(), 2);
    let leaves = core.audit_leaves(0, u32::MAX).await.unwrap();
    let said = leaves
        .iter()
        .map(|leaf| String::from_utf8_lossy(leaf).into_owned());
    assert_eq!(said.filter(|leaf| leaf.contains("\"Restore\"")).count(), 1);
}

#[tokio::test]
async fn without_a_checkpoint_file_nobody_can_tell_and_officers_decide() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let (taken, key) = world.back_up(&core).await;
    world.lose_store(core).await;
    fs::remove_file(&world.installation.config.store.checkpoint_file).unwrap();
    let told = world.told(&world.order(&taken, key)).await;
    assert!(told.contains("no checkpoint file to tell"), "{told}");
}

#[tokio::test]
async fn officers_who_are_officers_no_more_bring_their_time_back_only_with_those_in_force() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let (taken, key) = world.back_up(&core).await;
    let [first, second, third] = world.installation.officers.as_slice() else {
        unreachable!()
    };
    let newcomer = SigningKey::random(&mut random::os());
    let mut now = vec![third.address(), newcomer.address()];
    now.sort_unstable();
    core.trust_in(now, 1);
    let old_ones = world.decision(&core, &taken, &[first, second]);
    let new_one = world.decision(&core, &taken, &[&newcomer]);
    let both = world.decision(&core, &taken, &[first, third]);
    let trust = TrustFile::parse(&core.trust().to_json()).unwrap();
    world.lose_store(core).await;
    let mut order = world.order(&taken, key);
    order.trust = Some(trust);
    for (folder, whose) in [(old_ones, "in the trust file"), (new_one, "in the backup")] {
        order.proposal = Some(folder);
        let told = world.told(&order).await;
        assert!(told.contains(whose), "{told}");
    }
    order.proposal = Some(both);
    world.restore(&order).await.unwrap();
}

#[tokio::test]
async fn a_ring_that_destroyed_the_backups_keys_is_refused_and_the_backups_own_ring_opens_it() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let ann = register(&core, "main", ANN).await.unwrap();
    let (taken, key) = world.back_up(&core).await;
    let rotation =
        crate::rotation::Rotation::new(symbolon_election::proposal::RotatedKey::Index, 100, NOW);
    let change = Change::new().put(crate::rotation::Rotation::key(), encode(&rotation));
    core.try_commit(change).await.unwrap().unwrap();
    core.rotate().await.unwrap();
    let [first, second, _] = world.installation.officers.as_slice() else {
        unreachable!()
    };
    let mut order = world.order(&taken, key);
    order.proposal = Some(world.decision(&core, &taken, &[first, second]));
    order.trust = Some(TrustFile::parse(&core.trust().to_json()).unwrap());
    world.lose_store(core).await;
    let told = world.told(&order).await;
    assert!(
        told.contains("destroyed the index key of epoch 1"),
        "{told}"
    );
    world.lose_ring();
    let told = world.told(&order).await;
    assert!(told.contains("--ring"), "{told}");
    order.ring = Some(world.medium("ring", &taken, "ring"));
    order.ring_secret = Some(world.medium("secret", &taken, "ring-secret"));
    world.restore(&order).await.unwrap();
    let core = world.installation.open().await;
    assert!(register(&core, "main", ANN).await.unwrap() == ann);
}

/// What a file says with one byte of it flipped.
fn flipped(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn damage_is_refused_by_the_files_name_and_nothing_is_made() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let (taken, key) = world.back_up(&core).await;
    let [first, second, _] = world.installation.officers.as_slice() else {
        unreachable!()
    };
    let mut order = world.order(&taken, key);
    order.proposal = Some(world.decision(&core, &taken, &[first, second]));
    order.trust = Some(TrustFile::parse(&core.trust().to_json()).unwrap());
    order.ring = Some(world.medium("ring", &taken, "ring"));
    order.ring_secret = Some(world.medium("secret", &taken, "ring-secret"));
    world.lose_store(core).await;
    world.lose_ring();
    let note = order.store.with_extension(NOTE);
    let (ring, secret) = (
        order.ring.clone().unwrap(),
        order.ring_secret.clone().unwrap(),
    );
    for (path, at) in [
        (&order.store, 5000),
        (&order.store, usize::MAX),
        (&note, 60),
        (&note, 120),
        (&ring, 100),
        (&secret, 3),
    ] {
        flipped(path, at);
        let told = world.told(&order).await;
        let named = told.contains("the backup is damaged") || {
            let name = path.file_name().unwrap().to_str().unwrap();
            told.contains(name)
        };
        assert!(named, "{told}");
        flipped(path, at);
    }
    let config = &world.installation.config;
    for path in [
        &config.store.directory,
        &config.keys.ring,
        &config.keys.ring_secret,
    ] {
        assert!(!path.exists(), "{}", path.display());
    }
    let foreign = "symbolon-vault/x+00000000+AAAA".parse::<VerifierKey>();
    assert!(foreign.is_err());
    let other = symbolon_tlog::LogKey::new(order.audit_key.name(), &[7; 32]).unwrap();
    let real = std::mem::replace(
        &mut order.audit_key,
        other.verifier(symbolon_tlog::KeyKind::Ed25519),
    );
    let told = world.told(&order).await;
    assert!(told.contains("has not signed it"), "{told}");
    order.audit_key = real;
    world.restore(&order).await.unwrap();
    let core = world.installation.sealed().await;
    core.unseal(&caller(), passphrase()).await.unwrap();
}

#[tokio::test]
async fn a_vault_with_a_store_is_not_restored_over() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let (taken, key) = world.back_up(&core).await;
    core.store.close().await.unwrap();
    let told = world.told(&world.order(&taken, key)).await;
    assert!(told.contains("exists already"), "{told}");
}

#[tokio::test]
async fn a_plan_is_kept_until_its_end_and_a_full_or_missing_disk_is_told() {
    let world = World::new().await;
    let core = world.installation.open().await;
    let plan = Plan::new(24, NOW + 30 * 60 * 60, NOW);
    let change = Change::new().put(Plan::key(), encode(&plan));
    core.try_commit(change).await.unwrap().unwrap();
    let ring = &world.installation.config.backup.as_ref().unwrap().ring;
    fs::write(ring, "a file where the folder should be").unwrap();
    core.back_up().await.unwrap_err();
    assert_eq!(core.backups().await.unwrap().failed, Some(NOW));
    fs::remove_file(ring).unwrap();
    core.back_up().await.unwrap();
    assert_eq!(core.backups().await.unwrap().taken, None);
    let clock = &world.installation.clock;
    clock.fetch_add(60, Ordering::Relaxed);
    // A ring's copy of that name is there: nothing of the backup stays, or each try would leave a store.
    fs::create_dir_all(ring).unwrap();
    let name = stamp(core.now());
    fs::create_dir(ring.join(format!("{name}.ring"))).unwrap();
    core.back_up().await.unwrap_err();
    assert_eq!(core.backups().await.unwrap().failed, Some(NOW + 60));
    let left = fs::read_dir(world.media.path().join("store")).unwrap();
    assert_eq!(left.count(), 0);
    clock.fetch_add(60, Ordering::Relaxed);
    core.back_up().await.unwrap();
    let standing = core.backups().await.unwrap();
    assert_eq!(standing.failed, None);
    let first = standing.taken.unwrap();
    assert_eq!(standing.plan.unwrap().due, NOW + 120 + 24 * 60 * 60);
    core.back_up().await.unwrap();
    assert_eq!(core.backups().await.unwrap().taken.unwrap(), first);
    clock.fetch_add(24 * 60 * 60, Ordering::Relaxed);
    core.back_up().await.unwrap();
    let standing = core.backups().await.unwrap();
    assert!(standing.taken.unwrap() != first);
    assert_eq!(standing.plan, None);
}

/// A vault with one election that went back to before a token was issued: the token, the device that has
/// it, one that has none, and whose place it is.
async fn went_back(
    world: &World,
) -> (
    Core,
    ElectionId,
    symbolon_voter::Token,
    [Device; 2],
    RegistrationId,
) {
    let core = world.installation.open().await;
    let ann = register(&core, "main", ANN).await.unwrap();
    let ben = register(&core, "main", BEN).await.unwrap();
    let id = opened(&world.installation, &core, draft(Entitled::Everybody)).await;
    let devices = [Device::new(&core, &id).await, Device::new(&core, &id).await];
    let known = Device::new(&core, &id).await;
    known.issue(&core, &ann).await.unwrap();
    let (taken, key) = world.back_up(&core).await;
    let token = devices[0].issue(&core, &ben).await.unwrap();
    let [first, second, _] = world.installation.officers.as_slice() else {
        unreachable!()
    };
    let mut order = world.order(&taken, key);
    order.proposal = Some(world.decision(&core, &taken, &[first, second]));
    order.trust = Some(TrustFile::parse(&core.trust().to_json()).unwrap());
    world.lose_store(core).await;
    world.restore(&order).await.unwrap();
    (world.installation.open().await, id, token, devices, ben)
}

/// Two officers let the election go on.
async fn resume(world: &World, core: &Core, id: &ElectionId) -> Result<State, crate::Error> {
    let action = Action::ResumeIssuance { election: *id };
    let proposal = Proposal {
        installation: symbolon_election::InstallationId::new(core.profile.salt),
        nonce: Nonce::new(random::bytes(&mut random::os())),
        expires: NOW + 1000,
        content_hash: action.content_hash(),
    };
    let digest = proposal.digest(core.domain());
    let mut state = State::Open;
    for officer in &world.installation.officers[..2] {
        let (place, content) = ((proposal.nonce, proposal.expires), action.to_json());
        let signature = officer.sign(digest.as_bytes());
        let by = caller();
        let known = core.submit_proposal(&by, place, &content, &signature);
        state = known.await?.state;
    }
    Ok(state)
}

#[tokio::test]
async fn a_place_whose_token_is_on_the_ledger_is_bound_to_its_key_again() {
    let world = World::new().await;
    let (core, id, token, [device, other], ben) = went_back(&world).await;
    let seen = [(token.token().clone(), *token.signature())];
    let refused = resume(&world, &core, &id).await.unwrap_err();
    assert_eq!(reason(refused), "READ_BACK_FIRST");
    let told = core.read_back(&caller(), &id, &seen).await.unwrap();
    assert_eq!((told.bound, told.known), (1, 0));
    let told = core.read_back(&caller(), &id, &seen).await.unwrap();
    assert_eq!((told.bound, told.known), (0, 1));
    core.end_read_back(&caller(), &id).await.unwrap();
    assert_eq!(resume(&world, &core, &id).await.unwrap(), State::Executed);
    let refused = other.issue(&core, &ben).await.err().unwrap();
    assert_eq!(reason(refused), "PLACE_TAKEN");
    let again = device.issue(&core, &ben).await.unwrap();
    assert_eq!(again.token(), token.token());
}

#[tokio::test]
async fn tokens_that_are_not_the_vaults_or_contradict_it_bind_nothing() {
    let world = World::new().await;
    let (core, id, token, [device, other], ben) = went_back(&world).await;
    let (own, signature) = (token.token().clone(), *token.signature());
    let forged = VotingToken {
        ballot_key: symbolon_election::BallotKey::from_slice(&[9; 20]).unwrap(),
        ..own.clone()
    };
    let elsewhere = VotingToken {
        roll_index: symbolon_election::RollIndex(own.roll_index.0 ^ 1),
        ..own.clone()
    };
    let beyond = VotingToken {
        roll_index: symbolon_election::RollIndex(999),
        ..own.clone()
    };
    let seen = [forged, elsewhere, beyond].map(|token| (token, signature));
    let told = core.read_back(&caller(), &id, &seen).await.unwrap();
    assert_eq!((told.bound, told.known, told.foreign.len()), (0, 0, 3));
    // Another key of the place was bound meanwhile: the one that the vault knows stays.
    core.end_read_back(&caller(), &id).await.unwrap();
    resume(&world, &core, &id).await.unwrap();
    other.issue(&core, &ben).await.unwrap();
    core.stop_issuance(&caller(), &id).await.unwrap();
    let told = core
        .read_back(&caller(), &id, &[(own.clone(), signature)])
        .await
        .unwrap();
    assert_eq!(told.contradicting, [own.roll_index]);
    resume(&world, &core, &id).await.unwrap();
    let refused = device.issue(&core, &ben).await.err().unwrap();
    assert_eq!(reason(refused), "PLACE_TAKEN");
}

#[tokio::test]
async fn issuing_is_not_ended_before_the_ledger_was_read_and_nothing_else_is_read_back() {
    let world = World::new().await;
    let (core, id, token, _, _) = went_back(&world).await;
    let seen = [(token.token().clone(), *token.signature())];
    let clock = &world.installation.clock;
    clock.fetch_add(365 * 24 * 60 * 60, Ordering::Relaxed);
    core.end_elections().await.unwrap();
    let refused = core.prepare_close(&id).await.unwrap_err();
    assert_eq!(reason(refused), "READ_BACK_FIRST");
    let told = core.read_back(&caller(), &id, &seen).await.unwrap();
    assert_eq!(told.bound, 1);
    core.end_read_back(&caller(), &id).await.unwrap();
    core.end_elections().await.unwrap();
    let issued = core.election(&id).await.unwrap().row.issued.unwrap();
    assert_eq!(issued.count, 2);
    let refused = core.read_back(&caller(), &id, &seen).await.unwrap_err();
    assert_eq!(reason(refused), "ELECTION_CLOSED");
    let other = ElectionId::new([7; 32]);
    let refused = core.read_back(&caller(), &other, &seen).await.unwrap_err();
    assert_eq!(reason(refused), "WRONG_STATE");
}

#[tokio::test]
async fn how_an_election_ended_is_taken_off_the_ledger() {
    use crate::elections::{Stage, tests::sign};
    let world = World::new().await;
    let (core, id, token, _, _) = went_back(&world).await;
    let seen = [(token.token().clone(), *token.signature())];
    world
        .installation
        .clock
        .fetch_add(365 * 24 * 60 * 60, Ordering::Relaxed);
    core.read_back(&caller(), &id, &seen).await.unwrap();
    let election = core.election(&id).await.unwrap();
    let roll = election.roll_statement().unwrap();
    let close = |roll_size| {
        symbolon_election::Entry::Close(symbolon_election::Unverified {
            statement: symbolon_election::Close {
                election: id,
                roll_size,
                roll_root: roll.root,
                issued: ContentHash::new([5; 32]),
            },
            signatures: Vec::new(),
        })
        .encode()
    };
    let officers: Vec<_> = world.installation.officers[..2].iter().collect();
    let by_one = sign(&core, &close(roll.size), &officers[..1]);
    let of_another_roll = sign(&core, &close(roll.size + 1), &officers);
    for wrong in [by_one, of_another_roll, election.row.manifest.clone()] {
        let taken = core.read_back_statements(&caller(), &id, &[wrong]).await;
        assert!(taken.is_err());
    }
    let good = sign(&core, &close(roll.size), &officers);
    for _ in 0..2 {
        core.read_back_statements(&caller(), &id, std::slice::from_ref(&good))
            .await
            .unwrap();
    }
    let row = core.election(&id).await.unwrap().row.clone();
    assert_eq!(row.stage, Stage::Closed);
    assert_eq!(row.close.unwrap(), good);
    let issued = row.issued.unwrap();
    assert_eq!((issued.list, issued.count), ([5; 32], 2));
    assert_eq!(core.statements(0).await.unwrap().entries.len(), 3);
}
