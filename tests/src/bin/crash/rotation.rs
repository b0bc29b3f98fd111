//! The vault killed while it rotates the keys that people's rows lie under.
//!
//! After each kill the files are looked at before anybody mends them: every record has to open and
//! to be found, and no row may lie under a key that is destroyed.

use std::{collections::BTreeMap, sync::Arc, thread, time::Duration};

use symbolon_crypto::keyfile;
use symbolon_keyring::{KeyInfo, KeyState, Purpose, RingFiles};
use symbolon_store::{LocalStore, Options, Store};
use symbolon_tests::house::{House, attributes};
use symbolon_vault::{
    inspection::Inspection,
    rotation::{Rotation, Step, under_way},
};
use tokio::runtime::Runtime;

use crate::{
    book::RegistrationId,
    killer::lot,
    process::{Process, Which},
    world::enrol,
};

const PEOPLE: u64 = 4_000;
/// How long the vault serves at least and at most before it is killed, in milliseconds: it looks for
/// a rotation to go on with once a second.
const WORKING: (u64, u64) = (300, 1200);
/// People who are asked about after each kill.
const ASKED: u64 = 20;
const KEYS: [&str; 2] = ["index", "sealing"];

/// What a kill left behind.
struct Left {
    found: Inspection,
    keys: Vec<KeyInfo>,
    rotation: Option<Rotation>,
}

/// Kills of the vault that came amid a rotation, until there were enough.
pub(crate) fn prove(runtime: &Runtime, kills: usize) -> Result<(), String> {
    println!("\nkill -9 while keys rotate");
    let house = House::build();
    let mut vault = Process::serve(Which::Vault, &house, None)?;
    let ids = enrol(&house, PEOPLE);
    let (mut steps, mut begun) = (BTreeMap::<Step, usize>::new(), 0);
    let mut key = None;
    while steps.values().sum::<usize>() < kills {
        if key.is_none() {
            let next = KEYS[begun % KEYS.len()];
            begun += 1;
            house.decide(&["rotate-key", next, "--share", "100"]);
            key = Some(next);
        }
        thread::sleep(Duration::from_millis(
            WORKING.0 + lot(WORKING.1 - WORKING.0),
        ));
        vault.kill();
        let left = runtime.block_on(look(&house))?;
        left.check()?;
        match &left.rotation {
            Some(rotation) => *steps.entry(rotation.step).or_default() += 1,
            // It had ended already.
            None => key = None,
        }
        vault = Process::serve(Which::Vault, &house, None)?;
        ask(&house, &ids)?;
    }
    house.symbolon("officer-one", &["keys", "watch"]);
    ask(&house, &ids)?;
    vault.stop();
    let left = runtime.block_on(look(&house))?;
    left.check()?;
    if left.found.sealed.len() != 1 || left.found.leading.len() != 1 {
        return Err(format!("rows lie under old keys: {}", left.found));
    }
    println!("  {begun} rotations of {PEOPLE} people's rows; kills by step:");
    for (step, kills) in &steps {
        println!("  {:<8} {kills:>4}", step.as_str());
    }
    println!("  in the end: {}", left.found);
    Ok(())
}

impl Left {
    fn check(&self) -> Result<(), String> {
        let Self { found, keys, .. } = self;
        if !found.is_sound() || found.records != PEOPLE {
            return Err(format!("not everybody is found: {found}"));
        }
        let destroyed = |purpose| {
            let gone =
                move |key: &&KeyInfo| key.purpose == purpose && key.state == KeyState::Destroyed;
            keys.iter().filter(gone)
        };
        let sealed = destroyed(Purpose::Sealing).any(|key| found.sealed.contains_key(&key.id));
        let led = destroyed(Purpose::Index).any(|key| found.leading.contains_key(&key.epoch));
        match sealed || led {
            true => Err(format!(
                "a key was destroyed before its rows were gone: {found}"
            )),
            false => Ok(()),
        }
    }
}

/// Looks at the files of the vault that was killed.
async fn look(house: &House) -> Result<Left, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let options = Options::new(house.path("vault/store"), house.path("vault/checkpoint"));
    let store: Arc<dyn Store> = Arc::new(LocalStore::open(options).map_err(|e| told(&e))?);
    let passphrase = keyfile::read_passphrase(house.path("passphrase").as_ref());
    let files = RingFiles::new(house.path("vault/ring"), house.path("vault/ring-secret"));
    let ring = files.unseal(&passphrase.map_err(|e| told(&e))?);
    let ring = ring.map_err(|e| told(&e))?;
    let keys = ring.keys().cloned().collect();
    let found = Inspection::of(&store, ring).await.map_err(|e| told(&e))?;
    let rotation = under_way(store.as_ref()).await.map_err(|e| told(&e))?;
    store.close().await.map_err(|e| told(&e))?;
    Ok(Left {
        found,
        keys,
        rotation,
    })
}

/// Some people have to have the registration IDs that they had.
fn ask(house: &House, ids: &[RegistrationId]) -> Result<(), String> {
    for _ in 0..ASKED {
        let person = lot(PEOPLE);
        let named = attributes(person);
        let named = named.iter().map(|(name, value)| format!("{name}={value}"));
        let named: Vec<String> = named.collect();
        let mut args = vec!["person", "register"];
        args.extend(named.iter().flat_map(|one| ["--attribute", one]));
        let told = house.symbolon("portal-main", &args);
        if told["registrationId"] != hex::encode(&ids[person as usize]) {
            return Err(format!("person {person} has another registration ID"));
        }
    }
    Ok(())
}
