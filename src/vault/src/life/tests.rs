mod any_order;

use std::collections::BTreeSet;

use symbolon_crypto::ecdsa::SigningKey;
use symbolon_election::{ErasureId, InstallationId, Nonce, Proposal, Typed, proposal::Action};
use symbolon_keyring::RegistrationId;

use super::*;
use crate::{
    elections::{
        Entitled,
        tests::{Device, draft, growing, opened},
    },
    electorates::ElectorateName,
    registration::{
        Verdict,
        merge_tests::{BOTH, City, PASSPORT, TAX, inspect},
        verdict_tests::{newest, refused},
    },
    rows::Table,
    testing::{Installation, caller, portal, register_with, stretch},
};

type Attributes<'a> = &'a [(&'a str, &'a str)];

pub(super) async fn amend(
    core: &Core,
    by: &str,
    id: &RegistrationId,
    attributes: Attributes<'_>,
) -> Result<RegistrationId, Error> {
    let queued = core.queue(&portal(by), stretch(core, attributes).await?)?;
    core.register(&caller(), queued.amending(*id)).await
}

pub(super) async fn erase(core: &Core, by: &str, id: &RegistrationId) -> Result<(), Error> {
    core.erase_person(&caller(), &portal(by), id).await
}

/// Two officers decide to erase all who wait.
pub(super) async fn decide(
    installation: &Installation,
    core: &Core,
    nonce: u8,
) -> Result<(), Error> {
    let waiting = core.erasures().await.unwrap();
    let erasures: BTreeSet<ErasureId> = waiting.iter().map(Erasure::id).collect();
    let erasures = erasures.into_iter().collect();
    let officers = &installation.officers[..2];
    propose(officers, core, Action::ErasePeople { erasures }, nonce).await
}

pub(crate) async fn propose(
    officers: &[SigningKey],
    core: &Core,
    action: Action,
    nonce: u8,
) -> Result<(), Error> {
    let proposal = Proposal {
        installation: InstallationId::new(core.profile.salt),
        nonce: Nonce::new([nonce; 32]),
        expires: core.now() + 60,
        content_hash: action.content_hash(),
    };
    for officer in officers {
        let signature = officer.sign(proposal.digest(core.domain()).as_bytes());
        let about = (proposal.nonce, proposal.expires);
        core.submit_proposal(&caller(), about, &action.to_json(), &signature)
            .await?;
    }
    Ok(())
}

/// How many rows the tables hold that are about people.
async fn rows(core: &Core) -> usize {
    let tables = [
        Table::Record,
        Table::Index,
        Table::Registration,
        Table::Member,
        Table::TicketByKeys,
        Table::Erasure,
    ];
    let mut count = 0;
    for table in tables {
        count += core.store.scan(table.all(), 1000).await.unwrap().len();
    }
    count
}

#[tokio::test]
async fn a_new_name_is_added_to_whom_the_document_identifies_and_the_id_stays() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let married = [("name", "Anna Beispiel"), PASSPORT[1], PASSPORT[2]];
    let told = register_with(&core, "main", &married).await;
    assert_eq!(refused(told), "IDENTITY_CONFLICT");
    assert!(amend(&core, "main", &anna, &married).await.unwrap() == anna);
    for attributes in [&married[..], PASSPORT] {
        assert!(register_with(&core, "main", attributes).await.unwrap() == anna);
    }
    let check = inspect(&core).await;
    assert!(check.is_sound() && check.records == 1, "{check}");
}

#[tokio::test]
async fn corrected_data_that_do_not_identify_the_person_open_a_ticket_and_change_nothing() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let ben = [("name", "Ben Muster"), PASSPORT[1], ("document", "BEN 1")];
    let his = register_with(&core, "main", &ben).await.unwrap();
    let before = rows(&core).await;
    let new_document = [PASSPORT[0], PASSPORT[1], ("document", "CD 1")];
    for attributes in [&new_document[..], &ben, &[ben[0], ben[1]]] {
        let told = amend(&core, "main", &anna, attributes).await;
        assert_eq!(refused(told), "IDENTITY_CONFLICT");
    }
    assert_eq!(rows(&core).await, before + 3);
    assert!(register_with(&core, "main", &ben).await.unwrap() == his);
    let nobody = RegistrationId::new([7; 32]);
    let told = amend(&core, "main", &nobody, PASSPORT).await;
    assert_eq!(refused(told), "UNKNOWN_REGISTRATION_ID");
    // Another portal's ID is nobody's here.
    let told = amend(&core, "small", &anna, PASSPORT).await;
    assert_eq!(refused(told), "UNKNOWN_REGISTRATION_ID");
}

#[tokio::test]
async fn two_registrars_settle_what_corrected_data_are_about() {
    let city = City::new("main").await;
    let core = &city.core;
    // A new passport for the one, who is the same as the other: both become one.
    let told = amend(core, "main", &city.older, TAX).await;
    let ticket = newest(core, "main", told).await;
    assert_eq!(city.settle(ticket, Verdict::Same).await.unwrap(), "same");
    assert_eq!(city.records().await, 1);
    assert!(register_with(core, "main", BOTH).await.unwrap() == city.older);
    // What isn't hers is nobody's.
    let other = [TAX[0], TAX[1], ("document", "NOT HERS")];
    let told = amend(core, "main", &city.older, &other).await;
    let ticket = newest(core, "main", told).await;
    let told = city.settle(ticket, Verdict::Different).await.unwrap();
    assert_eq!(told, "different");
    assert_eq!(city.records().await, 1);
    let told = amend(core, "main", &city.older, &other).await;
    assert_eq!(newest(core, "main", told).await, ticket);
    // A new passport of hers.
    let hers = [TAX[0], TAX[1], ("document", "HERS 2")];
    let told = amend(core, "main", &city.older, &hers).await;
    let ticket = newest(core, "main", told).await;
    city.settle(ticket, Verdict::Same).await.unwrap();
    assert!(register_with(core, "main", &hers).await.unwrap() == city.older);
    city.check().await;
}

#[tokio::test]
async fn corrected_data_never_give_a_second_value_to_what_never_changes() {
    let city = City::new("main").await;
    let other = [TAX[0], TAX[1], PASSPORT[2], ("tax", "11 222 333")];
    let told = amend(&city.core, "main", &city.older, &other).await;
    assert_eq!(refused(told), "IDENTITY_CONFLICT");
    let own = amend(&city.core, "main", &city.younger, TAX).await.unwrap();
    assert!(own == city.younger);
    let wrong = [TAX[0], TAX[1], ("tax", "99 999 999")];
    let told = amend(&city.core, "main", &city.younger, &wrong).await;
    let ticket = newest(&city.core, "main", told).await;
    let told = city.settle(ticket, Verdict::Same).await;
    assert_eq!(refused(told), "VERDICT_IMPOSSIBLE");
}

#[tokio::test]
async fn whom_a_portal_suspends_gets_no_token_there_and_no_place_on_later_rolls() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let (main, small) = (portal("main"), portal("small"));
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let elsewhere = register_with(&core, "small", PASSPORT).await.unwrap();
    let name = ElectorateName::parse("district").unwrap();
    core.create_electorate(&caller(), &main, &name)
        .await
        .unwrap();
    core.add_to_electorate(&caller(), &main, &name, &[anna])
        .await
        .unwrap();
    let mut district = growing();
    district.entitled = Entitled::Electorate("district".to_owned());
    let early = opened(&installation, &core, draft(Entitled::Everybody)).await;
    for _ in 0..2 {
        core.suspend_person(&caller(), &main, &anna).await.unwrap();
    }
    let device = Device::new(&core, &early).await;
    assert_eq!(
        refused(device.issue(&core, &anna).await),
        "PERSON_SUSPENDED"
    );
    let places = async |draft| {
        let election = opened(&installation, &core, draft).await;
        let election = core.election(&election).await.unwrap();
        core.roll(&election).unwrap().size()
    };
    assert_eq!(places(district.clone()).await, 0);
    // The other portal still speaks for her.
    assert_eq!(places(draft(Entitled::Everybody)).await, 1);
    core.suspend_person(&caller(), &small, &elsewhere)
        .await
        .unwrap();
    assert_eq!(places(draft(Entitled::Everybody)).await, 0);
    // She is who she was.
    assert!(register_with(&core, "main", PASSPORT).await.unwrap() == anna);
    assert_eq!(
        refused(device.issue(&core, &anna).await),
        "PERSON_SUSPENDED"
    );
    core.resume_person(&caller(), &main, &anna).await.unwrap();
    device.issue(&core, &anna).await.unwrap();
    assert_eq!(places(district).await, 1);
}

#[tokio::test]
async fn a_portal_suspends_and_erases_its_own_people_only() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let small = portal("small");
    for told in [
        core.suspend_person(&caller(), &small, &anna).await,
        core.resume_person(&caller(), &small, &anna).await,
        core.erase_person(&caller(), &small, &anna).await,
    ] {
        assert_eq!(refused(told), "UNKNOWN_REGISTRATION_ID");
    }
}

#[tokio::test]
async fn the_last_portal_s_call_has_a_record_wait_and_officers_erase_it() {
    let city = City::new("small").await;
    let (core, installation) = (&city.core, &city.installation);
    city.merge().await.unwrap();
    let name = ElectorateName::parse("district").unwrap();
    core.create_electorate(&caller(), &portal("main"), &name)
        .await
        .unwrap();
    core.add_to_electorate(&caller(), &portal("main"), &name, &[city.older])
        .await
        .unwrap();
    erase(core, "main", &city.older).await.unwrap();
    assert_eq!(core.electorate(&name).await.unwrap().0.size, 0);
    assert!(core.erasures().await.unwrap().is_empty());
    let told = erase(core, "main", &city.older).await;
    assert_eq!(refused(told), "UNKNOWN_REGISTRATION_ID");
    // The other portal knows her as before.
    let found = register_with(core, "small", BOTH).await.unwrap();
    assert!(found == city.younger);
    erase(core, "small", &city.younger).await.unwrap();
    assert_eq!(core.erasures().await.unwrap().len(), 1);
    city.check().await;
    decide(installation, core, 9).await.unwrap();
    assert_eq!(rows(core).await, 0);
    assert!(core.erasures().await.unwrap().is_empty());
    // Whoever comes now is somebody new.
    let again = register_with(core, "small", BOTH).await.unwrap();
    assert!(again != city.younger && again != city.older);
    assert_eq!(city.records().await, 1);
    city.check().await;
}

#[tokio::test]
async fn no_ticket_keeps_what_an_erased_person_was_asked_for_by() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let like_her = [PASSPORT[0], PASSPORT[1], ("document", "CD 1")];
    let told = register_with(&core, "main", &like_her).await;
    let ticket = newest(&core, "main", told).await;
    let told = amend(&core, "main", &anna, &like_her).await;
    let amending = newest(&core, "main", told).await;
    erase(&core, "main", &anna).await.unwrap();
    decide(&installation, &core, 1).await.unwrap();
    assert_eq!(rows(&core).await, 0);
    for ticket in [ticket, amending] {
        let row = core.conflict(ticket).await.unwrap();
        assert_eq!(row.state(), "outdated");
        let keys = core.keys().unwrap();
        assert!(row.open(&keys, ticket).unwrap().is_empty());
    }
    register_with(&core, "main", &like_her).await.unwrap();
}

#[tokio::test]
async fn namesakes_who_are_erased_together_leave_nothing_and_a_third_stays() {
    let city = City::new("main").await;
    let core = &city.core;
    let third = [PASSPORT[0], PASSPORT[1], ("document", "XY 3")];
    let told = register_with(core, "main", &third).await;
    let ticket = newest(core, "main", told).await;
    city.settle(ticket, Verdict::Different).await.unwrap();
    let stays = register_with(core, "main", &third).await.unwrap();
    erase(core, "main", &city.older).await.unwrap();
    erase(core, "main", &city.younger).await.unwrap();
    decide(&city.installation, core, 3).await.unwrap();
    assert_eq!(city.records().await, 1);
    assert!(register_with(core, "main", &third).await.unwrap() == stays);
    city.check().await;
}

#[tokio::test]
async fn whoever_holds_a_token_of_an_open_election_is_not_erased_and_votes_once() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let election = opened(&installation, &core, growing()).await;
    Device::new(&core, &election)
        .await
        .issue(&core, &anna)
        .await
        .unwrap();
    assert_eq!(refused(erase(&core, "main", &anna).await), "TOKEN_HELD");
    // Elsewhere as well: another portal may not forget her either.
    let small = register_with(&core, "small", PASSPORT).await.unwrap();
    assert_eq!(refused(erase(&core, "small", &small).await), "TOKEN_HELD");
    assert!(register_with(&core, "main", PASSPORT).await.unwrap() == anna);
}

#[tokio::test]
async fn whoever_was_erased_with_a_place_and_registers_anew_gets_no_second_place() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    let election = opened(&installation, &core, draft(Entitled::Everybody)).await;
    erase(&core, "main", &anna).await.unwrap();
    let device = Device::new(&core, &election).await;
    let told = device.issue(&core, &anna).await;
    assert_eq!(refused(told), "UNKNOWN_REGISTRATION_ID");
    decide(&installation, &core, 1).await.unwrap();
    let again = register_with(&core, "main", PASSPORT).await.unwrap();
    assert_eq!(refused(device.issue(&core, &again).await), "NOT_ELIGIBLE");
}

#[tokio::test]
async fn whoever_registers_again_before_officers_decide_stays() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    erase(&core, "main", &anna).await.unwrap();
    let waiting = core.erasures().await.unwrap();
    assert!(register_with(&core, "main", PASSPORT).await.unwrap() == anna);
    assert!(core.erasures().await.unwrap().is_empty());
    let erasures = vec![waiting[0].id()];
    let told = propose(
        &installation.officers[..2],
        &core,
        Action::ErasePeople { erasures },
        1,
    )
    .await;
    assert_eq!(refused(told), "NOT_FOUND");
    // Between the first officer's signature and the second's.
    erase(&core, "main", &anna).await.unwrap();
    let erasures = vec![core.erasures().await.unwrap()[0].id()];
    let action = Action::ErasePeople { erasures };
    let proposal = Proposal {
        installation: InstallationId::new(core.profile.salt),
        nonce: Nonce::new([5; 32]),
        expires: core.now() + 60,
        content_hash: action.content_hash(),
    };
    let digest = proposal.digest(core.domain());
    let [one, two] = [0, 1].map(|n| installation.officers[n].sign(digest.as_bytes()));
    let about = (proposal.nonce, proposal.expires);
    core.submit_proposal(&caller(), about, &action.to_json(), &one)
        .await
        .unwrap();
    register_with(&core, "main", PASSPORT).await.unwrap();
    core.sign_proposal(&caller(), &digest, &two).await.unwrap();
    assert!(register_with(&core, "main", PASSPORT).await.unwrap() == anna);
    let check = inspect(&core).await;
    assert!(check.is_sound() && check.records == 1, "{check}");
}

#[tokio::test]
async fn one_officer_erases_nobody() {
    let installation = Installation::new().await;
    let core = installation.open().await;
    let anna = register_with(&core, "main", PASSPORT).await.unwrap();
    erase(&core, "main", &anna).await.unwrap();
    let erasures = vec![core.erasures().await.unwrap()[0].id()];
    for _ in 0..2 {
        let action = Action::ErasePeople {
            erasures: erasures.clone(),
        };
        propose(&installation.officers[..1], &core, action, 1)
            .await
            .unwrap();
    }
    assert_eq!(core.erasures().await.unwrap().len(), 1);
    assert!(register_with(&core, "main", PASSPORT).await.unwrap() == anna);
}

#[tokio::test]
async fn a_token_that_is_asked_for_while_a_person_is_erased_comes_before_or_never() {
    for _ in 0..8 {
        let installation = Installation::new().await;
        let core = std::sync::Arc::new(installation.open().await);
        let anna = register_with(&core, "main", PASSPORT).await.unwrap();
        let election = opened(&installation, &core, draft(Entitled::Everybody)).await;
        let device = Device::new(&core, &election).await;
        let (issued, erased) =
            tokio::join!(device.issue(&core, &anna), erase(&core, "main", &anna));
        assert!(issued.is_ok() != erased.is_ok());
    }
}
