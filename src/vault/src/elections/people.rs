//! Reading people for rolls: one reading serves every draft that waits for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::TryStreamExt;
use symbolon_keyring::Root;
use symbolon_service::reasons::Reason;
use symbolon_store::{Row, Store, Value};
use tokio::sync::{MutexGuard, OnceCell, OwnedSemaphorePermit, Semaphore};

use super::Entitled;
use crate::{
    Error,
    core::Core,
    electorates::ElectorateName,
    rows::{Merges, Record, RecordId, Table, read},
    sweep::{pages, work_on},
};

/// How many readings are in memory at a time: one that drafts are made of, one under way.
const READINGS: usize = 2;
/// How often the log tells how far a reading is, in people.
const TOLD: u64 = 1 << 19;

/// The roots of everybody entitled, wiped with the last draft that is made of them.
pub(crate) struct People {
    /// One a person.
    pub(super) roots: Vec<Root>,
    /// Younger ones of merged people, each with its person's position among the others.
    pub(super) younger: Vec<(usize, Root)>,
    _place: OwnedSemaphorePermit,
}

/// Readings that drafts wait for.
pub(crate) struct Readings {
    /// Not begun yet: whoever is registered by now will be in them.
    next: Mutex<HashMap<Entitled, Reading>>,
    places: Arc<Semaphore>,
    /// Held by the one that is under way: who comes meanwhile shares the next.
    turn: tokio::sync::Mutex<()>,
}

/// What [`People`] holds.
type Roots = (Vec<Root>, Vec<(usize, Root)>);

type Reading = Arc<OnceCell<Arc<People>>>;

impl Default for Readings {
    fn default() -> Self {
        Self {
            next: Mutex::default(),
            places: Arc::new(Semaphore::new(READINGS)),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl Readings {
    /// A reading that begins later than this call.
    fn join(&self, entitled: &Entitled) -> Reading {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(next.entry(entitled.clone()).or_default())
    }

    /// Waits for room and its turn; from then on nobody joins.
    async fn begin(
        &self,
        entitled: &Entitled,
        reading: &Reading,
    ) -> Result<(OwnedSemaphorePermit, MutexGuard<'_, ()>), Error> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let turn = self.turn.lock().await;
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next
            .get(entitled)
            .is_some_and(|there| Arc::ptr_eq(there, reading))
        {
            next.remove(entitled);
        }
        Ok((place.map_err(|_| Reason::ShuttingDown)?, turn))
    }
}

impl Core {
    /// Everybody who is entitled now.
    pub(crate) async fn people(&self, entitled: &Entitled) -> Result<Arc<People>, Error> {
        let readings = &self.elections.readings;
        let reading = readings.join(entitled);
        let read = reading.get_or_try_init(async || {
            let (place, _turn) = readings.begin(entitled, &reading).await?;
            let (roots, younger) = self.read_people(entitled).await?;
            Ok(Arc::new(People {
                roots,
                younger,
                _place: place,
            }))
        });
        read.await.cloned()
    }

    async fn read_people(&self, entitled: &Entitled) -> Result<Roots, Error> {
        loop {
            let before = self.merges().await?;
            let people = self.read_people_once(entitled).await;
            // Whose record became part of another may have been read twice, or not at all.
            if self.merges().await? == before {
                return people;
            }
        }
    }

    async fn merges(&self) -> Result<Merges, Error> {
        let row = read(self.store.as_ref(), Table::Meta, Merges::key()).await?;
        Ok(row.map_or_else(Merges::default, |(merges, _)| merges))
    }

    async fn read_people_once(&self, entitled: &Entitled) -> Result<Roots, Error> {
        let (keys, read) = (self.keys()?, AtomicU64::new(0));
        let (prefix, electorate, portal) = match entitled {
            Entitled::Everybody => (Table::Record.key(&[]), None, None),
            Entitled::Electorate(name) => {
                let (electorate, _) = self.electorate(&ElectorateName::parse(name)?).await?;
                (
                    Table::Member.key(&[&electorate.id]),
                    Some(electorate.id.len()),
                    Some(electorate.portal()?),
                )
            }
        };
        let store = Arc::clone(&self.store);
        let sealed = pages(&store, &prefix).and_then(|rows| records(&store, electorate, rows));
        let opened = work_on(sealed, move |records: Vec<(RecordId, Vec<u8>)>| {
            let people = records.iter().filter_map(|(id, sealed)| {
                Record::open_entrant(id, &keys, sealed, portal.as_ref()).transpose()
            });
            people.collect::<Result<Vec<_>, _>>()
        });
        let told = opened.inspect_ok(|roots| tell(&read, roots.len() as u64));
        let all = told.try_fold(Roots::default(), async |mut all, people| {
            for person in people {
                let younger = person.younger.into_iter();
                all.1.extend(younger.map(|root| (all.0.len(), root)));
                all.0.push(person.root);
            }
            Ok(all)
        });
        all.await
    }
}

/// The sealed records of a page: its own rows, or those of an electorate's members.
async fn records(
    store: &Arc<dyn Store>,
    electorate: Option<usize>,
    rows: Vec<Row>,
) -> Result<Vec<(RecordId, Vec<u8>)>, Error> {
    let Some(before) = electorate else {
        let own = rows.into_iter().map(|row| {
            let id = RecordId::from_value(Table::Record, row.key.name())?;
            Ok((id, row.value.bytes))
        });
        return own.collect();
    };
    let ids = rows.iter().map(|row| {
        let id = row.key.name().get(before..).unwrap_or_default();
        RecordId::from_value(Table::Member, id)
    });
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let found = store.get(ids.iter().map(RecordId::key).collect()).await?;
    if found.iter().any(Option::is_none) {
        check_members(store, rows, &found).await?;
    }
    let records = ids.into_iter().zip(found);
    let records = records.filter_map(|(id, record)| Some((id, record?.bytes)));
    Ok(records.collect())
}

/// Whose record is gone was erased meanwhile, and is no member any more.
async fn check_members(
    store: &Arc<dyn Store>,
    members: Vec<Row>,
    records: &[Option<Value>],
) -> Result<(), Error> {
    let gone = members.into_iter().zip(records);
    let gone = gone.filter_map(|(member, record)| record.is_none().then_some(member.key));
    match store.get(gone.collect()).await?.iter().any(Option::is_some) {
        true => Err(Error::Row(Table::Member.name())),
        false => Ok(()),
    }
}

/// Tells in the log how far a long reading is.
fn tell(read: &AtomicU64, more: u64) {
    let before = read.fetch_add(more, Ordering::Relaxed);
    if before / TOLD != (before + more) / TOLD {
        tracing::info!(people = before + more, "reading people for a roll");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_before_a_reading_begins_shares_it_and_who_comes_later_does_not() {
        let (readings, all) = (Readings::default(), Entitled::Everybody);
        let first = readings.join(&all);
        let under_way = readings.begin(&all, &first).await.unwrap();
        let (second, third) = (readings.join(&all), readings.join(&all));
        assert!(!Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&second, &third));
        let waits = readings.begin(&all, &second);
        let waits = tokio::time::timeout(std::time::Duration::from_millis(20), waits);
        assert!(waits.await.is_err());
        // It hasn't begun: it is still joined.
        assert!(Arc::ptr_eq(&second, &readings.join(&all)));
        drop(under_way);
        let _begun = readings.begin(&all, &second).await.unwrap();
        assert!(!Arc::ptr_eq(&second, &readings.join(&all)));
    }
}
