use symbolon_store::Change;

use crate::{
    elections::{Entitled, tests::draft},
    registration::merge_tests::City,
    testing::{caller, portal},
};

/// What may come between the look at a person and the token.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Suspended,
    Merged,
    Erased,
}

#[tokio::test]
async fn no_token_is_bound_for_who_was_merged_suspended_or_erased_meanwhile() {
    for between in [
        Between::Nothing,
        Between::Suspended,
        Between::Merged,
        Between::Erased,
    ] {
        let city = City::new("main").await;
        let (core, by) = (&city.core, portal("main"));
        let id = city.open(draft(Entitled::Everybody)).await;
        let (keys, election) = (core.keys().unwrap(), core.election(&id).await.unwrap());
        let own = election.keys(&keys).unwrap();
        let mut seen = Vec::new();
        for person in [&city.older, &city.younger] {
            let asked = (&by, person);
            seen.push(core.standing(&keys, &own, &election, asked).await.unwrap());
        }
        match between {
            Between::Nothing => {}
            Between::Merged => drop(city.merge().await.unwrap()),
            Between::Suspended | Between::Erased => {
                for person in [&city.older, &city.younger] {
                    match between {
                        Between::Suspended => core.suspend_person(&caller(), &by, person).await,
                        _ => core.erase_person(&caller(), &by, person).await,
                    }
                    .unwrap();
                }
            }
        }
        for standing in seen {
            let bound = standing.condition(Change::new().audit(b"{}".to_vec()));
            let bound = core.try_commit(bound).await.unwrap().is_some();
            assert_eq!(bound, matches!(between, Between::Nothing), "{between:?}");
        }
    }
}
