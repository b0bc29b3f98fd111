//! How many distinct people a portal may ask about in a day.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use symbolon_keyring::{
    PortalName,
    keys::{IndexEntry, IndexKey},
};
use symbolon_service::reasons::Reason;
use symbolon_store::{Key, KeyRange, Store};

use crate::{Error, rows::Table};

const DAY: u64 = 24 * 60 * 60;
/// How many marks are read or removed at a time.
const PAGE: usize = 512;

/// The budgets and how far they are spent. Who was asked about stands in the store, so
/// that a restart gives nothing back; the counts are made of that.
pub struct Budgets {
    most: BTreeMap<PortalName, u64>,
    grants: Mutex<HashMap<PortalName, Grant>>,
    spent: Mutex<HashMap<(PortalName, u64), u64>>,
}

/// What officers granted a portal beyond its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// More distinct people a day.
    pub people: u32,
    /// Until when, Unix seconds.
    pub until: u64,
}

impl Grant {
    /// Where a portal's grant stands; a later one takes its place.
    pub(crate) fn key(portal: &PortalName) -> Key {
        Table::Grant.key(&[portal.as_str().as_bytes()])
    }
}

/// One person's mark in one portal's day.
pub struct Asked {
    at: u64,
    day: u64,
    key: Key,
}

impl Asked {
    /// The mark of whoever has these match keys, blinded.
    pub fn new(portal: &PortalName, now: u64, index: &IndexKey, keys: &[IndexEntry]) -> Self {
        let day = now / DAY;
        let mut tags: Vec<&[u8]> = keys.iter().map(|key| key.tag().as_slice()).collect();
        tags.sort_unstable();
        let fields = [&[portal.as_str().as_bytes()], &tags[..]].concat();
        let mark = index.blind_row(Table::Asked.name(), &fields);
        let key = prefix(day, portal, &[mark.tag()]);
        Self { at: now, day, key }
    }

    /// Where the mark stands.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl Budgets {
    /// Budgets by the names of portals; names that can't be are left out, since no caller has them.
    pub fn new(budgets: BTreeMap<String, u64>) -> Self {
        let named = budgets
            .into_iter()
            .filter_map(|(name, most)| Some((name.parse().ok()?, most)));
        Self {
            most: named.collect(),
            grants: Mutex::default(),
            spent: Mutex::default(),
        }
    }

    /// The same, with what officers granted.
    pub async fn with_grants(self, store: &dyn Store) -> Result<Self, Error> {
        let keys = self.most.keys().map(Grant::key).collect();
        let found = store.get(keys).await?;
        for (portal, value) in self.most.keys().zip(found) {
            if let Some(value) = value {
                self.grant(portal, Table::Grant.decode(&value.bytes)?);
            }
        }
        Ok(self)
    }

    /// From now on a portal has this grant.
    pub fn grant(&self, portal: &PortalName, grant: Grant) {
        let mut grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        grants.insert(portal.clone(), grant);
    }

    fn granted(&self, portal: &PortalName, now: u64) -> u64 {
        let grants = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = grants.get(portal).filter(|grant| now <= grant.until);
        grant.map_or(0, |grant| u64::from(grant.people))
    }

    /// The portals that have a budget.
    pub fn portals(&self) -> impl Iterator<Item = &PortalName> {
        self.most.keys()
    }

    /// Takes one person from a portal's budget of the day; given back unless it is kept.
    pub async fn take<'a>(
        &'a self,
        store: &dyn Store,
        portal: &PortalName,
        asked: &Asked,
    ) -> Result<Taken<'a>, Error> {
        let most = *self.most.get(portal).ok_or(Reason::PermissionDenied)?;
        let most = most.saturating_add(self.granted(portal, asked.at));
        let day = (portal.clone(), asked.day);
        if !self.spent().contains_key(&day) {
            let counted = count(store, portal, asked.day).await?;
            self.spent().entry(day.clone()).or_insert(counted);
        }
        let mut spent = self.spent();
        let count = spent.entry(day.clone()).or_default();
        if *count >= most {
            tracing::warn!(
                portal = portal.as_str(),
                "the budget of distinct people is spent"
            );
            metrics::counter!("symbolon_budget_exhausted_total", "portal" => portal.to_string())
                .increment(1);
            return Err(Reason::BudgetExhausted.into());
        }
        *count += 1;
        spent.retain(|(_, other), _| *other + 1 >= day.1);
        Ok(Taken {
            budgets: self,
            day: Some(day),
        })
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, HashMap<(PortalName, u64), u64>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One person of a budget, given back when dropped.
pub struct Taken<'a> {
    budgets: &'a Budgets,
    day: Option<(PortalName, u64)>,
}

impl Taken<'_> {
    /// The mark is on disk: nothing is given back.
    pub fn keep(mut self) {
        self.day = None;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let Some(day) = self.day.take() else { return };
        if let Some(count) = self.budgets.spent().get_mut(&day) {
            *count = count.saturating_sub(1);
        }
    }
}

/// Removes the marks of days before yesterday.
pub async fn forget_old(store: &dyn Store, now: u64) -> Result<(), Error> {
    let oldest = (now / DAY).saturating_sub(1);
    let start = Table::Asked.key(&[]);
    let end = Table::Asked.key(&[&oldest.to_be_bytes()]);
    loop {
        let rows = store
            .scan(KeyRange::between(start.clone(), end.clone()), PAGE)
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let change = rows
            .into_iter()
            .fold(symbolon_store::Change::new(), |change, row| {
                change.delete(row.key)
            });
        store.commit_one(change).await?;
    }
}

fn prefix(day: u64, portal: &PortalName, rest: &[&[u8]]) -> Key {
    let name = portal.as_str().as_bytes();
    let length = [u8::try_from(name.len()).expect("a name has at most 64 bytes")];
    let day = day.to_be_bytes();
    Table::Asked.key(&[&[day.as_slice(), &length, name], rest].concat())
}

async fn count(store: &dyn Store, portal: &PortalName, day: u64) -> Result<u64, Error> {
    let all = KeyRange::prefix(&prefix(day, portal, &[]));
    let (mut range, mut count) = (all.clone(), 0);
    loop {
        let rows = store.scan(range, PAGE).await?;
        count += rows.len() as u64;
        match rows.last() {
            Some(last) if rows.len() == PAGE => range = all.clone().after(last.key.clone()),
            _ => return Ok(count),
        }
    }
}
