//! Sessions of people who signed in, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use symbolon_crypto::{
    digest::sha256,
    random::{self, CryptoRng},
};
use symbolon_service::{Refusal, reasons::Reason};

use crate::accounts::RegistrationId;

/// The most sessions at once.
const MOST: usize = 1_000_000;

/// Sessions by the SHA-256 of their secret: what a look-up's time could tell is of no use.
pub(crate) struct Sessions {
    seconds: u64,
    open: Mutex<HashMap<[u8; 32], Session>>,
}

struct Session {
    person: RegistrationId,
    ends: u64,
}

impl Sessions {
    /// Sessions that last so many seconds.
    pub(crate) fn new(seconds: u64) -> Self {
        Self {
            seconds,
            open: Mutex::default(),
        }
    }

    /// Opens a session; its secret.
    pub(crate) fn open(
        &self,
        person: RegistrationId,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<String, Refusal> {
        let secret = hex::encode(random::bytes::<32>(rng));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST {
            open.retain(|_, session| session.ends > now);
        }
        if open.len() >= MOST {
            return Err(Refusal::new(Reason::Busy));
        }
        let session = Session {
            person,
            ends: now + self.seconds,
        };
        open.insert(sha256(secret.as_bytes()), session);
        Ok(secret)
    }

    /// Whose session it is.
    pub(crate) fn person(&self, secret: &str, now: u64) -> Result<RegistrationId, Refusal> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open
            .get(&sha256(secret.as_bytes()))
            .filter(|session| session.ends > now);
        let unknown = || Refusal::new(Reason::Unauthenticated).because("sign in first");
        session.map(|session| session.person).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends() {
        let sessions = Sessions::new(60);
        let secret = sessions
            .open(RegistrationId([1; 32]), 1000, &mut random::os())
            .unwrap();
        assert!(
            sessions
                .person(&secret, 1059)
                .is_ok_and(|person| person.0 == [1; 32])
        );
        assert!(sessions.person(&secret, 1060).is_err());
        assert!(sessions.person("something else", 1000).is_err());
    }
}
