use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{Nonce, Proposal, proposal::Action};
use symbolon_keyring::RegistrationId;

use super::*;
use crate::testing::{Installation, caller, reason, register};

const ANNA: (&str, &str, Option<&str>) = ("Зоя Ёлкина", "1980-02-29", Some("AB 123456"));
/// Anna with a new passport, or somebody of the same name and day.
const LIKE_HER: (&str, &str, Option<&str>) = (ANNA.0, ANNA.1, Some("CD 999999"));
/// Anna with a new name, or a mistyped document.
const HER_NUMBER: (&str, &str, Option<&str>) = ("Другое Имя", ANNA.1, ANNA.2);

/// Has the officers name registrars.
pub(crate) async fn name(
    core: &Core,
    installation: &Installation,
    registrars: &[&SigningKey],
    nonce: u8,
) {
    let mut registrars: Vec<_> = registrars.iter().map(|key| key.address()).collect();
    registrars.sort_unstable();
    let action = Action::ChangeRegistrars { registrars };
    let proposal = Proposal {
        installation: InstallationId::new(core.profile.salt),
        nonce: Nonce::new([nonce; 32]),
        expires: core.now() + 60,
        content_hash: action.content_hash(),
    };
    for officer in &installation.officers[..2] {
        let signature = officer.sign(proposal.digest(core.domain()).as_bytes());
        let about = (proposal.nonce, proposal.expires);
        core.submit_proposal(&caller(), about, &action.to_json(), &signature)
            .await
            .unwrap();
    }
}

pub(crate) fn registrars() -> [SigningKey; 3] {
    std::array::from_fn(|_| SigningKey::random(&mut random::os()))
}

/// An open vault with three registrars, where Anna is known to the portal `main`.
async fn city(installation: &Installation) -> (Core, [SigningKey; 3], RegistrationId) {
    let core = installation.open().await;
    let registrars = registrars();
    let [one, two, three] = &registrars;
    name(&core, installation, &[one, two, three], 1).await;
    let anna = register(&core, "main", ANNA).await.unwrap();
    (core, registrars, anna)
}

/// The ticket that a request gets.
pub(crate) async fn ticket(core: &Core, by: &str, person: (&str, &str, Option<&str>)) -> Ticket {
    newest(core, by, register(core, by, person).await).await
}

/// The ticket that a refused request got.
pub(crate) async fn newest<T>(core: &Core, by: &str, outcome: Result<T, Error>) -> Ticket {
    assert_eq!(refused(outcome), "IDENTITY_CONFLICT");
    let tickets = core.conflicts_after(Ticket(0), 1000).await.unwrap();
    let open = tickets.into_iter().rev();
    let mut open = open.filter(|(_, row)| row.portal == by);
    open.next().expect("a ticket").0
}

fn signature(core: &Core, id: &TicketId, verdict: Verdict, key: &SigningKey) -> Signature {
    let signed = symbolon_election::Verdict {
        installation: InstallationId::new(core.profile.salt),
        ticket: *id,
        same: verdict.is_same(),
    };
    key.sign(signed.digest(core.domain()).as_bytes())
}

pub(crate) async fn say(
    core: &Core,
    ticket: Ticket,
    verdict: Verdict,
    registrar: &SigningKey,
) -> Result<TicketRow, Error> {
    let id = core.conflict(ticket).await.unwrap().id(ticket);
    let signature = signature(core, &id, verdict, registrar);
    core.sign_verdict(&caller(), &id, verdict, &signature).await
}

pub(crate) fn refused<T>(outcome: Result<T, Error>) -> &'static str {
    reason(outcome.err().expect("refused"))
}

#[tokio::test]
async fn same_makes_the_new_document_the_known_persons() {
    let installation = Installation::new().await;
    let (core, [one, two, _], anna) = city(&installation).await;
    let ticket = ticket(&core, "small", LIKE_HER).await;
    let row = say(&core, ticket, Verdict::Same, &one).await.unwrap();
    assert_eq!(row.state(), "open");
    assert_eq!(
        refused(register(&core, "main", LIKE_HER).await),
        "IDENTITY_CONFLICT"
    );
    let row = say(&core, ticket, Verdict::Same, &two).await.unwrap();
    assert_eq!(row.state(), "same");
    assert!(register(&core, "main", LIKE_HER).await.unwrap() == anna);
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
    let elsewhere = register(&core, "small", ANNA).await.unwrap();
    assert!(register(&core, "small", LIKE_HER).await.unwrap() == elsewhere);
    let records = core.store.scan(Table::Record.all(), 10).await.unwrap();
    assert_eq!(records.len(), 1);
}

#[tokio::test]
async fn same_makes_the_new_name_the_known_persons() {
    let installation = Installation::new().await;
    let (core, [one, two, _], anna) = city(&installation).await;
    let ticket = ticket(&core, "main", HER_NUMBER).await;
    for registrar in [&one, &two] {
        say(&core, ticket, Verdict::Same, registrar).await.unwrap();
    }
    assert!(register(&core, "main", HER_NUMBER).await.unwrap() == anna);
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
}

#[tokio::test]
async fn different_makes_two_people_of_one_name() {
    let installation = Installation::new().await;
    let (core, [one, _, three], anna) = city(&installation).await;
    let ticket = ticket(&core, "main", LIKE_HER).await;
    for registrar in [&three, &one] {
        say(&core, ticket, Verdict::Different, registrar)
            .await
            .unwrap();
    }
    let other = register(&core, "main", LIKE_HER).await.unwrap();
    assert!(other != anna);
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
    // The name alone still tells nobody apart.
    assert_eq!(
        refused(register(&core, "main", (ANNA.0, ANNA.1, None)).await),
        "IDENTITY_CONFLICT"
    );
}

#[tokio::test]
async fn different_leaves_a_document_with_whom_it_identifies() {
    let installation = Installation::new().await;
    let (core, [one, two, three], anna) = city(&installation).await;
    let first = ticket(&core, "main", HER_NUMBER).await;
    for registrar in [&one, &two] {
        say(&core, first, Verdict::Different, registrar)
            .await
            .unwrap();
    }
    for _ in 0..2 {
        assert_eq!(ticket(&core, "main", HER_NUMBER).await, first);
    }
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
    assert_eq!(
        core.conflicts_after(Ticket(0), 10).await.unwrap().len(),
        1,
        "the verdict is remembered"
    );
    assert_eq!(
        refused(say(&core, first, Verdict::Same, &three).await),
        "TICKET_SETTLED"
    );
    let again = say(&core, first, Verdict::Different, &three).await.unwrap();
    assert_eq!(again.signers(Verdict::Different).count(), 2);
}

#[tokio::test]
async fn one_registrar_settles_nothing_however_often_they_sign() {
    let installation = Installation::new().await;
    let (core, [one, two, _], _) = city(&installation).await;
    let ticket = ticket(&core, "main", LIKE_HER).await;
    for verdict in [Verdict::Same, Verdict::Same, Verdict::Different] {
        let row = say(&core, ticket, verdict, &one).await.unwrap();
        assert_eq!(row.state(), "open");
        assert_eq!(row.signers(verdict).count(), 1);
    }
    // The first one said something else last: they don't agree.
    let row = say(&core, ticket, Verdict::Same, &two).await.unwrap();
    assert_eq!(row.state(), "open");
    let stranger = SigningKey::random(&mut random::os());
    for signer in [&stranger, &installation.officers[0]] {
        assert_eq!(
            refused(say(&core, ticket, Verdict::Same, signer).await),
            "INVALID_SIGNATURE"
        );
    }
}

#[tokio::test]
async fn a_registrar_who_was_removed_half_way_does_not_count() {
    let installation = Installation::new().await;
    let (core, [one, two, three], _) = city(&installation).await;
    let ticket = ticket(&core, "main", LIKE_HER).await;
    say(&core, ticket, Verdict::Same, &one).await.unwrap();
    name(&core, &installation, &[&two, &three], 2).await;
    let row = say(&core, ticket, Verdict::Same, &two).await.unwrap();
    assert_eq!(row.state(), "open");
    assert_eq!(
        refused(say(&core, ticket, Verdict::Same, &one).await),
        "INVALID_SIGNATURE"
    );
    let row = say(&core, ticket, Verdict::Same, &three).await.unwrap();
    assert_eq!(row.state(), "same");
}

#[tokio::test]
async fn nobody_settles_anything_before_officers_name_registrars() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    register(&core, "main", ANNA).await.unwrap();
    let ticket = ticket(&core, "main", LIKE_HER).await;
    for officer in &installation.officers {
        assert_eq!(
            refused(say(&core, ticket, Verdict::Same, officer).await),
            "INVALID_SIGNATURE"
        );
    }
}

#[tokio::test]
async fn a_signature_counts_for_its_ticket_and_verdict_alone() {
    let installation = Installation::new().await;
    let (core, [one, two, _], _) = city(&installation).await;
    let (first, second) = (
        ticket(&core, "main", LIKE_HER).await,
        ticket(&core, "small", LIKE_HER).await,
    );
    assert_ne!(first, second);
    let id = async |ticket| core.conflict(ticket).await.unwrap().id(ticket);
    let (own, other) = (id(first).await, id(second).await);
    for registrar in [&one, &two] {
        let signature = signature(&core, &own, Verdict::Same, registrar);
        for (id, verdict) in [(&other, Verdict::Same), (&own, Verdict::Different)] {
            let told = core.sign_verdict(&caller(), id, verdict, &signature).await;
            assert_eq!(refused(told), "INVALID_SIGNATURE");
        }
    }
    // The same number in another store.
    let mut restored = *own.as_bytes();
    restored[0] ^= 1;
    let restored = TicketId::new(restored);
    let signature = signature(&core, &restored, Verdict::Same, &one);
    let told = core
        .sign_verdict(&caller(), &restored, Verdict::Same, &signature)
        .await;
    assert_eq!(refused(told), "UNKNOWN_TICKET");
}

#[tokio::test]
async fn what_identifies_nobody_is_not_the_same_as_anybody() {
    let installation = Installation::new().await;
    let (core, [one, two, _], anna) = city(&installation).await;
    let guess = (ANNA.0, ANNA.1, None);
    let ticket = ticket(&core, "small", guess).await;
    assert_eq!(
        refused(say(&core, ticket, Verdict::Same, &one).await),
        "VERDICT_IMPOSSIBLE"
    );
    for registrar in [&one, &two] {
        say(&core, ticket, Verdict::Different, registrar)
            .await
            .unwrap();
    }
    assert_eq!(
        refused(register(&core, "small", guess).await),
        "IDENTITY_CONFLICT"
    );
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
    let records = core.store.scan(Table::Record.all(), 10).await.unwrap();
    assert_eq!(records.len(), 1);
}

#[tokio::test]
async fn a_verdict_on_what_is_no_longer_so_changes_nothing() {
    let installation = Installation::new().await;
    let (core, [one, two, _], anna) = city(&installation).await;
    let at_main = ticket(&core, "main", LIKE_HER).await;
    let at_small = ticket(&core, "small", LIKE_HER).await;
    for registrar in [&one, &two] {
        say(&core, at_main, Verdict::Different, registrar)
            .await
            .unwrap();
    }
    let other = register(&core, "main", LIKE_HER).await.unwrap();
    say(&core, at_small, Verdict::Same, &one).await.unwrap();
    let row = say(&core, at_small, Verdict::Same, &two).await.unwrap();
    assert_eq!(row.state(), "outdated");
    assert!(register(&core, "main", ANNA).await.unwrap() == anna);
    assert!(register(&core, "main", LIKE_HER).await.unwrap() == other);
    let elsewhere = register(&core, "small", LIKE_HER).await.unwrap();
    assert!(register(&core, "small", ANNA).await.unwrap() != elsewhere);
}

#[tokio::test]
async fn a_conflict_with_other_people_gets_another_ticket() {
    let installation = Installation::new().await;
    let (core, [one, two, _], _) = city(&installation).await;
    let guess = (ANNA.0, ANNA.1, None);
    let early = ticket(&core, "main", guess).await;
    let namesake = ticket(&core, "small", LIKE_HER).await;
    for registrar in [&one, &two] {
        say(&core, namesake, Verdict::Different, registrar)
            .await
            .unwrap();
    }
    let late = ticket(&core, "main", guess).await;
    assert_ne!(late, early);
    assert_eq!(core.conflict(early).await.unwrap().state(), "outdated");
    assert_eq!(ticket(&core, "main", guess).await, late);
    assert_eq!(
        refused(say(&core, late, Verdict::Same, &one).await),
        "VERDICT_IMPOSSIBLE"
    );
}

#[tokio::test]
async fn verdicts_outlive_a_restart_half_way() {
    let installation = Installation::new().await;
    let (core, [one, two, _], anna) = city(&installation).await;
    let ticket = ticket(&core, "main", LIKE_HER).await;
    say(&core, ticket, Verdict::Same, &one).await.unwrap();
    core.store.close().await.unwrap();
    drop(core);
    let core = installation.open().await;
    let row = say(&core, ticket, Verdict::Same, &two).await.unwrap();
    assert_eq!(row.state(), "same");
    assert!(register(&core, "main", LIKE_HER).await.unwrap() == anna);
}
