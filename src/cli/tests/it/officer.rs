//! Officers' keys and signatures.

use symbolon_cli::statements;
use symbolon_crypto::{ecdsa::SigningKey, random};
use symbolon_election::{
    Cancelled, Close, ContentHash, Domain, ElectionId, RollRoot, Statement, TrustFile, officers,
};

use crate::world::{World, mode};

fn cancelled() -> Statement {
    Statement::Cancelled(Cancelled {
        election: ElectionId::new([7; 32]),
    })
}

fn domain() -> Domain {
    Domain::for_log("log.example/1")
}

fn with_key() -> (World, String) {
    let world = World::new();
    world.write_secret("pass", "correct horse\n");
    let made = world
        .line("--json officer new --light --out key.json --passphrase-file pass")
        .fine()
        .json();
    statements::write_statement(&world.path("cancelled.json"), &cancelled(), &domain()).unwrap();
    (world, made["address"].as_str().unwrap().to_owned())
}

#[test]
fn a_new_key_signs_a_statement_and_the_signature_is_its_address_s() {
    let (world, address) = with_key();
    assert_eq!(mode(&world.path("key.json")), 0o600);
    world.line("officer address key.json").fine();
    let signed = world
        .line("--json officer sign --key key.json --passphrase-file pass --yes cancelled.json")
        .fine()
        .says("CANCELLED FOR GOOD");
    assert_eq!(signed.json()["signer"], address);
    let files = statements::signature_files(&world.path("")).unwrap();
    let entry = statements::assemble(cancelled(), &domain(), &files).unwrap();
    let (_, signatures) = entry.statement().unwrap();
    let digest = cancelled().digest(&domain());
    let signer = officers::recover("Cancelled", &digest, &signatures[0]).unwrap();
    assert_eq!(signer.to_0x(), address);
}

#[test]
fn nothing_is_signed_when_nobody_says_yes() {
    let (world, _) = with_key();
    world
        .line("officer sign --key key.json --passphrase-file pass cancelled.json")
        .ends_with(2)
        .says("--yes");
    assert!(
        statements::signature_files(&world.path(""))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_wrong_passphrase_an_altered_statement_and_another_ledger_are_refused() {
    let (world, address) = with_key();
    world.write_secret("wrong", "wrong horse");
    world
        .line("officer sign --key key.json --passphrase-file wrong --yes cancelled.json")
        .ends_with(1);
    let text = std::fs::read_to_string(world.path("cancelled.json")).unwrap();
    world.write(
        "altered.json",
        text.replace("\"Cancelled\"", "\"Canceled\""),
    );
    world
        .line("officer sign --key key.json --passphrase-file pass --yes altered.json")
        .ends_with(2);
    let officers = vec![address.parse().unwrap()];
    let trust = TrustFile::for_log("City", "log.example/2", officers, 1).unwrap();
    world.write("trust.json", trust.to_json());
    world
        .line("officer sign --key key.json --passphrase-file pass --yes --trust trust.json cancelled.json")
        .ends_with(1)
        .says("another ledger");
}

#[test]
fn a_passphrase_file_that_others_may_read_is_refused() {
    let (world, _) = with_key();
    world.write("open", "correct horse");
    world
        .line("officer sign --key key.json --passphrase-file open --yes cancelled.json")
        .ends_with(2);
}

#[test]
fn a_wallet_s_signature_comes_back() {
    let (world, _) = with_key();
    let wallet = SigningKey::random(&mut random::os());
    let close = Statement::Close(Close {
        election: ElectionId::new([7; 32]),
        roll_size: 1,
        roll_root: RollRoot::new([1; 32]),
        issued: ContentHash::new([2; 32]),
    });
    statements::write_statement(&world.path("close.json"), &close, &domain()).unwrap();
    let signature = wallet.sign(close.digest(&domain()).as_bytes()).to_rsv();
    let signature = format!("0x{}", hex::encode(signature));
    let taken = world
        .run([
            "--json",
            "officer",
            "import-signature",
            "close.json",
            &signature,
        ])
        .fine();
    assert_eq!(taken.json()["signer"], wallet.address().to_0x());
    world
        .run(["officer", "import-signature", "close.json", "0x1234"])
        .ends_with(2);
}
