//! Against SoftHSM2. Its library reads the path of its configuration out of the environment, so each test of
//! a token runs in a process of its own.

use std::{fs, path::PathBuf, process::Command};

use symbolon_crypto::{SecretString, aead::AeadKey, random};

use super::*;
use crate::{Error, Ring, RingFiles, RingSecret, SealedRing, Unlock};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const CONFIG: &str = "SOFTHSM2_CONF";

fn pin() -> SecretString {
    SecretString::new("123456".to_owned())
}

fn place() -> TokenKey {
    TokenKey::new("vault", "ring").unwrap()
}

/// Runs one of the ignored tests below over a fresh token of the label `vault`.
fn alone(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (tokens, config) = (folder.path().join("tokens"), folder.path().join("conf"));
    fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\n", tokens.display());
    fs::write(&config, text).unwrap();
    util(
        &config,
        &[
            "--init-token",
            "--free",
            "--label",
            "vault",
            "--so-pin",
            "87654321",
            "--pin",
            "123456",
        ],
    );
    let name = format!("token::tests::{name}");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &name])
        .env(CONFIG, &config)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

fn util(config: &std::path::Path, args: &[&str]) {
    let mut util = Command::new("softhsm2-util");
    let ended = util.args(args).env(CONFIG, config).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

/// The same within a process that has the token's configuration.
fn own_util(args: &[&str]) {
    util(&PathBuf::from(std::env::var_os(CONFIG).unwrap()), args);
}

fn made() -> (Ring, RingSecret) {
    Ring::create_in_token(MODULE.as_ref(), place(), &pin(), 100, &mut random::os()).unwrap()
}

fn unlock(words: &SecretString) -> Unlock<'_> {
    let module = Some(MODULE.as_ref());
    Unlock::Words { words, module }
}

macro_rules! alone {
    ($($(#[$doc:meta])* $name:ident = $inside:ident;)*) => {
        $($(#[$doc])* #[test] fn $name() { alone(stringify!($inside)); })*
    };
}

alone! {
    a_token_opens_the_ring_that_it_made_the_key_for = opens;
    an_altered_byte_anywhere_is_refused = altered;
    a_wrong_pin_is_tried_once_and_tells_what_the_token_says = wrong_pin;
    another_token_or_key_or_none_is_named = others;
    the_key_is_made_once_and_never_leaves_the_token = key_stays;
    /// SoftHSM's OpenSSL encrypts, and this project's AES-GCM opens; and the other way round.
    two_implementations_of_aes_gcm_agree = two_implementations;
    a_ring_of_a_token_changes_and_stays_its_own = changes;
}

#[test]
#[ignore = "runs in a process of its own"]
fn opens() {
    let (ring, secret) = made();
    let bytes = ring.encode(&secret, &mut random::os());
    let sealed = SealedRing::from_bytes(&bytes).unwrap();
    assert_eq!(sealed.token_key(), Some(&place()));
    assert_eq!(sealed.sharing(), None);
    let again = sealed.unseal(unlock(&pin()), &secret).unwrap();
    assert_eq!(again.installation(), ring.installation());
    // The PIN alone is of no use, and a token's ring has no shares.
    let by_pin = sealed.unseal(&pin(), &secret);
    assert!(matches!(by_pin, Err(Error::Token(TokenError::NoModule))));
    assert!(matches!(
        sealed.unseal(Unlock::Shares(&[]), &secret),
        Err(Error::OtherUnsealing)
    ));
    let other = RingSecret::random(&mut random::os());
    assert!(matches!(
        sealed.unseal(unlock(&pin()), &other),
        Err(Error::OtherRingSecret { .. })
    ));
}

#[test]
#[ignore = "runs in a process of its own"]
fn altered() {
    let (ring, secret) = made();
    let bytes = ring.encode(&secret, &mut random::os());
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 0x01;
        let sealed = SealedRing::from_bytes(&altered);
        let opened = sealed.and_then(|it| it.unseal(unlock(&pin()), &secret));
        assert!(opened.is_err(), "byte {at}");
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn wrong_pin() {
    let (ring, secret) = made();
    let sealed = SealedRing::from_bytes(&ring.encode(&secret, &mut random::os())).unwrap();
    let wrong = SecretString::new("654321".to_owned());
    for _ in 0..2 {
        let refused = sealed.unseal(unlock(&wrong), &secret).err().unwrap();
        assert!(
            matches!(refused, Error::Token(TokenError::WrongPin(Tries::Few))),
            "{refused:?}"
        );
        assert!(!refused.to_string().contains("654321"));
    }
    // Who comes after isn't let in by who was there before, nor kept out.
    sealed.unseal(unlock(&pin()), &secret).unwrap();
    assert!(sealed.unseal(unlock(&wrong), &secret).is_err());
}

#[test]
#[ignore = "runs in a process of its own"]
fn others() {
    let (ring, secret) = made();
    let sealed = SealedRing::from_bytes(&ring.encode(&secret, &mut random::os())).unwrap();
    let refused = |module: &str| {
        let words = &pin();
        let module = Some(module.as_ref());
        sealed
            .unseal(Unlock::Words { words, module }, &secret)
            .err()
            .unwrap()
            .to_string()
    };
    let missing = refused("/nowhere/libtoken.so");
    assert!(
        missing.starts_with("keys.pkcs11_module: /nowhere/libtoken.so"),
        "{missing}"
    );
    let none = refused("/etc/hostname");
    assert!(
        none.starts_with("keys.pkcs11_module: /etc/hostname"),
        "{none}"
    );
    // A token of the same label with a key of the same label.
    own_util(&["--delete-token", "--token", "vault"]);
    assert_eq!(refused(MODULE), "no token labelled \"vault\" is there");
    let fresh = [
        "--label", "vault", "--so-pin", "87654321", "--pin", "123456",
    ];
    let fresh = [&["--init-token", "--free"], &fresh[..]].concat();
    own_util(&fresh);
    assert!(refused(MODULE).contains("AES key labelled \"ring\""));
    Token::with(MODULE.as_ref(), "vault", &pin(), |token| {
        token.make_key("ring")
    })
    .unwrap();
    assert!(
        refused(MODULE).contains("another key"),
        "{}",
        refused(MODULE)
    );
    own_util(&fresh);
    assert_eq!(refused(MODULE), "two tokens are labelled \"vault\"");
}

#[test]
#[ignore = "runs in a process of its own"]
fn key_stays() {
    use cryptoki::object::{Attribute, AttributeType};
    made();
    let again = Ring::create_in_token(MODULE.as_ref(), place(), &pin(), 100, &mut random::os());
    assert!(matches!(
        again.err().unwrap(),
        Error::Token(TokenError::KeyThere(_))
    ));
    Token::with(MODULE.as_ref(), "vault", &pin(), |token| {
        let attributes = [
            AttributeType::Sensitive,
            AttributeType::AlwaysSensitive,
            AttributeType::Extractable,
            AttributeType::NeverExtractable,
            AttributeType::Value,
        ];
        let got = token.attributes("ring", &attributes)?;
        let expected = [
            Attribute::Sensitive(true),
            Attribute::AlwaysSensitive(true),
            Attribute::Extractable(false),
            Attribute::NeverExtractable(true),
        ];
        assert_eq!(got, expected);
        Ok(())
    })
    .unwrap();
}

#[test]
#[ignore = "runs in a process of its own"]
fn two_implementations() {
    let rng = &mut random::os();
    let key = symbolon_crypto::Secret::<32>::random(rng);
    let installation = symbolon_election::InstallationId::new([7; 32]);
    let ours = AeadKey::new(&key);
    // As proto/README.md has it.
    let mut binding = b"symbolon/v1/ring-unsealed-by-token".to_vec();
    binding.extend(32_u32.to_be_bytes());
    binding.extend(installation.as_bytes());
    let secret = symbolon_crypto::Secret::<32>::random(rng);
    Token::with(MODULE.as_ref(), "vault", &pin(), |token| {
        token.put_key("known", &key)?;
        let theirs = token.encrypt("known", installation, &secret, rng)?;
        let opened = ours.open(&binding, &theirs).unwrap();
        assert!(opened.expose() == secret.expose());
        let sealed = ours.seal(&binding, secret.expose(), rng);
        let opened = token.decrypt("known", installation, &sealed.try_into().unwrap())?;
        assert!(opened.expose() == secret.expose());
        let other = symbolon_election::InstallationId::new([8; 32]);
        assert!(matches!(
            token.decrypt("known", other, &theirs),
            Err(TokenError::OtherKey)
        ));
        Ok(())
    })
    .unwrap();
}

#[test]
#[ignore = "runs in a process of its own"]
fn changes() {
    let rng = &mut random::os();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let files = RingFiles::new(path("ring"), path("secret"));
    let (mut ring, secret) = made();
    files.create(&ring, &secret, rng).unwrap();
    assert!(matches!(
        files.unseal(&pin()),
        Err(Error::Token(TokenError::NoModule))
    ));
    let files = files.module(Some(MODULE.into()));
    // Destroying a key makes root key and ring secret anew.
    let nonce = symbolon_election::Nonce::new([1; 32]);
    let mint = |edit: &mut crate::Edit| edit.mint_election(nonce, 1, &mut random::os());
    files.update(&mut ring, rng, mint).unwrap();
    let forget = |edit: &mut crate::Edit| edit.forget_election(&nonce, 2);
    files.update(&mut ring, rng, forget).unwrap();
    let again = files.unseal(&pin()).unwrap();
    assert_eq!(again.revision(), ring.revision());
}

#[test]
fn labels_that_no_token_has_are_refused() {
    let long = "x".repeat(33);
    for (token, key) in [
        ("", "k"),
        ("t", ""),
        (&*long, "k"),
        ("t ", "k"),
        ("t", "a\nb"),
    ] {
        let refused = TokenKey::new(token, key);
        assert!(matches!(refused, Err(TokenError::ImpossibleLabel)));
    }
    assert!(TokenKey::new(&"x".repeat(32), &"ü".repeat(32)).is_ok());
}
