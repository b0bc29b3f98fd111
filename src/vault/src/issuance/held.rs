//! Which tokens a person holds that may still be used.

use symbolon_election::ElectionId;
use symbolon_store::Change;

use crate::{Error, core::Core, elections::Stage, rows::Record, seal::Keys};

/// How many elections are read at a time.
const PAGE: usize = 64;

/// The tokens of a person in elections that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Held {
    /// None.
    None,
    /// At most one of each election.
    OneOfEach,
    /// Two of one election: the person is known twice.
    SeveralOfOne,
}

impl Core {
    /// Looks for them, in a change that demands that it stays so: no election is opened, extended
    /// or closed, and none of the person's places is taken. That no election is drafted meanwhile,
    /// whose keys would be new, the caller's condition on the ring's mirror row demands.
    pub(crate) async fn tokens(
        &self,
        keys: &Keys,
        record: &Record,
        mut change: Change,
    ) -> Result<(Change, Held), Error> {
        let (mut held, mut after) = (Held::None, None);
        loop {
            let page = self.elections_after(after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok((change, held));
            };
            after = Some(*last);
            for (id, row) in &page {
                if matches!(row.stage, Stage::Draft | Stage::Open) {
                    let of_it;
                    (change, of_it) = self.tokens_of(keys, id, record, change).await?;
                    held = held.max(of_it);
                }
            }
        }
    }

    async fn tokens_of(
        &self,
        keys: &Keys,
        id: &ElectionId,
        record: &Record,
        change: Change,
    ) -> Result<(Change, Held), Error> {
        let election = self.election(id).await?;
        let mut change = change.at(election.key(), election.revision);
        // Nobody votes in a draft yet, nor in what is forgotten any more.
        let own = match election.keys(keys) {
            Ok(own) if election.row.stage == Stage::Open => own,
            _ => return Ok((change, Held::None)),
        };
        // What the ledger shows may be more than is known here.
        self.check_read_back(id).await?;
        let places = self.place_rows(&own, &election, record)?;
        let rows = self.store.get(places.clone()).await?;
        let held = match rows.iter().flatten().count() {
            0 => Held::None,
            1 => Held::OneOfEach,
            _ => Held::SeveralOfOne,
        };
        for (place, row) in places.into_iter().zip(rows) {
            change = change.unchanged(place, row.as_ref());
        }
        Ok((change, held))
    }
}
