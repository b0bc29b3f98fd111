use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Daemon {
    folder: PathBuf,
    #[serde(rename = "listener")]
    listeners: Vec<ListenerConfig>,
}

const GOOD: &str = r#"
folder = "data"

[[listener]]
address = "127.0.0.1:7441"
services = ["registration", "health"]
client_auth = "required"

[listener.tls]
certificate = "server.pem"
key = "/keys/server.key"
client_ca = "ca.pem"
revocation_lists = ["crl.pem"]
trust_domain = "city.example"

[listener.limits]
call_seconds = 3
"#;

fn parsed(text: &str) -> Result<Daemon, Error> {
    parse(Path::new("/etc/symbolon/x.toml"), text)
}

fn problem(text: &str) -> String {
    parsed(text).unwrap_err().to_string()
}

fn listener(change: impl Fn(&str) -> String) -> Result<(), Error> {
    parsed(&change(GOOD)).unwrap().listeners[0].validate()
}

#[test]
fn a_listener_is_read_with_defaults_and_overrides() {
    let mut daemon = parsed(GOOD).unwrap();
    let listener = &mut daemon.listeners[0];
    listener.validate().unwrap();
    listener.resolve(Path::new("/etc/symbolon/x.toml"));
    assert_eq!(listener.limits.call_seconds, 3);
    assert_eq!(listener.limits.streams, 64);
    let tls = listener.tls.as_ref().unwrap();
    assert_eq!(tls.certificate, Path::new("/etc/symbolon/server.pem"));
    assert_eq!(tls.key, Path::new("/keys/server.key"));
    assert_eq!(tls.revocation_lists[0], Path::new("/etc/symbolon/crl.pem"));
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = problem(&GOOD.replace("folder", "passphrase = \"hunter2\"\nfolder"));
    assert!(
        text.starts_with("/etc/symbolon/x.toml:2: passphrase: unknown field"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_missing_key_is_named() {
    let text = problem(&GOOD.replace("services", "#"));
    assert!(text.contains("missing field `services`"), "{text}");
}

#[test]
fn errors_show_no_values() {
    for (from, to) in [
        ("call_seconds = 3", "call_seconds = \"hunter2\""),
        ("\"required\"", "\"hunter2\""),
        ("\"127.0.0.1:7441\"", "\"hunter2\""),
        ("[\"crl.pem\"]", "\"hunter2\""),
        ("\"data\"", "\"data\" hunter2"),
        ("\"data\"", "\"hunter2"),
        ("\"data\"", "hunter2"),
    ] {
        let text = problem(&GOOD.replace(from, to));
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("x.toml:"), "{text}");
    }
}

#[test]
fn a_wrong_type_names_key_and_what_is_expected() {
    let text = problem(&GOOD.replace("call_seconds = 3", "call_seconds = \"x\""));
    assert_eq!(text, "/etc/symbolon/x.toml:17: call_seconds: expected u64");
}

#[test]
fn required_client_certificates_need_authority_and_trust_domain() {
    listener(str::to_owned).unwrap();
    listener(|t| t.replace("client_ca = \"ca.pem\"", "")).unwrap_err();
    listener(|t| t.replace("trust_domain = \"city.example\"", "")).unwrap_err();
    listener(|t| t.replace("city.example", "City.example")).unwrap_err();
    listener(|t| t.replace("city.example", "city.example/x")).unwrap_err();
    listener(|t| t.replace("city.example", "")).unwrap_err();
}

#[test]
fn files_for_client_certificates_are_refused_where_none_is_asked() {
    let error = listener(|t| t.replace("\"required\"", "\"none\"")).unwrap_err();
    assert!(error.to_string().contains("client_auth"), "{error}");
}

#[test]
fn plain_text_is_for_loopback_and_the_public_only() {
    let plain = |address: &str, auth: &str| {
        let text = format!(
            "folder = \"x\"\n[[listener]]\naddress = \"{address}\"\nservices = []\nclient_auth = \"{auth}\"\n"
        );
        parsed(&text).unwrap().listeners[0].validate()
    };
    plain("127.0.0.1:1", "none").unwrap();
    plain("[::1]:1", "none").unwrap();
    plain("0.0.0.0:1", "none").unwrap_err();
    plain("127.0.0.1:1", "required").unwrap_err();
}

#[test]
fn limits_of_zero_are_refused() {
    let error = listener(|t| t.replace("call_seconds = 3", "call_seconds = 0")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "listener.limits.call_seconds: must not be 0"
    );
    listener(|t| t.replace("call_seconds = 3", "stream_window = 10")).unwrap_err();
    listener(|t| {
        t.replace(
            "[listener.limits]",
            "reload_seconds = 61\n[listener.limits]",
        )
    })
    .unwrap_err();
}

#[test]
fn metrics_stay_on_this_machine() {
    let metrics = |address: &str| {
        MetricsConfig {
            address: address.parse().unwrap(),
        }
        .validate()
    };
    metrics("127.0.0.1:9000").unwrap();
    metrics("192.0.2.1:9000").unwrap_err();
    metrics("0.0.0.0:9000").unwrap_err();
}

proptest::proptest! {
    #[test]
    fn wrong_values_are_never_shown(value in "[a-z]{12,20}", at in 0..6usize) {
        let places = ["\"data\"", "\"127.0.0.1:7441\"", "3", "\"required\"", "\"crl.pem\"", "[\"registration\", \"health\"]"];
        for wrong in [format!("\"{value}\""), format!("[[\"{value}\"]]"), format!("{{ a = \"{value}\" }}"), value.clone(), format!("\"{value}")] {
            if let Err(error) = parsed(&GOOD.replacen(places[at], &wrong, 1)) {
                let text = error.to_string();
                assert!(!text.contains(&value), "{text}");
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = parsed(&text);
        let _ = parsed(&GOOD.replace("data", &text));
    }
}
