use proptest::prelude::*;

use super::*;
use crate::{
    digest::{keccak256, sha256},
    random,
};

fn key(hex_digits: &str) -> SigningKey {
    SigningKey::new(Secret::from_slice(&hex::decode(hex_digits).unwrap()).unwrap()).unwrap()
}

fn personal_message(text: &str) -> [u8; 32] {
    keccak256(format!(
        "\x19Ethereum Signed Message:\n{}{text}",
        text.len()
    ))
}

/// The examples of EIP-2098.
#[test]
fn signatures_are_those_of_eip_2098() {
    let key = key("1234567890123456789012345678901234567890123456789012345678901234");
    let hello = concat!(
        "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90",
        "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064",
    );
    let small = concat!(
        "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76",
        "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793",
    );
    for (text, expected) in [("Hello World", hello), ("It's a small(er) world", small)] {
        let signature = key.sign(&personal_message(text));
        assert_eq!(signature.to_string(), expected);
        assert_eq!(
            recover(&personal_message(text), &signature).unwrap(),
            key.address()
        );
    }
}

/// Made with Python's eth-account 0.13 and its eth-keys.
#[test]
fn signatures_are_those_of_eth_keys() {
    let ones = "01".repeat(32);
    let one = format!("{:064x}", 1);
    let rain = b"All those moments will be lost in time, like tears in rain. Time to die...";
    for (secret, address, digest, r, s, parity) in [
        (
            &ones,
            "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1",
            sha256(b"symbolon"),
            "5acfa3f0ca564573a8135dc908ad68281597f4e5e791639bcd8c74b68dd1c2f8",
            "60baf4813efbf12de868cbb41cc9086df185137a6eefca3906fdf12882fb95fc",
            1,
        ),
        (
            &one,
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
            sha256(rain),
            "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
            "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
            0,
        ),
    ] {
        let key = key(secret);
        assert_eq!(key.address().checksummed(), address);
        let wallet = hex::decode(format!("{r}{s}{:02x}", 27 + parity)).unwrap();
        let signature = Signature::from_rsv(wallet.as_slice().try_into().unwrap()).unwrap();
        assert_eq!(key.sign(&digest), signature);
        assert_eq!(signature.to_rsv().as_slice(), wallet);
    }
}

#[test]
fn a_scalar_out_of_range_is_refused() {
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for digits in [order.to_owned(), "00".repeat(32), "ff".repeat(32)] {
        let secret = Secret::from_slice(&hex::decode(digits).unwrap()).unwrap();
        assert!(matches!(SigningKey::new(secret), Err(Error::InvalidScalar)));
    }
}

/// `order − s` with the other parity verifies under plain ECDSA; here it is refused in both forms.
#[test]
fn a_high_s_signature_is_refused() {
    let key = SigningKey::random(&mut random::os());
    let digest = sha256(b"statement");
    let low = key.sign(&digest).to_rsv();
    let s = alloy_primitives::U256::from_be_slice(&low[32..64]);
    let order = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let high = order.parse::<alloy_primitives::U256>().unwrap() - s;
    let mut wallet = low;
    wallet[32..64].copy_from_slice(&high.to_be_bytes::<32>());
    wallet[64] = 27 + (28 - low[64]);
    assert!(matches!(Signature::from_rsv(&wallet), Err(Error::HighS)));
}

#[test]
fn an_s_just_above_half_of_the_order_is_refused() {
    let mut bytes = [0x11; 64];
    let half = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
    bytes[32..].copy_from_slice(&hex::decode(half).unwrap());
    assert!(matches!(
        recover(&[1; 32], &Signature::from_bytes(bytes)),
        Err(Error::HighS)
    ));
    bytes[63] -= 1;
    assert!(!matches!(
        recover(&[1; 32], &Signature::from_bytes(bytes)),
        Err(Error::HighS)
    ));
}

#[test]
fn zeros_are_no_signature() {
    assert!(matches!(
        recover(&[1; 32], &Signature::from_bytes([0; 64])),
        Err(Error::InvalidSignature)
    ));
    let mut wallet = [0x11; 65];
    wallet[64] = 29;
    assert!(matches!(
        Signature::from_rsv(&wallet),
        Err(Error::InvalidSignature)
    ));
}

/// The examples of EIP-55.
#[test]
fn addresses_are_checksummed_as_in_eip_55() {
    for text in [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.checksummed(), text);
        assert_eq!(address.to_string(), text[2..].to_lowercase());
        assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        assert_eq!(
            text[2..].to_uppercase().parse::<Address>().unwrap(),
            address
        );
    }
}

#[test]
fn a_wrong_address_is_refused() {
    for text in [
        "",
        "0x",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x0x5aeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "5aeb6053f3e94c9b9a09f33669435e7ef1beaedg",
    ] {
        assert!(
            matches!(text.parse::<Address>(), Err(Error::InvalidAddress)),
            "{text}"
        );
    }
    assert!(matches!(
        "00".repeat(20).parse::<Address>(),
        Err(Error::ZeroAddress)
    ));
    assert!(matches!(Address::new([0; 20]), Err(Error::ZeroAddress)));
}

#[test]
fn a_signature_is_read_in_both_forms() {
    let signature = SigningKey::random(&mut random::os()).sign(&[3; 32]);
    assert_eq!(signature.to_0x().parse::<Signature>().unwrap(), signature);
    assert_eq!(
        hex::encode(signature.to_rsv())
            .parse::<Signature>()
            .unwrap(),
        signature
    );
    assert!("0x1234".parse::<Signature>().is_err());
    assert!("0xzz".parse::<Signature>().is_err());
}

proptest! {
    #[test]
    fn the_signer_is_recovered_and_nobody_else(secret: [u8; 32], digest: [u8; 32], other: [u8; 32]) {
        let Ok(key) = SigningKey::new(Secret::from_slice(&secret).unwrap()) else { return Ok(()) };
        let signature = key.sign(&digest);
        prop_assert!(signature.to_rsv()[32] < 0x80);
        prop_assert_eq!(recover(&digest, &signature).unwrap(), key.address());
        if other != digest {
            prop_assert!(recover(&other, &signature).map_or(true, |address| address != key.address()));
        }
    }

    #[test]
    fn a_flipped_bit_names_another_signer_or_none(at in 0..64usize, bit in 0..8u8) {
        let key = SigningKey::new(Secret::from_slice(&[7; 32]).unwrap()).unwrap();
        let mut bytes = *key.sign(&[9; 32]).as_bytes();
        bytes[at] ^= 1 << bit;
        let recovered = recover(&[9; 32], &Signature::from_bytes(bytes));
        prop_assert!(recovered.map_or(true, |address| address != key.address()));
    }

    #[test]
    fn any_64_bytes_recover_or_are_refused(head: [u8; 32], tail: [u8; 32], digest: [u8; 32]) {
        let bytes = [head, tail].concat();
        let signature = Signature::from_slice(&bytes).unwrap();
        let again = Signature::from_rsv(&signature.to_rsv());
        prop_assert!(again.is_err() || again.unwrap() == signature);
        let _ = recover(&digest, &signature);
    }
}
