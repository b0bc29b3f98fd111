//! The vault's key ring, and what its keys say of a person.

use serde_json::{Value, json};
use symbolon_crypto::password::Costs;
use symbolon_crypto::{Secret, SecretString};
use symbolon_election::Nonce;
use symbolon_keyring::keys::RecordPlace;
use symbolon_keyring::{PortalName, Purpose, Ring, RingFiles, Root};

use super::primitives::secret;
use super::script::Script;
use super::{array, bytes, hex_of, number, text};

/// What is drawn for a ring with a portal and an election, in this order.
pub(super) const DRAWS: &[(&str, usize)] = &[
    ("ringSecret", 32),
    ("installation", 32),
    ("salt", 32),
    ("rootKey", 32),
    ("index.value", 32),
    ("index.id", 16),
    ("sealing.value", 32),
    ("sealing.id", 16),
    ("audit.value", 32),
    ("audit.id", 16),
];
const MINTED: &[(&str, usize)] = &[
    ("portalDomain.value", 32),
    ("portalDomain.id", 16),
    ("electionDomain.value", 32),
    ("electionDomain.id", 16),
    ("electionToken.value", 32),
    ("electionToken.id", 16),
    ("electionRequest.value", 32),
    ("electionRequest.id", 16),
];
/// The nonces of the wrapped keys in the order of the file, that of the root key last.
const NONCES: &[(&str, usize)] = &[
    ("index.nonce", 12),
    ("sealing.nonce", 12),
    ("portalDomain.nonce", 12),
    ("audit.nonce", 12),
    ("electionDomain.nonce", 12),
    ("electionToken.nonce", 12),
    ("electionRequest.nonce", 12),
    ("rootKey.nonce", 12),
];

/// The names and lengths of all random values.
pub(super) fn random_values() -> impl Iterator<Item = (&'static str, usize)> {
    DRAWS.iter().chain(MINTED).chain(NONCES).copied()
}

pub(super) fn ring(inputs: &Value) -> Value {
    let draw = |(name, length): &(&str, usize)| {
        let value = bytes(&inputs["random"][*name]);
        assert_eq!(value.len(), *length);
        value
    };
    // The first writing of the file, before portal and election, seals four keys.
    let first_nonces = (0..4).map(|_| vec![0; 12]);
    let values = DRAWS.iter().map(draw).chain(first_nonces);
    let mut rng = Script::new(values.chain(NONCES.iter().map(draw)));

    let folder = tempfile::tempdir().unwrap();
    let files = RingFiles::new(folder.path().join("ring"), folder.path().join("secret"));
    let cost = |name: &str| u32::try_from(number(&inputs[name])).unwrap();
    let costs = Costs::new(cost("memoryKib"), cost("passes"), cost("lanes")).unwrap();
    let passphrase = SecretString::new(text(&inputs["passphrase"]).to_owned());
    let now = number(&inputs["now"]);
    let (mut ring, ring_secret) = Ring::create(&passphrase, costs, now, &mut rng).unwrap();
    files.create(&ring, &ring_secret, &mut rng).unwrap();
    let portal: PortalName = text(&inputs["portal"]).parse().unwrap();
    let nonce = Nonce::new(array(&inputs["electionNonce"]));
    files
        .update(&mut ring, &mut rng, |edit| {
            edit.mint(
                Purpose::PortalDomain(portal.clone()),
                now,
                &mut minting(inputs, 0, 2),
            )?;
            edit.mint_election(nonce, now, &mut minting(inputs, 2, 8))
        })
        .unwrap();
    rng.end();
    files.unseal(&passphrase).unwrap();
    let file = std::fs::read(files.ring_path()).unwrap();
    let mut outputs = says(&ring, &portal, &nonce, inputs);
    outputs["ringFile"] = hex_of(file);
    outputs["ringSecretId"] = hex_of(ring.ring_secret_id().as_bytes());
    outputs
}

fn minting(inputs: &Value, from: usize, to: usize) -> Script {
    let draw = |(name, _): &(&str, usize)| bytes(&inputs["random"][*name]);
    Script::new(MINTED[from..to].iter().map(draw))
}

fn says(ring: &Ring, portal: &PortalName, nonce: &Nonce, inputs: &Value) -> Value {
    let root = Root::from_slice(&bytes(&inputs["root"])).unwrap();
    let stretched: Secret<32> = secret(&inputs["stretched"]);
    let election = ring.election(nonce).unwrap();
    let registration_id = ring.portal_domain(portal).unwrap().registration_id(&root);
    let (index, audit) = (ring.active_index_key(), ring.active_audit_key());
    let record = &inputs["record"];
    let row = bytes(&record["row"]);
    let place = RecordPlace {
        table: text(&record["table"]),
        row: &row,
    };
    let plaintext = bytes(&record["plaintext"]);
    let seal_draws = || Script::new(["own", "nonce"].map(|name| bytes(&record[name])));
    let sealed = ring
        .active_sealing_key()
        .seal_record(&place, &plaintext, &mut seal_draws());
    assert_eq!(
        ring.open_record(&place, &sealed).unwrap().expose(),
        plaintext
    );
    let (kind, id) = (
        text(&inputs["subject"]["kind"]),
        bytes(&inputs["subject"]["id"]),
    );
    let (table, field) = (
        text(&inputs["lookup"]["table"]),
        bytes(&inputs["lookup"]["field"]),
    );
    json!({
        "registrationId": hex_of(registration_id.as_bytes()),
        "voterId": hex_of(election.voter_id(&root)),
        "issuer": election.issuer().address().to_0x(),
        "requestKey": hex_of(election.request_key()),
        "blindIndex": hex_of(index.blind(&stretched).to_bytes()),
        "registrationLookup": hex_of(index.blind_registration_id(portal, &registration_id).to_bytes()),
        "rowLookup": hex_of(index.blind_row(table, &[&field]).to_bytes()),
        "electionRow": hex_of(election.rows().blind(table, &[&field]).as_bytes()),
        "sealedRecord": hex_of(sealed),
        "electionSealedRecord": hex_of(election.rows().seal_record(&place, &plaintext, &mut seal_draws())),
        "auditSubject": hex_of(audit.subject(kind, &id).as_bytes()),
        "electionSubject": hex_of(election.subject(kind, &id).as_bytes()),
        "auditPublicKey": hex_of(audit.checkpoints().public_key().as_bytes()),
    })
}
