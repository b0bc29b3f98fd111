//! What the policy wants done with which key: a function of the ring and the time.

use crate::{KeyInfo, KeyState, Purpose};

const DAY: u64 = 24 * 60 * 60;
/// How long before its time a key is called due, at most.
const AHEAD: u64 = 30 * DAY;
/// How long a key may stay pending: what prepared it died.
const PENDING: u64 = DAY;

/// How old keys may become, in seconds. Keys of elections and of portals' domains keep their value for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The key by which people are found.
    pub index: u64,
    /// The key that seals records.
    pub sealing: u64,
    /// The audit key.
    pub audit: u64,
}

impl Policy {
    /// A year for what lies on disk in a million rows, three for the audit key.
    pub const DEFAULT: Self = Self {
        index: 365 * DAY,
        sealing: 365 * DAY,
        audit: 3 * 365 * DAY,
    };

    /// How old a key of a purpose may become; none where it keeps its value for life.
    pub fn max_age(&self, purpose: &Purpose) -> Option<u64> {
        match purpose {
            Purpose::Index => Some(self.index),
            Purpose::Sealing => Some(self.sealing),
            Purpose::Audit => Some(self.audit),
            _ => None,
        }
    }
}

/// What there is to do about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Duty {
    /// Nothing.
    Nothing,
    /// Its time comes soon: plan its rotation.
    Due,
    /// Its time is over: rotate it.
    Overdue,
    /// Its successor writes already, and rows are being made anew.
    Rotating,
    /// Nothing lies under it any more: it can be destroyed.
    Destroy,
    /// It was prepared long ago, and never put to use.
    Stuck,
}

impl Duty {
    /// The word of the protocol; empty for nothing.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::Rotating => "rotating",
            Self::Destroy => "destroy",
            Self::Stuck => "stuck",
        }
    }
}

/// One key's line of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The key.
    pub key: KeyInfo,
    /// How long it has had its value, in seconds; until it was destroyed.
    pub age: u64,
    /// When the policy wants its successor, Unix seconds.
    pub due: Option<u64>,
    /// Rows that lie under a key that retires, where that is known.
    pub rows_left: Option<u64>,
    /// What there is to do.
    pub duty: Duty,
}

/// What is to be done with each key at a time, in the order of the keys. `rows_left` tells of a key that
/// retires how many rows lie under it still, if it is known.
pub fn sweep<'a>(
    keys: impl Iterator<Item = &'a KeyInfo>,
    policy: &Policy,
    now: u64,
    rows_left: impl Fn(&KeyInfo) -> Option<u64>,
) -> Vec<Planned> {
    keys.map(|key| {
        let rows_left = match key.state {
            KeyState::Retiring => rows_left(key),
            _ => None,
        };
        let due = due(key, policy);
        Planned {
            key: key.clone(),
            age: key.destroyed.unwrap_or(now).saturating_sub(key.minted),
            due,
            rows_left,
            duty: duty(key, due, policy, now, rows_left),
        }
    })
    .collect()
}

/// A key's time is counted from when it began to write.
fn due(key: &KeyInfo, policy: &Policy) -> Option<u64> {
    let max_age = policy.max_age(&key.purpose)?;
    let since = key.activated.filter(|_| key.state == KeyState::Active)?;
    Some(since.saturating_add(max_age))
}

fn duty(
    key: &KeyInfo,
    due: Option<u64>,
    policy: &Policy,
    now: u64,
    rows_left: Option<u64>,
) -> Duty {
    match key.state {
        KeyState::Destroyed => Duty::Nothing,
        KeyState::Pending if now.saturating_sub(key.minted) > PENDING => Duty::Stuck,
        KeyState::Pending => Duty::Nothing,
        KeyState::Retiring if rows_left == Some(0) => Duty::Destroy,
        KeyState::Retiring => Duty::Rotating,
        KeyState::Active => {
            let ahead = policy
                .max_age(&key.purpose)
                .map_or(0, |age| AHEAD.min(age / 4));
            match due {
                Some(due) if now >= due => Duty::Overdue,
                Some(due) if now >= due.saturating_sub(ahead) => Duty::Due,
                _ => Duty::Nothing,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use symbolon_election::Nonce;

    use super::*;
    use crate::{Epoch, KeyId};

    const POLICY: Policy = Policy {
        index: 100 * DAY,
        sealing: 200 * DAY,
        audit: 300 * DAY,
    };

    fn purpose() -> impl Strategy<Value = Purpose> {
        prop_oneof![
            Just(Purpose::Index),
            Just(Purpose::Sealing),
            Just(Purpose::Audit),
            Just(Purpose::PortalDomain("main".parse().unwrap())),
            any::<[u8; 32]>().prop_map(|nonce| Purpose::ElectionDomain(Nonce::new(nonce))),
            any::<[u8; 32]>().prop_map(|nonce| Purpose::ElectionToken(Nonce::new(nonce))),
        ]
    }

    prop_compose! {
        fn key()(
            purpose in purpose(),
            state in prop::sample::select(vec![
                KeyState::Pending, KeyState::Active, KeyState::Retiring, KeyState::Destroyed,
            ]),
            minted in 0..1000 * DAY,
            steps in (0..100 * DAY, 0..100 * DAY, 0..100 * DAY),
        ) -> KeyInfo {
            let activated = minted + steps.0;
            let retired = activated + steps.1;
            KeyInfo {
                id: KeyId::new([7; 16]),
                purpose,
                epoch: Epoch(1),
                state,
                minted,
                activated: (state >= KeyState::Active).then_some(activated),
                retired: (state >= KeyState::Retiring).then_some(retired),
                destroyed: (state == KeyState::Destroyed).then_some(retired + steps.2),
            }
        }
    }

    proptest! {
        #[test]
        fn each_key_has_one_line_and_only_what_it_is_due_for(
            keys in prop::collection::vec(key(), 0..20),
            now in 0..2000 * DAY,
            left in prop::option::of(0..3_u64),
        ) {
            let plan = sweep(keys.iter(), &POLICY, now, |_| left);
            prop_assert_eq!(plan.iter().map(|line| &line.key).collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>());
            for line in &plan {
                let (key, duty) = (&line.key, line.duty);
                let rotates = POLICY.max_age(&key.purpose);
                let active = key.state == KeyState::Active;
                let over = active && rotates.is_some_and(|age| now >= key.activated.unwrap() + age);
                prop_assert_eq!(duty == Duty::Overdue, over);
                prop_assert_eq!(line.due.is_some(), active && rotates.is_some());
                prop_assert!(duty != Duty::Due || line.due.is_some_and(|due| now < due));
                let empty = key.state == KeyState::Retiring && left == Some(0);
                prop_assert_eq!(duty == Duty::Destroy, empty);
                prop_assert!(key.state != KeyState::Destroyed || duty == Duty::Nothing);
            }
        }

        #[test]
        fn time_alone_never_makes_a_key_less_due(
            key in key(), now in 0..2000 * DAY, later in 0..2000 * DAY,
        ) {
            let urgency = |now| {
                let duty = sweep([&key].into_iter(), &POLICY, now, |_| None)[0].duty;
                [Duty::Nothing, Duty::Due, Duty::Overdue].iter().position(|one| *one == duty)
            };
            if let (Some(first), Some(second)) = (urgency(now), urgency(now + later)) {
                prop_assert!(first <= second);
            }
        }
    }
}
