use symbolon_crypto::{
    Secret,
    random::{self, CryptoRng},
};
use symbolon_identity::{RuleId, stretch::Stretched};
use symbolon_keyring::{
    PortalName, Root,
    keys::{IndexKey, RecordPlace},
};
use symbolon_store::{Key, Revision};
use zeroize::Zeroizing;

use super::{Table, bytes::Reader};
use crate::{Error, seal::Keys};

const FORMAT: u8 = 1;

/// The name of a record: 16 random bytes that stand for nobody outside the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 16]);

impl RecordId {
    /// Bytes of an ID.
    pub const LENGTH: usize = 16;

    /// The ID with these bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A new record's ID.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(random::bytes(rng))
    }

    /// Reads an ID that is a whole value.
    pub fn from_value(table: Table, bytes: &[u8]) -> Result<Self, Error> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| Error::Row(table.name()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Where the record stands.
    pub fn key(&self) -> Key {
        Table::Record.key(&[&self.0])
    }

    fn place(&self) -> RecordPlace<'_> {
        RecordPlace {
            table: Table::Record.name(),
            row: &self.0,
        }
    }
}

/// One person: roots, stretched match keys and the portals that know them. No personal data.
///
/// Sealed, it is `format 1 ‖ created 8 ‖ roots: count 1, each 32 ‖ match keys: count 2, each
/// rule 32 and stretched 32 ‖ portals: count 2, each length 1, name, root 1
/// and suspended 1`, numbers big-endian.
pub struct Record {
    /// Unix seconds.
    pub created: u64,
    /// Oldest first; several where records were merged.
    pub roots: Vec<Root>,
    /// Under which rules and values the person is found.
    pub match_keys: Vec<Stretched>,
    /// Whose registration IDs lead here, one for each.
    pub portals: Vec<Knowing>,
}

/// A registration ID that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knowing {
    /// To whom.
    pub portal: PortalName,
    /// Which root it is made of.
    pub root: u8,
    /// Whether the portal speaks for the person no longer: no token, on no roll.
    pub suspended: bool,
}

/// A person as rolls are made of them.
pub(crate) struct Entrant {
    /// The oldest root.
    pub(crate) root: Root,
    /// Those that came by merges.
    pub(crate) younger: Vec<Root>,
}

/// An opened record and its row's revision.
pub(crate) struct OpenRecord {
    pub(crate) id: RecordId,
    pub(crate) record: Record,
    pub(crate) revision: Revision,
}

/// Where the rows stand that lead to a record.
pub struct Leading {
    /// One for each match key; other people's may stand there, too.
    pub match_keys: Vec<Key>,
    /// One for each registration ID; this person's alone.
    pub registration_ids: Vec<Key>,
}

impl Record {
    /// The oldest root.
    pub fn root(&self) -> Result<&Root, Error> {
        self.roots.first().ok_or(Error::Row(Table::Record.name()))
    }

    /// Whether a portal knows the person.
    pub fn is_known_to(&self, portal: &PortalName) -> bool {
        self.portals.iter().any(|known| known.portal == *portal)
    }

    /// Whether a portal has suspended the person.
    pub fn is_suspended(&self, portal: &PortalName) -> bool {
        let mut known = self.portals.iter();
        known.any(|known| known.portal == *portal && known.suspended)
    }

    /// The root that a portal's registration ID is made of: after a merge the same as before.
    pub fn root_for(&self, portal: &PortalName) -> Result<&Root, Error> {
        let mut known = self.portals.iter();
        let known = known.find(|known| known.portal == *portal);
        let root = known.map_or(0, |known| known.root.into());
        self.roots.get(root).ok_or(Error::Row(Table::Record.name()))
    }

    /// Whether it holds any match key of a rule.
    pub fn holds_rule(&self, rule: &RuleId) -> bool {
        self.match_keys.iter().any(|key| key.rule() == rule)
    }

    /// Whether it holds this very match key.
    pub fn holds(&self, key: &Stretched) -> bool {
        let mut own = self.match_keys.iter();
        own.any(|own| own.rule() == key.rule() && own.secret() == key.secret())
    }

    /// The rows that lead here, as an index key blinds them.
    pub(crate) fn leading(&self, keys: &Keys, index: &IndexKey) -> Leading {
        let match_keys = self.match_keys.iter().map(|key| {
            let entry = index.blind(key.secret());
            Table::Index.blinded(&entry)
        });
        let registration_ids = self.portals.iter().filter_map(|known| {
            let domain = keys.portal(&known.portal)?;
            let id = domain.registration_id(self.roots.get(usize::from(known.root))?);
            let entry = index.blind_registration_id(domain.portal(), &id);
            Some(Table::Registration.blinded(&entry))
        });
        Leading {
            match_keys: match_keys.collect(),
            registration_ids: registration_ids.collect(),
        }
    }

    /// Seals it for its place.
    pub fn seal(&self, id: &RecordId, keys: &Keys, rng: &mut impl CryptoRng) -> Vec<u8> {
        keys.sealing().seal_record(&id.place(), &self.encode(), rng)
    }

    /// Opens it at its place.
    pub fn open(id: &RecordId, keys: &Keys, sealed: &[u8]) -> Result<Self, Error> {
        Self::decode(keys.open_record(&id.place(), sealed)?.expose())
    }

    /// Opens it for its roots alone, which rolls are made of; none where no portal speaks for the
    /// person, or not the one that made the electorate.
    pub(crate) fn open_entrant(
        id: &RecordId,
        keys: &Keys,
        sealed: &[u8],
        portal: Option<&PortalName>,
    ) -> Result<Option<Entrant>, Error> {
        let opened = keys.open_record(&id.place(), sealed)?;
        let mut reader = Reader::new(Table::Record.name(), opened.expose());
        let (_, roots) = head(&mut reader)?;
        let root = Root::from_slice(reader.array::<32>()?)?;
        let younger = (1..roots).map(|_| Ok(Root::from_slice(reader.array::<32>()?)?));
        let younger = younger.collect::<Result<_, Error>>()?;
        let keys = usize::from(u16::from_be_bytes(*reader.array()?));
        reader.take(64 * keys)?;
        let speaks = |known: &Knowing| {
            !known.suspended && portal.is_none_or(|portal| *portal == known.portal)
        };
        let counts = portals(&mut reader)?.iter().any(speaks);
        Ok(counts.then_some(Entrant { root, younger }))
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let names: usize = self
            .portals
            .iter()
            .map(|known| 3 + known.portal.as_str().len())
            .sum();
        let size = 14 + 32 * self.roots.len() + 64 * self.match_keys.len() + names;
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        bytes.push(FORMAT);
        bytes.extend(self.created.to_be_bytes());
        bytes.push(u8::try_from(self.roots.len()).expect("merges are few"));
        self.roots
            .iter()
            .for_each(|root| bytes.extend(root.expose()));
        bytes.extend(count(self.match_keys.len()));
        for key in &self.match_keys {
            bytes.extend(key.rule().as_bytes());
            bytes.extend(key.secret().expose());
        }
        bytes.extend(count(self.portals.len()));
        for known in &self.portals {
            let name = known.portal.as_str();
            bytes.push(u8::try_from(name.len()).expect("a name has at most 64 bytes"));
            bytes.extend(name.as_bytes());
            bytes.extend([known.root, u8::from(known.suspended)]);
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(Table::Record.name(), bytes);
        let (created, roots) = head(&mut reader)?;
        let roots = (0..roots).map(|_| Ok(Root::from_slice(reader.array::<32>()?)?));
        let roots = roots.collect::<Result<_, Error>>()?;
        let keys = (0..u16::from_be_bytes(*reader.array()?)).map(|_| {
            let rule = RuleId::from_bytes(*reader.array()?);
            let stretched = reader.array::<32>()?;
            Ok(Stretched::new(
                rule,
                Secret::init_with(|place| place.copy_from_slice(stretched)),
            ))
        });
        let match_keys = keys.collect::<Result<_, Error>>()?;
        let portals = portals(&mut reader)?;
        reader.end()?;
        Ok(Self {
            created,
            roots,
            match_keys,
            portals,
        })
    }
}

/// When the record was made, and how many roots follow.
fn head(reader: &mut Reader<'_>) -> Result<(u64, u8), Error> {
    if reader.byte()? != FORMAT {
        return Err(Error::Row(Table::Record.name()));
    }
    Ok((u64::from_be_bytes(*reader.array()?), reader.byte()?))
}

/// The registration IDs that follow.
fn portals(reader: &mut Reader<'_>) -> Result<Vec<Knowing>, Error> {
    let damaged = || Error::Row(Table::Record.name());
    let portals = (0..u16::from_be_bytes(*reader.array()?)).map(|_| {
        let length = reader.byte()?.into();
        let name = std::str::from_utf8(reader.take(length)?).map_err(|_| damaged())?;
        Ok(Knowing {
            portal: name.parse().map_err(|_| damaged())?,
            root: reader.byte()?,
            suspended: match reader.byte()? {
                0 => false,
                1 => true,
                _ => return Err(damaged()),
            },
        })
    });
    portals.collect()
}

fn count(of: usize) -> [u8; 2] {
    u16::try_from(of)
        .expect("a person has few of them")
        .to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(portal: &str, root: u8) -> Knowing {
        let portal = portal.parse().unwrap();
        Knowing {
            portal,
            root,
            suspended: root == 1,
        }
    }

    fn record() -> Record {
        let mut rng = random::os();
        let key = |byte| {
            Stretched::new(
                RuleId::from_bytes([byte; 32]),
                Secret::random(&mut random::os()),
            )
        };
        Record {
            created: 1_700_000_000,
            roots: vec![Root::random(&mut rng), Root::random(&mut rng)],
            match_keys: vec![key(1), key(2), key(3)],
            portals: vec![knowing("main", 0), knowing("kiosk", 1)],
        }
    }

    #[test]
    fn a_record_reads_back() {
        let record = record();
        let read = Record::decode(&record.encode()).unwrap();
        assert_eq!(read.created, record.created);
        assert!(read.roots == record.roots);
        assert_eq!(read.portals, record.portals);
        assert!(
            read.match_keys
                .iter()
                .zip(&record.match_keys)
                .all(|(a, b)| { a.rule() == b.rule() && a.secret() == b.secret() })
        );
    }

    #[test]
    fn a_record_cut_short_or_too_long_is_refused() {
        let bytes = record().encode();
        for length in 0..bytes.len() {
            assert!(Record::decode(&bytes[..length]).is_err(), "{length}");
        }
        assert!(Record::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
}
