//! What officers agree to: the content of a [`Proposal`](crate::Proposal), RFC 8785 JSON.
//!
//! ```json
//! {"action":"resumePortal","portal":"main","version":"symbolon/v1"}
//! ```

mod unsealing;

use serde::{Deserialize, Serialize};

use crate::{
    Address, ContentHash, ElectionId, ErasureId, Error, VERSION, content::content_hash, json,
    officers::ascending, words::utc,
};

pub use unsealing::NewUnsealing;

const WHAT: &str = "proposal content";
/// The most bytes of a content.
pub const MAX_BYTES: usize = 4096;
/// The most officers that a content has room for.
const MAX_OFFICERS: usize = 64;
/// The most people that one content erases.
pub const MAX_ERASURES: usize = 32;
/// The longest name of a portal.
const MAX_NAME: usize = 64;
/// The most bytes of a certificate's serial number: more than RFC 5280 has.
const MAX_SERIAL: usize = 32;

/// Something that is done only when enough officers have signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tokens of an election are issued again, which an officer had stopped.
    ResumeIssuance {
        /// The election.
        election: ElectionId,
    },
    /// A portal may call again, which an officer had suspended.
    ResumePortal {
        /// The name in its certificate.
        portal: String,
    },
    /// Certificates of a serial number are good again, which an officer had revoked.
    RestoreCertificate {
        /// Big-endian, without zeros in front.
        serial: Vec<u8>,
    },
    /// A portal may ask about more distinct people a day, for a while.
    RaiseBudget {
        /// The name in its certificate.
        portal: String,
        /// How many more, a day.
        people: u32,
        /// Until when, Unix seconds.
        until: u64,
    },
    /// Others are the officers, or another number of them must sign.
    ChangeOfficers {
        /// Strictly ascending.
        officers: Vec<Address>,
        /// From 1 to their number.
        threshold: u8,
    },
    /// Others are the registrars, any two of whom settle a conflict of identities.
    ChangeRegistrars {
        /// Strictly ascending; none, or at least two.
        registrars: Vec<Address>,
    },
    /// Everything that lies on disk under a key is made anew under another, and the key destroyed.
    RotateKey {
        /// Which.
        key: RotatedKey,
        /// The share of the time that the vault works at it, in percent: 1 to 100.
        share: u8,
    },
    /// The records of people whom no portal knows any more are erased for good.
    ErasePeople {
        /// Strictly ascending; 1 to 32.
        erasures: Vec<ErasureId>,
    },
    /// Store, key ring and ring secret are backed up, at once and perhaps again and again.
    Backup {
        /// Hours from one to the next; 0: once only.
        every_hours: u16,
        /// Until when, Unix seconds; 0 where it is once only.
        until: u64,
    },
    /// The vault is unsealed in another way, once that has been shown to work.
    Rewrap {
        /// Which.
        to: NewUnsealing,
    },
    /// A vault goes on from a backup that is older than what it had come to. It is executed on the
    /// vault's host, by `symbolon-vault restore`.
    Restore {
        /// SHA-256 of the store's backup.
        backup: ContentHash,
        /// When it was taken, Unix seconds.
        taken: u64,
    },
}

/// A key that rotates by making rows anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RotatedKey {
    /// The key by which people are found.
    Index,
    /// The key that seals records.
    Sealing,
    /// The key that signs the audit log.
    Audit,
}

impl RotatedKey {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Sealing => "sealing",
            Self::Audit => "audit",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
enum File {
    ResumeIssuance {
        version: String,
        #[serde(with = "json::bytes")]
        election: [u8; 32],
    },
    ResumePortal {
        version: String,
        portal: String,
    },
    RestoreCertificate {
        version: String,
        #[serde(with = "json::blob")]
        serial: Vec<u8>,
    },
    RaiseBudget {
        version: String,
        portal: String,
        people: u32,
        until: u64,
    },
    ChangeOfficers {
        version: String,
        officers: Vec<Address>,
        threshold: u8,
    },
    ChangeRegistrars {
        version: String,
        registrars: Vec<Address>,
    },
    RotateKey {
        version: String,
        key: RotatedKey,
        share: u8,
    },
    ErasePeople {
        version: String,
        erasures: Vec<ErasureId>,
    },
    #[serde(rename_all = "camelCase")]
    Backup {
        version: String,
        every_hours: u16,
        until: u64,
    },
    Rewrap {
        version: String,
        to: NewUnsealing,
    },
    Restore {
        version: String,
        #[serde(with = "json::bytes")]
        backup: [u8; 32],
        taken: u64,
    },
}

impl Action {
    /// Reads a content; only its one canonical form is taken.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let file: File = json::parse(WHAT, MAX_BYTES, bytes)?;
        let action = Self::of(file)?;
        match action.to_json() == bytes {
            true => Ok(action),
            false => Err(Error::NotCanonical { what: WHAT }),
        }
    }

    /// The content's bytes.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(&self.file())
    }

    /// What a proposal of it names: SHA-256 of its bytes.
    pub fn content_hash(&self) -> ContentHash {
        content_hash(&self.to_json())
    }

    /// What it is called where there is no room for more.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ResumeIssuance { .. } => "resume issuance",
            Self::ResumePortal { .. } => "resume portal",
            Self::RestoreCertificate { .. } => "restore certificate",
            Self::RaiseBudget { .. } => "raise budget",
            Self::ChangeOfficers { .. } => "change officers",
            Self::ChangeRegistrars { .. } => "change registrars",
            Self::RotateKey { key, .. } => match key {
                RotatedKey::Index => "rotate index key",
                RotatedKey::Sealing => "rotate sealing key",
                RotatedKey::Audit => "rotate audit key",
            },
            Self::ErasePeople { .. } => "erase people",
            Self::Backup { .. } => "back up",
            Self::Rewrap { .. } => "unseal in another way",
            Self::Restore { .. } => "restore",
        }
    }

    /// What it does, a line a fact.
    pub fn in_words(&self) -> Vec<String> {
        match self {
            Self::ResumeIssuance { election } => vec![
                "TOKENS ARE ISSUED AGAIN that an officer had stopped".to_owned(),
                format!("Election ID: {election}"),
            ],
            Self::ResumePortal { portal } => vec![
                "A PORTAL MAY CALL AGAIN that an officer had suspended".to_owned(),
                format!("Portal: {portal}"),
            ],
            Self::RestoreCertificate { serial } => vec![
                "A CERTIFICATE IS GOOD AGAIN that an officer had revoked".to_owned(),
                format!("Serial number: {}", hex::encode(serial)),
            ],
            Self::RaiseBudget {
                portal,
                people,
                until,
            } => vec![
                "A PORTAL MAY ASK ABOUT MORE PEOPLE".to_owned(),
                format!("Portal: {portal}"),
                format!("More distinct people a day: {people}"),
                format!("Until: {}", utc(*until)),
            ],
            Self::ChangeOfficers {
                officers,
                threshold,
            } => {
                let mut lines = vec![
                    "THE OFFICERS CHANGE".to_owned(),
                    format!("From then on {threshold} of these sign:"),
                ];
                let names = officers.iter().map(|officer| officer.checksummed());
                lines.extend(names.map(|name| format!("  {name}")));
                lines
            }
            Self::ChangeRegistrars { registrars } => {
                let mut lines = vec!["THE REGISTRARS CHANGE".to_owned()];
                lines.push(match registrars.is_empty() {
                    true => "From then on nobody settles conflicts of identities".to_owned(),
                    false => "From then on any two of these settle one:".to_owned(),
                });
                let names = registrars.iter().map(|registrar| registrar.checksummed());
                lines.extend(names.map(|name| format!("  {name}")));
                lines
            }
            Self::RotateKey {
                key: RotatedKey::Audit,
                ..
            } => vec![
                "A KEY IS REPLACED, and destroyed".to_owned(),
                "Key: the one that signs the audit log and hides whom its leaves are about".to_owned(),
                "Both keys sign a checkpoint, by which auditors follow".to_owned(),
                "Nobody tells any more whom the leaves before it are about".to_owned(),
                "Copies of key ring and ring secret from before count as exposed until they are destroyed".to_owned(),
            ],
            Self::RotateKey { key, share } => vec![
                "A KEY IS REPLACED, and destroyed once nothing lies under it".to_owned(),
                match key {
                    RotatedKey::Index => "Key: the one by which people are found",
                    RotatedKey::Sealing => "Key: the one that seals people's records",
                    RotatedKey::Audit => "Key: the one that signs the audit log",
                }
                .to_owned(),
                format!("The vault works at it for {share} percent of the time"),
                "Copies of store, key ring and ring secret from before count as exposed until they are destroyed".to_owned(),
            ],
            Self::ErasePeople { erasures } => {
                let mut lines = vec![
                    "PEOPLE ARE ERASED, for good".to_owned(),
                    "No portal knows them any more. Whoever registers again until then stays, whoever does later is somebody new".to_owned(),
                    format!("How many: {}", erasures.len()),
                ];
                lines.extend(erasures.iter().map(|erasure| format!("  {erasure}")));
                lines
            }
            Self::Backup { every_hours, until } => vec![
                "THE VAULT IS COPIED: store, key ring and ring secret, to three places".to_owned(),
                match every_hours {
                    0 => "Once".to_owned(),
                    hours => format!("Now and every {hours} hours until {}", utc(*until)),
                },
                "Whoever gets hold of all three, and of what unseals the ring, has everything".to_owned(),
            ],
            Self::Rewrap { to } => to.in_words(),
            Self::Restore { backup, taken } => vec![
                "THE VAULT GOES BACK TO AN EARLIER STATE, and forgets all that came later".to_owned(),
                format!("Backup taken: {}", utc(*taken)),
                format!("SHA-256 of the store's backup: {backup}"),
                "Tokens of elections under way are issued again only after another decision".to_owned(),
            ],
        }
    }

    fn of(file: File) -> Result<Self, Error> {
        let (version, action) = match file {
            File::ResumeIssuance { version, election } => {
                let election = ElectionId::new(election);
                (version, Self::ResumeIssuance { election })
            }
            File::ResumePortal { version, portal } => {
                let portal = name(portal)?;
                (version, Self::ResumePortal { portal })
            }
            File::RestoreCertificate { version, serial } => {
                let serial = self::serial(serial)?;
                (version, Self::RestoreCertificate { serial })
            }
            File::RaiseBudget {
                version,
                portal,
                people,
                until,
            } => {
                let (portal, until) = (name(portal)?, time(until)?);
                let action = Self::RaiseBudget {
                    portal,
                    people,
                    until,
                };
                (version, action)
            }
            File::RotateKey {
                version,
                key,
                share,
            } => {
                if !(1..=100).contains(&share) {
                    return Err(Error::member(WHAT, "share", "1 to 100 percent"));
                }
                (version, Self::RotateKey { key, share })
            }
            File::Backup {
                version,
                every_hours,
                until,
            } => {
                if (every_hours == 0) != (until == 0) {
                    return Err(Error::member(
                        WHAT,
                        "until",
                        "0 if and only if it is done once",
                    ));
                }
                let until = time(until)?;
                (version, Self::Backup { every_hours, until })
            }
            File::Rewrap { version, to } => {
                to.check()?;
                (version, Self::Rewrap { to })
            }
            File::Restore {
                version,
                backup,
                taken,
            } => {
                let (backup, taken) = (ContentHash::new(backup), time_of("taken", taken)?);
                (version, Self::Restore { backup, taken })
            }
            File::ErasePeople { version, erasures } => {
                let many = (1..=MAX_ERASURES).contains(&erasures.len());
                if !many || !erasures.is_sorted_by(|a, b| a < b) {
                    let rule = "1 to 32, strictly ascending";
                    return Err(Error::member(WHAT, "erasures", rule));
                }
                (version, Self::ErasePeople { erasures })
            }
            File::ChangeRegistrars {
                version,
                registrars,
            } => {
                check_registrars(&registrars)?;
                (version, Self::ChangeRegistrars { registrars })
            }
            File::ChangeOfficers {
                version,
                officers,
                threshold,
            } => {
                check_officers(&officers, threshold)?;
                let action = Self::ChangeOfficers {
                    officers,
                    threshold,
                };
                (version, action)
            }
        };
        json::check_version(WHAT, &version)?;
        Ok(action)
    }

    fn file(&self) -> File {
        let version = VERSION.to_owned();
        match self.clone() {
            Self::ResumeIssuance { election } => File::ResumeIssuance {
                version,
                election: *election.as_bytes(),
            },
            Self::ResumePortal { portal } => File::ResumePortal { version, portal },
            Self::RestoreCertificate { serial } => File::RestoreCertificate { version, serial },
            Self::RaiseBudget {
                portal,
                people,
                until,
            } => File::RaiseBudget {
                version,
                portal,
                people,
                until,
            },
            Self::ChangeRegistrars { registrars } => File::ChangeRegistrars {
                version,
                registrars,
            },
            Self::RotateKey { key, share } => File::RotateKey {
                version,
                key,
                share,
            },
            Self::ErasePeople { erasures } => File::ErasePeople { version, erasures },
            Self::Backup { every_hours, until } => File::Backup {
                version,
                every_hours,
                until,
            },
            Self::Rewrap { to } => File::Rewrap { version, to },
            Self::Restore { backup, taken } => File::Restore {
                version,
                backup: *backup.as_bytes(),
                taken,
            },
            Self::ChangeOfficers {
                officers,
                threshold,
            } => File::ChangeOfficers {
                version,
                officers,
                threshold,
            },
        }
    }
}

/// Nothing passes with a threshold of none, or with more than there are.
fn check_officers(officers: &[Address], threshold: u8) -> Result<(), Error> {
    if !ascending(officers) || officers.len() > MAX_OFFICERS {
        let rule = "at most 64, strictly ascending";
        return Err(Error::member(WHAT, "officers", rule));
    }
    match (1..=officers.len()).contains(&usize::from(threshold)) {
        true => Ok(()),
        false => {
            let rule = "between 1 and the number of officers";
            Err(Error::member(WHAT, "threshold", rule))
        }
    }
}

/// One alone settles nothing.
fn check_registrars(registrars: &[Address]) -> Result<(), Error> {
    let many = ascending(registrars) && registrars.len() <= MAX_OFFICERS;
    match many && registrars.len() != 1 {
        true => Ok(()),
        false => {
            let rule = "none or 2 to 64, strictly ascending";
            Err(Error::member(WHAT, "registrars", rule))
        }
    }
}

/// A portal's name is shown to those who sign: printable ASCII only.
fn name(name: String) -> Result<String, Error> {
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    match !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(plain) {
        true => Ok(name),
        false => Err(Error::member(WHAT, "portal", "a portal's name")),
    }
}

/// One number has one form.
fn serial(serial: Vec<u8>) -> Result<Vec<u8>, Error> {
    match serial.first().is_some_and(|first| *first != 0) && serial.len() <= MAX_SERIAL {
        true => Ok(serial),
        false => {
            let rule = "1 to 32 bytes, without zeros in front";
            Err(Error::member(WHAT, "serial", rule))
        }
    }
}

/// RFC 8785 writes numbers as doubles: beyond 2⁵³ two times would have one form.
fn time_of(member: &'static str, time: u64) -> Result<u64, Error> {
    match time < 1 << 53 {
        true => Ok(time),
        false => Err(Error::member(WHAT, member, "Unix seconds")),
    }
}

fn time(time: u64) -> Result<u64, Error> {
    time_of("until", time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_action() -> impl Strategy<Value = Action> {
        let portal = || "[a-z][a-z0-9-]{0,20}";
        prop_oneof![
            any::<[u8; 32]>().prop_map(|id| Action::ResumeIssuance {
                election: ElectionId::new(id)
            }),
            portal().prop_map(|portal| Action::ResumePortal { portal }),
            (1_u8.., prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(first, rest)| {
                let serial = std::iter::once(first).chain(rest).collect();
                Action::RestoreCertificate { serial }
            }),
            (0..3_usize, 1..=100_u8).prop_map(|(key, share)| Action::RotateKey {
                key: [RotatedKey::Index, RotatedKey::Sealing, RotatedKey::Audit][key],
                share,
            }),
            portal().prop_map(|entered_by| Action::Rewrap {
                to: NewUnsealing::Passphrase { entered_by }
            }),
            (portal(), "[!-~]{1,32}").prop_map(|(key, token)| Action::Rewrap {
                to: NewUnsealing::Token { key, token }
            }),
            prop::collection::btree_set(portal(), 2..6)
                .prop_flat_map(|holders| (2..=holders.len() as u8, Just(holders)))
                .prop_map(|(threshold, holders)| Action::Rewrap {
                    to: NewUnsealing::Shares {
                        holders: holders.into_iter().collect(),
                        threshold,
                    }
                }),
            Just(Action::Backup {
                every_hours: 0,
                until: 0
            }),
            (1..=u16::MAX, 1..1_u64 << 53)
                .prop_map(|(every_hours, until)| Action::Backup { every_hours, until }),
            (any::<[u8; 32]>(), 0..1_u64 << 53).prop_map(|(backup, taken)| Action::Restore {
                backup: ContentHash::new(backup),
                taken,
            }),
            prop::collection::btree_set(any::<[u8; 32]>(), 1..=MAX_ERASURES).prop_map(|erasures| {
                Action::ErasePeople {
                    erasures: erasures.into_iter().map(ErasureId::new).collect(),
                }
            }),
            prop::collection::btree_set(
                any::<[u8; 20]>().prop_filter("zero", |a| *a != [0; 20]),
                1..5
            )
            .prop_flat_map(|officers| (1..=officers.len() as u8, Just(officers)))
            .prop_map(|(threshold, officers)| Action::ChangeOfficers {
                officers: officers
                    .iter()
                    .map(|a| Address::from_slice(a).unwrap())
                    .collect(),
                threshold,
            }),
            prop::collection::btree_set(
                any::<[u8; 20]>().prop_filter("zero", |a| *a != [0; 20]),
                2..5
            )
            .prop_map(|registrars| Action::ChangeRegistrars {
                registrars: registrars
                    .iter()
                    .map(|a| Address::from_slice(a).unwrap())
                    .collect(),
            }),
            (portal(), any::<u32>(), 0..1_u64 << 53).prop_map(|(portal, people, until)| {
                Action::RaiseBudget {
                    portal,
                    people,
                    until,
                }
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_content_reads_back_and_has_one_form(action in any_action(), at in any::<prop::sample::Index>()) {
            let bytes = action.to_json();
            prop_assert_eq!(Action::parse(&bytes).unwrap(), action.clone());
            let mut spaced = bytes.clone();
            spaced.insert(1, b' ');
            prop_assert!(Action::parse(&spaced).is_err());
            let mut changed = bytes;
            let at = at.index(changed.len());
            changed[at] ^= 1;
            prop_assert!(Action::parse(&changed).map_or(true, |other| other != action));
        }
    }

    #[test]
    fn officers_stand_in_lower_case_and_are_shown_with_their_checksums() {
        let officer = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
        let text = format!(
            r#"{{"action":"changeOfficers","officers":["{officer}"],"threshold":1,"version":"symbolon/v1"}}"#
        );
        let action = Action::parse(text.as_bytes()).unwrap();
        let words = action.in_words().join("\n");
        assert!(
            words.contains("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            "{words}"
        );
    }

    #[test]
    fn a_content_is_rfc_8785_json() {
        let action = Action::RaiseBudget {
            portal: "main".to_owned(),
            people: 5,
            until: 1_800_000_000,
        };
        let text = r#"{"action":"raiseBudget","people":5,"portal":"main","until":1800000000,"version":"symbolon/v1"}"#;
        assert_eq!(String::from_utf8(action.to_json()).unwrap(), text);
    }

    #[test]
    fn unknown_members_actions_versions_and_names_are_refused() {
        for text in [
            r#"{"action":"resumePortal","more":1,"portal":"main","version":"symbolon/v1"}"#,
            r#"{"action":"destroyEverything","version":"symbolon/v1"}"#,
            r#"{"action":"resumePortal","portal":"main","version":"symbolon/v2"}"#,
            r#"{"action":"resumePortal","portal":"m\u202ein","version":"symbolon/v1"}"#,
            r#"{"action":"resumePortal","portal":"","version":"symbolon/v1"}"#,
            r#"{"action":"resumePortal","version":"symbolon/v1"}"#,
            r#"{"action":"restoreCertificate","serial":"0x","version":"symbolon/v1"}"#,
            r#"{"action":"restoreCertificate","serial":"0x00aa","version":"symbolon/v1"}"#,
            r#"{"action":"restoreCertificate","serial":"0xAA","version":"symbolon/v1"}"#,
            r#"{"action":"raiseBudget","people":-1,"portal":"main","until":1,"version":"symbolon/v1"}"#,
            r#"{"action":"raiseBudget","people":1,"portal":"main","until":9007199254740993,"version":"symbolon/v1"}"#,
            r#"{"action":"changeOfficers","officers":[],"threshold":0,"version":"symbolon/v1"}"#,
            r#"{"action":"changeOfficers","officers":["0x0101010101010101010101010101010101010101"],"threshold":0,"version":"symbolon/v1"}"#,
            r#"{"action":"changeOfficers","officers":["0x0101010101010101010101010101010101010101"],"threshold":2,"version":"symbolon/v1"}"#,
            r#"{"action":"changeOfficers","officers":["0x0101010101010101010101010101010101010101","0x0101010101010101010101010101010101010101"],"threshold":1,"version":"symbolon/v1"}"#,
            r#"{"action":"changeRegistrars","registrars":["0x0101010101010101010101010101010101010101"],"version":"symbolon/v1"}"#,
            r#"{"action":"changeRegistrars","registrars":["0x0101010101010101010101010101010101010101","0x0101010101010101010101010101010101010101"],"version":"symbolon/v1"}"#,
            r#"{"action":"rotateKey","key":"index","share":0,"version":"symbolon/v1"}"#,
            r#"{"action":"rotateKey","key":"index","share":101,"version":"symbolon/v1"}"#,
            r#"{"action":"rotateKey","key":"root","share":50,"version":"symbolon/v1"}"#,
            r#"{"action":"erasePeople","erasures":[],"version":"symbolon/v1"}"#,
            r#"{"action":"erasePeople","erasures":["0x01"],"version":"symbolon/v1"}"#,
            r#"{"action":"erasePeople","erasures":["0x0101010101010101010101010101010101010101010101010101010101010101","0x0101010101010101010101010101010101010101010101010101010101010101"],"version":"symbolon/v1"}"#,
            r#"{"action":"backup","everyHours":0,"until":5,"version":"symbolon/v1"}"#,
            r#"{"action":"backup","everyHours":24,"until":0,"version":"symbolon/v1"}"#,
            r#"{"action":"backup","everyHours":65536,"until":5,"version":"symbolon/v1"}"#,
            r#"{"action":"restore","backup":"0x01","taken":5,"version":"symbolon/v1"}"#,
            r#"{"action":"restore","backup":"0x0101010101010101010101010101010101010101010101010101010101010101","taken":9007199254740993,"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":"nothing","version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":"passphrase","version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"passphrase":{"enteredBy":""}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"passphrase":{"enteredBy":"o n e"}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"shares":{"holders":["one","two"],"threshold":1}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"shares":{"holders":["one","two"],"threshold":3}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"shares":{"holders":["two","one"],"threshold":2}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"shares":{"holders":["one","one"],"threshold":2}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"shares":{"holders":["one","two"],"more":1,"threshold":2}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"token":{"key":"","token":"city"}},"version":"symbolon/v1"}"#,
            r#"{"action":"rewrap","to":{"token":{"key":"k\u0007","token":"city"}},"version":"symbolon/v1"}"#,
            "",
            "[]",
        ] {
            assert!(Action::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
