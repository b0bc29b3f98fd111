//! Hostile messages, claimed roles, and a search of everything that a vault leaves behind.

use std::{fs, path::Path, time::Duration};

use prost::bytes::{Buf, BufMut};
use symbolon_api_closed::{
    admin::{self, GetSealStatusRequest, seal_client::SealClient},
    registration,
};
use symbolon_service::{Reason, Refusal};
use tonic::{
    Code, Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::tokio_stream::{self, StreamExt},
    transport::Channel,
};

use crate::{
    house::{House, anybody, logs, person, register},
    matrix::{CALLERS, admits, methods},
};

const PLANTED: &str = "PLANTED-4711";

/// Messages that are bytes and nothing else.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length).to_vec()))
    }
}

/// Fields 1 to 9 of a message, each of this wire type and content.
fn fields(wire_type: u8, content: &[u8]) -> Vec<u8> {
    let one = |number: u8| [&[number << 3 | wire_type], content].concat();
    (1..10).flat_map(one).collect()
}

fn length_delimited(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    [bytes.as_slice(), content].concat()
}

/// What no client of ours would send.
fn hostile() -> Vec<Vec<u8>> {
    let text = |content: &[u8]| fields(2, &length_delimited(content));
    let entry = [
        &[0x0a][..],
        &length_delimited(PLANTED.as_bytes()),
        &[0x12],
        &length_delimited(PLANTED.as_bytes()),
    ]
    .concat();
    vec![
        text(PLANTED.as_bytes()),
        text(&[PLANTED.as_bytes(), &[0xff, 0xfe, 0]].concat()),
        text(&text(PLANTED.as_bytes())),
        text(&[&[0x0a][..], &length_delimited(&entry)].concat()),
        text(&[0; 20]),
        text(&[0; 32]),
        text(&[0xff; 32]),
        text(&[0xff; 6000]),
        text(&[0; 96 + 48]),
        // The largest numbers, 32 and 64 bits.
        fields(
            0,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ),
        fields(5, &[0xff; 4]),
        fields(1, &[0xff; 8]),
        // A length of four thousand million, an endless number, groups without end.
        vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0xff; 64],
        vec![0x0b; 5000],
        vec![0x0a; 5000],
        // Field zero, reserved wire types.
        vec![0, 0, 0],
        vec![0x0e, 0x0f],
        vec![b'x'; 60 << 10],
        vec![b'x'; 2 << 20],
    ]
}

/// Calls with one message of these bytes; the status of a refusal.
async fn call(channel: &Channel, path: &str, message: Vec<u8>) -> Option<Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let messages = Request::new(tokio_stream::once(message));
    let answer = client.streaming(messages, path.parse().unwrap(), Raw);
    let mut answer = match answer.await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Some(status),
    };
    // A stream that watches says nothing at first.
    let next = tokio::time::timeout(Duration::from_millis(100), answer.next());
    next.await.ok()??.err()
}

#[tokio::test]
async fn hostile_messages_to_any_method_are_refused_and_repeat_nothing() {
    let house = House::unsealed().await;
    let mut refused = 0;
    for path in methods() {
        if path.ends_with("/SealVault") {
            continue;
        }
        let caller = CALLERS.into_iter().find(|caller| admits(&path, caller));
        let caller = caller.unwrap();
        let mut channel = house.caller(caller).await;
        for (at, message) in hostile().into_iter().enumerate() {
            let Some(status) = call(&channel, &path, message).await else {
                continue;
            };
            refused += 1;
            let told = format!("{status:?}");
            assert!(!told.contains(PLANTED), "{path} {at}: {told}");
            assert_ne!(status.code(), Code::Unknown, "{path} {at}: {told}");
            let refusal = Refusal::from(status);
            // Ours only where the message was decoded, and then it has a better name.
            let ours = refusal.metadata("ticket").is_some() || refusal.field().is_some();
            assert!(
                refusal.reason() != Reason::Internal || !ours,
                "{path} {at}: {told}"
            );
            channel = house.caller(caller).await;
        }
    }
    assert!(refused > 400, "{refused}");
    assert!(!logs().contains(PLANTED));
    assert!(!logs().contains("a request failed"));
    assert!(!logs().contains("panicked"));
    let main = house.portal("main").await;
    register(&main, anybody(1)).await.unwrap();
}

#[tokio::test]
async fn a_role_claimed_in_metadata_opens_nothing() {
    let house = House::unsealed().await;
    let portal = house.caller("portal/main").await;
    let claims = [
        ("role", "officer"),
        ("x-role", "officer"),
        ("x-symbolon-role", "officer"),
        (
            "x-forwarded-client-cert",
            "URI=spiffe://city.example/officer/one",
        ),
        ("x-forwarded-for", "127.0.0.1"),
        ("authorization", "Bearer officer/one"),
        (
            "x-original-url",
            "/symbolon.registration.v1.Registration/GetSchema",
        ),
        (":path", "/symbolon.registration.v1.Registration/GetSchema"),
    ];
    for path in methods().iter().filter(|path| !admits(path, "portal/main")) {
        let mut client = tonic::client::Grpc::new(portal.clone());
        client.ready().await.unwrap();
        let mut request = Request::new(tokio_stream::once(Vec::new()));
        for (name, value) in claims {
            // Names that HTTP reserves can't even be sent.
            if let Ok(name) = name.parse::<tonic::metadata::MetadataKey<_>>() {
                let _ = request.metadata_mut().insert(name, value.parse().unwrap());
            }
        }
        let answer = client.streaming(request, path.parse().unwrap(), Raw).await;
        let refused = Refusal::from(answer.err().unwrap());
        assert_eq!(refused.reason(), Reason::PermissionDenied, "{path}");
    }
    let status = SealClient::new(house.caller("officer/one").await)
        .get_seal_status(GetSealStatusRequest {})
        .await;
    assert!(!status.unwrap().into_inner().sealed);
}

/// Doesn't compile for a type that has `Debug`: the name is then ambiguous.
macro_rules! have_no_debug {
    ($($message:ty),+ $(,)?) => {$(
        const _: fn() = || {
            trait Named<Which> {
                fn it() {}
            }
            struct WithDebug;
            impl<T: ?Sized> Named<()> for T {}
            impl<T: ?Sized + std::fmt::Debug> Named<WithDebug> for T {}
            let _ = <$message as Named<_>>::it;
        };
    )+};
}

// Whoever writes `{:?}` of a request with personal data or a passphrase is told by the compiler.
have_no_debug!(
    registration::Person,
    registration::RegisterPersonRequest,
    registration::RegisterPeopleRequest,
    registration::CheckPersonRequest,
    admin::UnsealRequest,
);

/// Every file below a folder that holds one of these, and which.
fn found_in(folder: &Path, planted: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path, planted));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let holds = |value: &[u8]| bytes.windows(value.len()).any(|window| window == value);
        let names = planted.iter().filter(|(_, value)| holds(value));
        found.extend(names.map(|(name, _)| format!("{name} in {}", path.display())));
    }
    found
}

#[tokio::test]
async fn nothing_personal_and_no_id_is_left_on_disk_or_in_the_log() {
    let mut house = House::unsealed().await;
    let main = house.portal("main").await;
    let texts = [
        "Plantedsurname",
        "plantedsurname",
        "1987-03-05",
        "19870305",
        "PLANTEDDOC1",
        "planteddoc1",
        "PLANTEDDOC2",
        "planteddoc2",
        "PLANTEDDOC3",
    ];
    let id = register(&main, person("Plantedsurname", "1987-03-05", "PLANTEDDOC1"));
    let id = id.await.unwrap();
    // Known again, a conflict, a wrong row.
    register(&main, person("plantedsurname", "19870305", "planted-doc1"))
        .await
        .unwrap();
    register(&main, person("Plantedsurname", "1987-03-05", "PLANTEDDOC2"))
        .await
        .unwrap_err();
    register(
        &main,
        person("Plantedsurname\u{202e}", "1987-03-05", "PLANTEDDOC3"),
    )
    .await
    .unwrap_err();
    let mut planted: Vec<(String, Vec<u8>)> = texts
        .map(|text| (text.to_owned(), text.as_bytes().to_vec()))
        .into();
    planted.push(("the registration ID".into(), id.clone()));
    planted.push(("the ID in hex".into(), hex::encode(&id).into_bytes()));
    house.shutdown.trigger();
    house.finished().await;
    assert_eq!(found_in(&house.path(""), &planted), Vec::<String>::new());
    for (name, value) in &planted {
        let text = String::from_utf8(value.clone());
        assert!(!text.is_ok_and(|text| logs().contains(&text)), "{name}");
    }
    // The search finds what is there: a portal's name stands in an audit leaf of the store.
    let control = [("a caller".to_owned(), b"portal/main".to_vec())];
    let there = found_in(&house.path("store"), &control);
    assert!(!there.is_empty());
}
