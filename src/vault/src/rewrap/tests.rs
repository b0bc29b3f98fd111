use proptest::prelude::*;

use super::*;
use crate::{
    rows::encode,
    testing::{Installation, caller, passphrase, reason},
};

const HOLDERS: [&str; 3] = ["one", "three", "two"];

fn shares() -> NewUnsealing {
    NewUnsealing::Shares {
        holders: HOLDERS.map(str::to_owned).to_vec(),
        threshold: 2,
    }
}

fn passphrase_from(officer: &str) -> NewUnsealing {
    NewUnsealing::Passphrase {
        entered_by: officer.to_owned(),
    }
}

fn one() -> Caller {
    Caller::officer("one")
}

async fn decide(core: &Core, to: NewUnsealing) {
    let rewrap = Rewrap::new(to, core.keys().unwrap().way(), core.now());
    let change = Change::new()
        .absent(Rewrap::key())
        .put(Rewrap::key(), encode(&rewrap));
    core.try_commit(change).await.unwrap().unwrap();
}

fn none() -> SecretString {
    SecretString::new(String::new())
}

fn words(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

fn copy(text: &SecretBytes) -> Share {
    Share::parse(text.expose()).unwrap()
}

async fn collect(core: &Core) -> Vec<SecretBytes> {
    let mut all = Vec::new();
    for (number, name) in (1..).zip(HOLDERS) {
        let (got, text) = core.collect_share(&Caller::officer(name)).await.unwrap();
        assert_eq!(got, number);
        all.push(text);
    }
    all
}

async fn ended(core: Core) {
    core.store.close().await.unwrap();
    drop(core);
}

async fn unsealed(installation: &Installation, held: &Held) -> Result<Core, Error> {
    let core = installation.sealed().await;
    match held {
        Held::Words(text) => core.unseal(&caller(), words(text)).await?,
        Held::Shares(all) => {
            for text in &all[1..] {
                core.hand_in(&caller(), copy(text)).await?;
            }
        }
    }
    Ok(core)
}

enum Held {
    Words(String),
    Shares(Vec<SecretBytes>),
}

#[tokio::test]
async fn a_new_passphrase_takes_over_once_it_has_opened_the_ring() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    assert_eq!(core.rewrap().await.unwrap(), None);
    let refused = core.begin_rewrap(&caller(), words("new")).await;
    assert_eq!(reason(refused.unwrap_err()), "NO_REWRAP");
    decide(&core, passphrase_from("one")).await;
    let refused = core.prove_rewrap(&caller(), words("new")).await;
    assert!(matches!(refused, Err(Error::Keyring(RingError::NoSuchWay))));
    let refused = core.begin_rewrap(&one(), none()).await.unwrap_err();
    assert_eq!(reason(refused), "INVALID_ARGUMENT");
    // Nobody but the officer whom the others named.
    let other = Caller::officer("two");
    let refused = core.begin_rewrap(&other, words("theirs")).await;
    assert_eq!(reason(refused.unwrap_err()), "NO_REWRAP");
    core.begin_rewrap(&one(), words("mistyped")).await.unwrap();
    core.begin_rewrap(&one(), words("new")).await.unwrap();
    for wrong in ["mistyped", passphrase().expose()] {
        let refused = core.prove_rewrap(&caller(), words(wrong)).await;
        assert!(matches!(
            refused,
            Err(Error::Keyring(RingError::DoesNotOpen))
        ));
    }
    let secret = core.keys().unwrap().ring_secret();
    core.prove_rewrap(&caller(), words("new")).await.unwrap();
    assert_eq!(core.rewrap().await.unwrap(), None);
    assert_ne!(core.keys().unwrap().ring_secret(), secret);
    ended(core).await;
    let old = Held::Words(passphrase().expose().to_owned());
    let refused = unsealed(&installation, &old).await.err().unwrap();
    assert!(matches!(refused, Error::Keyring(RingError::DoesNotOpen)));
    unsealed(&installation, &Held::Words("new".into()))
        .await
        .unwrap();
}

#[tokio::test]
async fn each_holder_gets_one_share_and_nobody_else_any() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    decide(&core, shares()).await;
    let early = core
        .collect_share(&Caller::officer("one"))
        .await
        .err()
        .unwrap();
    assert_eq!(reason(early), "NO_REWRAP");
    core.begin_rewrap(&caller(), none()).await.unwrap();
    for other in [Caller::officer("four"), caller(), Caller::officer("on")] {
        let refused = core.collect_share(&other).await.err().unwrap();
        assert_eq!(reason(refused), "NO_REWRAP");
    }
    let first = collect(&core).await;
    let again = collect(&core).await;
    assert!(
        first
            .iter()
            .zip(&again)
            .all(|(a, b)| a.expose() == b.expose())
    );
    assert_eq!(core.rewrap().await.unwrap().unwrap().collected, HOLDERS);
    // Made anew: the first ones prove nothing any more, and one number counts once.
    core.begin_rewrap(&caller(), none()).await.unwrap();
    let refused = core.prove_share(&caller(), copy(&first[0])).await;
    assert_eq!(reason(refused.unwrap_err()), "INVALID_ARGUMENT");
    let shares = collect(&core).await;
    for _ in 0..2 {
        let progress = core.prove_share(&caller(), copy(&shares[2])).await.unwrap();
        assert_eq!((progress.given, progress.needed), (1, 2));
    }
    core.prove_share(&caller(), copy(&shares[0])).await.unwrap();
    let late = core
        .collect_share(&Caller::officer("one"))
        .await
        .err()
        .unwrap();
    assert_eq!(reason(late), "NO_REWRAP");
    core.seal(&caller()).await.unwrap();
    core.hand_in(&caller(), copy(&shares[0])).await.unwrap();
    core.hand_in(&caller(), copy(&shares[1])).await.unwrap();
    assert!(!core.seal.is_sealed());
}

/// The process dies between the ring's last change and the store's.
#[tokio::test]
async fn a_ring_that_moved_before_the_store_knew_is_settled_at_the_next_unsealing() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    decide(&core, passphrase_from("one")).await;
    core.begin_rewrap(&one(), words("new")).await.unwrap();
    ended(core).await;
    let files = installation.config.keys.files();
    let mut ring = files.unseal(&words("new")).unwrap();
    assert!(ring.has_moved());
    files
        .update(&mut ring, &mut random::os(), |_| Ok(()))
        .unwrap();
    let core = unsealed(&installation, &Held::Words("new".into()))
        .await
        .unwrap();
    assert_eq!(core.rewrap().await.unwrap(), None);
    decide(&core, shares()).await;
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Decide,
    Begin,
    Cancel,
    ProveWrong,
    Prove,
    Restart { by_new: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Decide),
        3 => Just(Step::Begin),
        1 => Just(Step::Cancel),
        1 => Just(Step::ProveWrong),
        2 => Just(Step::Prove),
        2 => any::<bool>().prop_map(|by_new| Step::Restart { by_new }),
    ];
    prop::collection::vec(step, 1..12)
}

/// Any order of steps: what was made opens the ring until it is taken back, and alone once it was proven.
async fn walk(steps: Vec<Step>) {
    let installation = Installation::new().await;
    let mut core = installation.open().await;
    let mut current = Held::Words(passphrase().expose().to_owned());
    let (mut decided, mut made): (bool, Option<Held>) = (false, None);
    for step in steps {
        match step {
            Step::Decide if !decided => {
                decide(&core, shares()).await;
                decided = true;
            }
            Step::Decide => {}
            Step::Begin => {
                let begun = core.begin_rewrap(&caller(), none()).await;
                assert_eq!(begun.is_ok(), decided);
                if decided {
                    made = Some(Held::Shares(collect(&core).await));
                }
            }
            Step::Cancel => {
                let cancelled = core.cancel_rewrap(&caller()).await;
                assert_eq!(cancelled.is_ok(), decided);
                (decided, made) = (false, None);
            }
            Step::ProveWrong => {
                if let Held::Shares(all) = &current {
                    let refused = core.prove_share(&caller(), copy(&all[0])).await;
                    assert!(refused.is_err());
                }
            }
            Step::Prove => {
                if let Some(Held::Shares(all)) = made.take() {
                    for text in &all[..2] {
                        core.prove_share(&caller(), copy(text)).await.unwrap();
                    }
                    (decided, current) = (false, Held::Shares(all));
                }
            }
            Step::Restart { by_new } => {
                ended(core).await;
                if by_new && let Some(new) = made.take() {
                    (decided, current) = (false, new);
                }
                core = unsealed(&installation, &current).await.unwrap();
            }
        }
        assert_eq!(core.rewrap().await.unwrap().is_some(), decided);
        assert_eq!(core.keys().unwrap().next_way().is_some(), made.is_some());
    }
    ended(core).await;
    // Whoever opens it the new way ends the old one, so that comes last.
    for held in [Some(&current), made.as_ref()].into_iter().flatten() {
        ended(unsealed(&installation, held).await.unwrap()).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_order_of_steps_leaves_a_vault_that_opens(steps in steps()) {
        tokio::runtime::Runtime::new().unwrap().block_on(walk(steps));
    }
}
