use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::{Address, Statement, VotingToken};
use symbolon_voter::Token;

use super::*;
use crate::{
    elections::{
        Entitled,
        tests::{Device, draft, opened, people, sign},
    },
    testing::{Installation, NOW, caller, passphrase, reason},
};

/// An installation with an open election and three people.
struct City {
    installation: Installation,
    core: Core,
    id: ElectionId,
    people: Vec<symbolon_keyring::RegistrationId>,
}

impl City {
    async fn new() -> Self {
        let installation = Installation::new().await;
        let core = installation.open().await;
        let people = people(&core, &["Ann", "Ben", "Cem"]).await;
        let id = opened(&installation, &core, draft(Entitled::Everybody)).await;
        Self {
            installation,
            core,
            id,
            people,
        }
    }

    fn officers(&self) -> [&SigningKey; 3] {
        let [first, second, third] = self.installation.officers.as_slice() else {
            unreachable!()
        };
        [first, second, third]
    }

    async fn prepared(&self, anew: bool) -> Vec<u8> {
        let caller = caller();
        let prepared = self.core.prepare_rotation(&caller, &self.id, anew);
        prepared.await.unwrap()
    }

    async fn rotate(&self) -> Vec<u8> {
        let [first, second, _] = self.officers();
        let signed = sign(&self.core, &self.prepared(false).await, &[first, second]);
        self.hand_in(&signed).await.unwrap();
        signed
    }

    async fn hand_in(&self, rotation: &[u8]) -> Result<(), Error> {
        self.core.rotate_issuer(&caller(), rotation).await
    }

    async fn refused(&self, rotation: &[u8]) -> &'static str {
        reason(self.hand_in(rotation).await.unwrap_err())
    }

    async fn device(&self) -> Device {
        Device::new(&self.core, &self.id).await
    }

    async fn validate(&self, token: &Token) -> Result<(), Error> {
        let (core, caller) = (&self.core, caller());
        core.validate_token(&caller, token.token(), token.signature())
            .await
    }

    /// Who signs, by ring and row alike.
    async fn signer(&self) -> Address {
        let election = self.core.election(&self.id).await.unwrap();
        let keys = self.core.keys().unwrap();
        let own = election.keys(&keys).unwrap();
        assert!(own.next_issuer().is_none());
        assert_eq!(own.issuer().address(), *election.issuer());
        own.issuer().address()
    }

    /// How many certificates of destroyed token keys the audit log holds.
    async fn certificates(&self) -> usize {
        let leaves = self.core.audit_leaves(0, 1024).await.unwrap();
        let certified = leaves.iter().filter(|leaf| {
            let leaf: serde_json::Value = serde_json::from_slice(leaf).unwrap();
            let note = leaf["certificate"].as_str().unwrap_or_default();
            note.contains("token key of election")
        });
        certified.count()
    }

    async fn reopened(self) -> Self {
        self.core.store.close().await.unwrap();
        drop(self.core);
        let core = self.installation.open().await;
        Self { core, ..self }
    }
}

fn rotation(entry: &[u8]) -> IssuerRotation {
    match Entry::decode(entry).unwrap() {
        Entry::IssuerRotation(rotation) => rotation.statement,
        _ => panic!("another statement"),
    }
}

/// The rotation with another current or next issuer, signed by these.
fn altered(city: &City, statement: IssuerRotation, signers: &[&SigningKey]) -> Vec<u8> {
    let entry = Entry::from_statement(Statement::IssuerRotation(statement), vec![]).unwrap();
    sign(&city.core, &entry.encode(), signers)
}

#[tokio::test]
async fn the_next_key_signs_once_its_rotation_is_public_and_earlier_tokens_stay_good() {
    let city = City::new().await;
    let (ann, ben) = (city.device().await, city.device().await);
    let before = ann.issue(&city.core, &city.people[0]).await.unwrap();
    let statement = rotation(&city.prepared(false).await);
    assert_eq!(statement.current, *before.issuer());
    // Prepared, it signs nothing.
    let waiting = ben.issue(&city.core, &city.people[1]).await.unwrap();
    assert_eq!(*waiting.issuer(), statement.current);
    let signed = city.rotate().await;
    assert_eq!(rotation(&signed), statement);
    assert_eq!(city.core.statements(0).await.unwrap().entries[2], signed);
    assert_eq!(city.signer().await, statement.next);
    let cem = city.device().await;
    let after = cem.issue(&city.core, &city.people[2]).await.unwrap();
    assert_eq!(*after.issuer(), statement.next);
    // The same issuance, by the key that signs now.
    let again = ann.issue(&city.core, &city.people[0]).await.unwrap();
    assert_eq!(*again.issuer(), statement.next);
    assert_eq!(again.token(), before.token());
    for token in [&before, &waiting, &after, &again] {
        city.validate(token).await.unwrap();
    }
    // A lost answer: the same once more changes nothing.
    city.hand_in(&signed).await.unwrap();
    assert_eq!(city.core.statements(0).await.unwrap().entries.len(), 3);
}

#[tokio::test]
async fn tokens_of_a_stolen_key_are_refused_at_once_and_after_the_rotation() {
    let city = City::new().await;
    let election = city.core.election(&city.id).await.unwrap();
    let owner = city.device().await;
    let token = owner.issue(&city.core, &city.people[0]).await.unwrap();
    let thief = SigningKey::random(&mut random::os());
    let roll = city.core.roll(&election).unwrap();
    let places = 0..roll.size();
    let forge = |place: u32| {
        let leaf = roll.leaves(place, 1).unwrap();
        let stolen = VotingToken {
            election: city.id,
            voter_id: symbolon_election::VoterId::from_slice(&leaf).unwrap(),
            roll_index: symbolon_election::RollIndex(place),
            ballot_key: thief.address(),
        };
        let keys = city.core.keys().unwrap();
        let own = election.keys(&keys).unwrap();
        let digest = symbolon_election::Typed::digest(&stolen, city.core.domain());
        (stolen, own.issuer().sign(digest.as_bytes()))
    };
    let forged: Vec<_> = places.map(forge).collect();
    for rotated in [false, true] {
        if rotated {
            city.rotate().await;
        }
        for (stolen, signature) in &forged {
            let caller = caller();
            let refused = city.core.validate_token(&caller, stolen, signature);
            assert_eq!(reason(refused.await.unwrap_err()), "NOT_THE_ISSUED_KEY");
        }
        city.validate(&token).await.unwrap();
    }
}

#[tokio::test]
async fn too_few_officers_strangers_and_one_officer_twice_rotate_nothing() {
    let city = City::new().await;
    let draft = city.prepared(false).await;
    let [first, second, _] = city.officers();
    let stranger = SigningKey::random(&mut random::os());
    for (signers, reason) in [
        (vec![], "TOO_FEW_SIGNATURES"),
        (vec![first], "TOO_FEW_SIGNATURES"),
        (vec![first, &stranger], "INVALID_SIGNATURE"),
        (vec![first, first], "INVALID_SIGNATURE"),
    ] {
        let entry = sign(&city.core, &draft, &signers);
        assert_eq!(city.refused(&entry).await, reason);
    }
    assert_eq!(city.core.statements(0).await.unwrap().entries.len(), 2);
    city.hand_in(&sign(&city.core, &draft, &[first, second]))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_rotation_goes_from_the_issuer_in_force_to_the_key_that_waits() {
    let city = City::new().await;
    let [first, second, third] = city.officers();
    let both = [first, second];
    let draft = rotation(&city.prepared(false).await);
    let stranger = SigningKey::random(&mut random::os()).address();
    let with = |current: Address, next: Address| {
        let statement = IssuerRotation {
            election: city.id,
            current,
            next,
        };
        altered(&city, statement, &both)
    };
    let unknown = city.refused(&with(stranger, draft.next)).await;
    assert_eq!(unknown, "INVALID_ARGUMENT");
    let backwards = city.refused(&with(draft.next, draft.current)).await;
    assert_eq!(backwards, "INVALID_ARGUMENT");
    let invented = city.refused(&with(draft.current, stranger)).await;
    assert_eq!(invented, "STATEMENT_DIFFERS");
    city.rotate().await;
    let second_draft = rotation(&city.prepared(false).await);
    assert_eq!(second_draft.current, draft.next);
    // Back to one used before, and from one that is no longer in force.
    let back = city.refused(&with(draft.next, draft.current)).await;
    assert_eq!(back, "INVALID_ARGUMENT");
    let old = city.refused(&with(draft.current, second_draft.next)).await;
    assert_eq!(old, "INVALID_ARGUMENT");
    let signed = altered(&city, second_draft.clone(), &[second, third]);
    city.hand_in(&signed).await.unwrap();
    assert_eq!(city.signer().await, second_draft.next);
}

#[tokio::test]
async fn a_key_that_may_be_stolen_while_it_waits_is_replaced() {
    let city = City::new().await;
    let [first, second, _] = city.officers();
    let early = city.prepared(false).await;
    assert_eq!(city.prepared(false).await, early);
    let anew = city.prepared(true).await;
    assert_ne!(rotation(&anew).next, rotation(&early).next);
    let superseded = sign(&city.core, &early, &[first, second]);
    assert_eq!(city.refused(&superseded).await, "STATEMENT_DIFFERS");
    city.hand_in(&sign(&city.core, &anew, &[first, second]))
        .await
        .unwrap();
    assert_eq!(city.signer().await, rotation(&anew).next);
    assert_eq!(city.certificates().await, 2);
}

#[tokio::test]
async fn nothing_rotates_in_a_draft_or_after_closes() {
    let city = City::new().await;
    let [first, second, _] = city.officers();
    let signed = sign(&city.core, &city.prepared(false).await, &[first, second]);
    let caller = caller();
    let drafted = city
        .core
        .draft_election(&caller, draft(Entitled::Everybody));
    let (draft, _, _) = drafted.await.unwrap();
    let refused = city.core.prepare_rotation(&caller, &draft, false).await;
    assert_eq!(reason(refused.unwrap_err()), "WRONG_STATE");
    let clock = &city.installation.clock;
    clock.store(NOW + 1001, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(city.refused(&signed).await, "ELECTION_CLOSED");
    let refused = city.core.prepare_rotation(&caller, &city.id, false).await;
    assert_eq!(reason(refused.unwrap_err()), "ELECTION_CLOSED");
}

#[tokio::test]
async fn a_process_that_dies_at_any_step_leaves_the_old_or_the_new_key() {
    let city = City::new().await;
    let draft = rotation(&city.prepared(false).await);
    // Prepared and no more: the old key signs, the same one waits.
    let city = city.reopened().await;
    assert_eq!(rotation(&city.prepared(false).await), draft);
    let ann = city.device().await;
    let before = ann.issue(&city.core, &city.people[0]).await.unwrap();
    assert_eq!(*before.issuer(), draft.current);
    // Public, and the ring not told yet: the new key signs, here and after the next start.
    let [first, second, _] = city.officers();
    let entry = altered(&city, draft.clone(), &[first, second]);
    let Entry::IssuerRotation(signed) = Entry::decode(&entry).unwrap() else {
        unreachable!()
    };
    city.core
        .try_rotate(&caller(), signed, &entry)
        .await
        .unwrap();
    let (ben, cem) = (city.device().await, city.device().await);
    let between = ben.issue(&city.core, &city.people[1]).await.unwrap();
    assert_eq!(*between.issuer(), draft.next);
    let city = city.reopened().await;
    assert_eq!(city.signer().await, draft.next);
    let after = cem.issue(&city.core, &city.people[2]).await.unwrap();
    assert_eq!(*after.issuer(), draft.next);
    for token in [&before, &between, &after] {
        city.validate(token).await.unwrap();
    }
    // The one before is destroyed and certified, once.
    assert_eq!(city.certificates().await, 1);
    let city = city.reopened().await;
    assert_eq!(city.certificates().await, 1);
    // Destroyed in the ring, and the store not told: certified at the next start.
    let ending = ending_key(&city.id);
    let note = Change::new().put(ending.clone(), encode(&city.core.now()));
    city.core.try_commit(note).await.unwrap().unwrap();
    let waits = rotation(&city.prepared(false).await);
    assert_eq!(city.certificates().await, 2);
    assert_eq!(waits.current, draft.next);
}

#[tokio::test]
async fn the_key_that_signed_before_is_destroyed_under_another_ring_secret() {
    let city = City::new().await;
    let purpose =
        Purpose::ElectionToken(city.core.election(&city.id).await.unwrap().manifest().nonce);
    let secret = || std::fs::read(city.core.seal.files().secret_path()).unwrap();
    let before = secret();
    city.rotate().await;
    assert_ne!(secret(), before);
    let keys = city.core.keys().unwrap();
    let states: Vec<_> = keys
        .all()
        .filter(|key| key.purpose == purpose)
        .map(|key| (key.epoch.0, key.state))
        .collect();
    assert_eq!(states, [(1, KeyState::Destroyed), (2, KeyState::Active)]);
    city.core.seal(&caller()).await.unwrap();
    city.core.unseal(&caller(), passphrase()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_ask_while_keys_rotate_all_get_tokens_that_count() {
    let city = City::new().await;
    let rotations = async {
        for _ in 0..5 {
            city.rotate().await;
        }
    };
    let asking = city.people.iter().map(|person| async {
        let device = city.device().await;
        let mut tokens = Vec::new();
        for _ in 0..40 {
            tokens.push(device.issue(&city.core, person).await.unwrap());
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        tokens
    });
    let asking = futures_util::future::join_all(asking);
    let ((), tokens) = tokio::join!(rotations, asking);
    for of_one in tokens {
        for token in &of_one {
            assert_eq!(token.token(), of_one[0].token());
            city.validate(token).await.unwrap();
        }
    }
}
