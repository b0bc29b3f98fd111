use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::ElectionId;
use symbolon_service::Serial;

use super::*;
use crate::{
    elections::{
        Entitled,
        tests::{Device, draft, opened},
    },
    testing::{Installation, NOW, caller, portal, reason, register},
};

const EXPIRES: u64 = NOW + 1000;

fn resume() -> Action {
    Action::ResumePortal {
        portal: "main".to_owned(),
    }
}

/// What officers sign to have it done.
fn proposal(core: &Core, action: &Action, nonce: u8) -> Proposal {
    Proposal {
        installation: InstallationId::new(core.profile.salt),
        nonce: Nonce::new([nonce; 32]),
        expires: EXPIRES,
        content_hash: action.content_hash(),
    }
}

fn digest(core: &Core, proposal: &Proposal) -> Digest {
    proposal.digest(core.domain())
}

async fn submit(
    core: &Core,
    action: &Action,
    nonce: u8,
    officer: &SigningKey,
) -> Result<Known, Error> {
    let proposal = proposal(core, action, nonce);
    let signature = officer.sign(digest(core, &proposal).as_bytes());
    let (nonce, expires) = (proposal.nonce, proposal.expires);
    core.submit_proposal(&caller(), (nonce, expires), &action.to_json(), &signature)
        .await
}

async fn sign(core: &Core, digest: &Digest, officer: &SigningKey) -> Result<Known, Error> {
    let signature = officer.sign(digest.as_bytes());
    core.sign_proposal(&caller(), digest, &signature).await
}

fn refused(outcome: Result<Known, Error>) -> &'static str {
    reason(outcome.expect_err("refused"))
}

/// An open vault whose portal is suspended.
async fn suspended(installation: &Installation) -> Core {
    let core = installation.open().await;
    core.suspend_portal(&caller(), &portal("main"))
        .await
        .unwrap();
    core
}

fn is_suspended(core: &Core) -> bool {
    core.check_portal(&portal("main")).is_err()
}

/// How many leaves of the audit log say that a proposal was executed.
async fn executions(core: &Core) -> usize {
    let leaves = core.audit_leaves(0, u32::MAX).await.unwrap();
    let executed = |leaf: &&Vec<u8>| String::from_utf8_lossy(leaf).contains(r#""executed""#);
    leaves.iter().filter(executed).count()
}

#[tokio::test]
async fn one_officer_suspends_and_two_let_it_go_on() {
    let installation = Installation::new().await;
    let core = suspended(&installation).await;
    let ann = ("Ann", "1990-01-01", Some("A 123"));
    let told = register(&core, "main", ann).await.err().expect("refused");
    assert_eq!(reason(told), "PORTAL_SUSPENDED");
    register(&core, "small", ann).await.unwrap();
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    for _ in 0..3 {
        let known = submit(&core, &resume(), 1, first).await.unwrap();
        assert_eq!(known.state, State::Open);
        assert_eq!(known.row.signers().collect::<Vec<_>>(), [first.address()]);
        sign(&core, &known.digest, first).await.unwrap();
        assert!(is_suspended(&core));
    }
    let known = submit(&core, &resume(), 1, second).await.unwrap();
    assert_eq!(known.state, State::Executed);
    register(&core, "main", ann).await.unwrap();
    assert_eq!(executions(&core).await, 1);
}

#[tokio::test]
async fn what_was_executed_is_not_executed_again() {
    let installation = Installation::new().await;
    let core = suspended(&installation).await;
    let [first, second, third] = installation.officers.as_slice() else {
        unreachable!()
    };
    submit(&core, &resume(), 1, first).await.unwrap();
    let known = submit(&core, &resume(), 1, second).await.unwrap();
    core.suspend_portal(&caller(), &portal("main"))
        .await
        .unwrap();
    assert_eq!(
        refused(sign(&core, &known.digest, third).await),
        "PROPOSAL_DECIDED"
    );
    assert_eq!(
        submit(&core, &resume(), 1, third).await.unwrap().state,
        State::Executed
    );
    assert_eq!(
        refused(core.cancel_proposal(&caller(), &known.digest).await),
        "PROPOSAL_DECIDED"
    );
    assert!(is_suspended(&core));
    assert_eq!(executions(&core).await, 1);
}

#[tokio::test]
async fn a_stranger_s_signature_and_one_on_another_proposal_count_for_nothing() {
    let installation = Installation::new().await;
    let core = suspended(&installation).await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let stranger = SigningKey::random(&mut random::os());
    assert_eq!(
        refused(submit(&core, &resume(), 1, &stranger).await),
        "INVALID_SIGNATURE"
    );
    let known = submit(&core, &resume(), 1, first).await.unwrap();
    assert_eq!(
        refused(sign(&core, &known.digest, &stranger).await),
        "INVALID_SIGNATURE"
    );
    let other = digest(&core, &proposal(&core, &resume(), 2));
    let elsewhere = second.sign(other.as_bytes());
    let outcome = core
        .sign_proposal(&caller(), &known.digest, &elsewhere)
        .await;
    assert_eq!(refused(outcome), "INVALID_SIGNATURE");
    let edited = Action::RaiseBudget {
        portal: "main".to_owned(),
        people: 1,
        until: NOW,
    };
    let own = proposal(&core, &resume(), 3);
    let signature = second.sign(digest(&core, &own).as_bytes());
    let content = edited.to_json();
    let outcome = core
        .submit_proposal(&caller(), (own.nonce, own.expires), &content, &signature)
        .await;
    assert_eq!(refused(outcome), "INVALID_SIGNATURE");
    assert!(is_suspended(&core));
    assert_eq!(executions(&core).await, 0);
}

#[tokio::test]
async fn a_proposal_ends_by_its_time_and_by_any_one_officer() {
    let installation = Installation::new().await;
    let core = suspended(&installation).await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let known = submit(&core, &resume(), 1, first).await.unwrap();
    core.cancel_proposal(&caller(), &known.digest)
        .await
        .unwrap();
    core.cancel_proposal(&caller(), &known.digest)
        .await
        .unwrap();
    assert_eq!(
        refused(sign(&core, &known.digest, second).await),
        "PROPOSAL_DECIDED"
    );
    let known = submit(&core, &resume(), 2, first).await.unwrap();
    installation.clock.store(EXPIRES, Ordering::Relaxed);
    assert_eq!(
        core.proposal(&known.digest).await.unwrap().state,
        State::Open
    );
    installation.clock.store(EXPIRES + 1, Ordering::Relaxed);
    assert_eq!(
        refused(sign(&core, &known.digest, second).await),
        "PROPOSAL_EXPIRED"
    );
    assert_eq!(
        refused(submit(&core, &resume(), 3, first).await),
        "PROPOSAL_EXPIRED"
    );
    installation
        .clock
        .store(EXPIRES - LONGEST - 1, Ordering::Relaxed);
    assert_eq!(
        refused(submit(&core, &resume(), 4, first).await),
        "INVALID_PROPOSAL"
    );
    assert!(is_suspended(&core));
}

#[tokio::test]
async fn who_is_no_officer_any_more_counts_no_more_and_a_threshold_of_none_lets_nothing_pass() {
    let installation = Installation::new().await;
    let core = suspended(&installation).await;
    let [first, second, third] = installation.officers.as_slice() else {
        unreachable!()
    };
    let known = submit(&core, &resume(), 1, first).await.unwrap();
    let put = async |officers: Officers| {
        let change = Change::new().put(Officers::key(), encode(&officers));
        core.try_commit(change).await.unwrap();
    };
    let mut left = vec![second.address(), third.address()];
    left.sort_unstable();
    put(Officers {
        addresses: left.clone(),
        threshold: 0,
    })
    .await;
    assert_eq!(
        sign(&core, &known.digest, second).await.unwrap().state,
        State::Open
    );
    put(Officers {
        addresses: left,
        threshold: 2,
    })
    .await;
    let known = sign(&core, &known.digest, second).await.unwrap();
    assert_eq!(known.row.signers().collect::<Vec<_>>(), [second.address()]);
    assert!(is_suspended(&core));
    sign(&core, &known.digest, third).await.unwrap();
    assert!(!is_suspended(&core));
}

fn revoked(core: &Core, serial: &Serial) -> bool {
    let halt = Halt::certificate(serial);
    core.halts().iter().any(|(known, _)| *known == halt)
}

#[tokio::test]
async fn one_officer_revokes_a_certificate_and_two_restore_it_across_restarts() {
    let installation = Installation::new().await;
    let serial = Serial::new(&[0, 0x80, 1]);
    let action = Action::RestoreCertificate {
        serial: serial.as_bytes().to_vec(),
    };
    let core = installation.open().await;
    core.revoke_certificate(&caller(), &serial).await.unwrap();
    core.revoke_certificate(&caller(), &serial).await.unwrap();
    let known = submit(&core, &action, 1, &installation.officers[0])
        .await
        .unwrap();
    assert!(revoked(&core, &serial));
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    assert!(revoked(&core, &serial));
    let known = sign(&core, &known.digest, &installation.officers[1])
        .await
        .unwrap();
    assert_eq!(known.state, State::Executed);
    assert!(!revoked(&core, &serial));
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    assert!(!revoked(&core, &serial));
}

#[tokio::test]
async fn halts_grants_and_signatures_outlive_a_restart() {
    let installation = Installation::new().await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let raise = Action::RaiseBudget {
        portal: "small".to_owned(),
        people: 2,
        until: NOW + 10,
    };
    let core = suspended(&installation).await;
    let known = submit(&core, &raise, 1, first).await.unwrap();
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    assert!(is_suspended(&core));
    assert_eq!(
        sign(&core, &known.digest, second).await.unwrap().state,
        State::Executed
    );
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    let person = |n: u32| {
        (
            format!("Ann {}", ["a", "b", "c", "d", "e", "f"][n as usize]),
            n,
        )
    };
    let ask = async |n: u32| {
        let (name, n) = person(n);
        let document = format!("DOC{n}");
        register(&core, "small", (&name, "1990-01-01", Some(&document))).await
    };
    // Three by the configuration and two more by the grant.
    for n in 0..5 {
        ask(n).await.unwrap();
    }
    assert_eq!(
        reason(ask(5).await.err().expect("refused")),
        "BUDGET_EXHAUSTED"
    );
}

#[tokio::test]
async fn nothing_is_issued_of_a_stopped_election_until_two_officers_let_it_go_on() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let ann = register(&core, "main", ("Ann", "1990-01-01", Some("A 123")))
        .await
        .unwrap();
    let id: ElectionId = opened(&installation, &core, draft(Entitled::Everybody)).await;
    let device = Device::new(&core, &id).await;
    core.stop_issuance(&caller(), &id).await.unwrap();
    core.stop_issuance(&caller(), &id).await.unwrap();
    let told = device.issue(&core, &ann).await.err().expect("refused");
    assert_eq!(reason(told), "ISSUANCE_STOPPED");
    let resume = Action::ResumeIssuance { election: id };
    for officer in &installation.officers[..2] {
        submit(&core, &resume, 1, officer).await.unwrap();
    }
    device.issue(&core, &ann).await.unwrap();
}

#[tokio::test]
async fn old_officers_name_new_ones_who_alone_decide_from_then_on() {
    let installation = Installation::new().await;
    let core = suspended(&installation).await;
    let [first, second, third] = installation.officers.as_slice() else {
        unreachable!()
    };
    let fresh = SigningKey::random(&mut random::os());
    let mut officers = vec![third.address(), fresh.address()];
    officers.sort_unstable();
    let change = Action::ChangeOfficers {
        officers: officers.clone(),
        threshold: 2,
    };
    let waiting = submit(&core, &resume(), 2, first).await.unwrap();
    submit(&core, &change, 1, first).await.unwrap();
    assert_eq!(core.trust().officers().len(), 3);
    submit(&core, &change, 1, second).await.unwrap();
    assert_eq!(core.trust().officers(), officers);
    // Whoever signed before and is no officer now counts no more.
    assert_eq!(
        refused(sign(&core, &waiting.digest, second).await),
        "INVALID_SIGNATURE"
    );
    sign(&core, &waiting.digest, third).await.unwrap();
    assert!(is_suspended(&core));
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    assert_eq!(core.trust().officers(), officers);
    sign(&core, &waiting.digest, &fresh).await.unwrap();
    assert!(!is_suspended(&core));
}

#[tokio::test]
async fn officers_stay_while_an_election_is_under_way() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    register(&core, "main", ("Ann", "1990-01-01", Some("A 123")))
        .await
        .unwrap();
    opened(&installation, &core, draft(Entitled::Everybody)).await;
    let [first, second, _] = installation.officers.as_slice() else {
        unreachable!()
    };
    let change = Action::ChangeOfficers {
        officers: vec![first.address()],
        threshold: 1,
    };
    submit(&core, &change, 1, first).await.unwrap();
    assert_eq!(
        refused(submit(&core, &change, 1, second).await),
        "ELECTION_UNDER_WAY"
    );
    assert_eq!(core.trust().officers().len(), 3);
}

#[tokio::test]
async fn a_content_that_is_not_canonical_or_names_no_portal_is_refused() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let unknown = Action::ResumePortal {
        portal: "nobody".to_owned(),
    };
    let officer = &installation.officers[0];
    assert_eq!(
        refused(submit(&core, &unknown, 1, officer).await),
        "NOT_FOUND"
    );
    let mut spaced = resume().to_json();
    spaced.push(b'\n');
    let signature = officer.sign(&[1; 32]);
    let outcome = core
        .submit_proposal(
            &caller(),
            (Nonce::new([1; 32]), EXPIRES),
            &spaced,
            &signature,
        )
        .await;
    assert_eq!(refused(outcome), "INVALID_PROPOSAL");
    assert!(core.proposals_after(None, 10).await.unwrap().is_empty());
}

/// What may happen to a proposal.
#[derive(Clone, Copy, Debug)]
enum Step {
    Submit(usize),
    Sign(usize),
    Cancel,
    Wait(u64),
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_usize).prop_map(Step::Submit),
        4 => (0..4_usize).prop_map(Step::Sign),
        1 => Just(Step::Cancel),
        1 => (0..600_u64).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_any_order_a_proposal_is_executed_at_most_once_and_never_below_the_quorum(
        steps in prop::collection::vec(any_step(), 1..16)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(steps))?;
    }
}

/// Does the steps with three officers and a stranger, and keeps count beside.
async fn follow(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let installation = Installation::new().await;
    let stranger = SigningKey::random(&mut random::os());
    let keys: Vec<&SigningKey> = installation.officers.iter().chain([&stranger]).collect();
    let mut core = suspended(&installation).await;
    let digest = digest(&core, &proposal(&core, &resume(), 1));
    let (mut there, mut signed, mut over) = (false, BTreeSet::new(), false);
    for step in steps {
        let open = !over && core.now() <= EXPIRES;
        match step {
            Step::Submit(by) => {
                let _ = submit(&core, &resume(), 1, keys[by]).await;
                if open && by < 3 {
                    there = true;
                    signed.insert(by);
                }
            }
            Step::Sign(by) => {
                let _ = sign(&core, &digest, keys[by]).await;
                if there && open && by < 3 {
                    signed.insert(by);
                }
            }
            Step::Cancel => {
                let cancelled = core.cancel_proposal(&caller(), &digest).await.is_ok();
                over |= cancelled;
            }
            Step::Wait(seconds) => {
                installation.clock.fetch_add(seconds, Ordering::Relaxed);
            }
            Step::Restart => {
                core.store.close().await.unwrap();
                drop(core);
                core = installation.open().await;
            }
        }
        let enough = signed.len() >= 2;
        over |= enough;
        prop_assert_eq!(executions(&core).await, usize::from(enough));
        prop_assert_eq!(is_suspended(&core), !enough);
    }
    core.store.close().await.unwrap();
    Ok(())
}
