//! What a daemon says when it can't or mustn't start, and that nothing is changed by it.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    attacks_city::{City, Plan, Program},
    house::{House, program, refused, run},
};

const PLANTED: &str = "PLANTED-4711";

/// The bytes of every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => drop(all.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    all
}

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
}

fn vault(house: &House) -> Command {
    let mut command = program("symbolon-vault");
    command.args(["--config", &house.path("vault.toml")]);
    command
}

/// What a start that must fail said; every file is as it was.
fn refused_unchanged(command: &mut Command, folder: &Path) -> String {
    let before = files(folder);
    let said = refused(command);
    let after = files(folder);
    let changed = after
        .iter()
        .filter(|(path, bytes)| before.get(*path) != Some(bytes));
    let changed: Vec<_> = changed.map(|(path, _)| path).collect();
    assert!(
        changed.is_empty() && before.len() == after.len(),
        "{changed:?}: {said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_vault_names_what_keeps_it_from_starting_and_changes_nothing() {
    let house = House::build();
    let root = house.root().join("vault");
    let format = root.join("store/format");
    let newer = r#"{"format":"symbolon-store","version":99}"#;
    let current = fs::read(&format).unwrap();
    fs::write(&format, newer).unwrap();
    let said = refused_unchanged(&mut vault(&house), &root);
    assert!(said.contains("format version 99"), "{said}");
    fs::write(&format, current).unwrap();

    for (name, damage) in [
        ("checkpoint", &b"{"[..]),
        ("checkpoint", &[]),
        ("store/format", b"nonsense"),
    ] {
        let path = root.join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, damage).unwrap();
        let said = refused_unchanged(&mut vault(&house), &root);
        assert!(
            said.contains(root.join(name).parent().unwrap().to_str().unwrap()),
            "{said}"
        );
        fs::write(&path, whole).unwrap();
    }

    let taken = TcpListener::bind(House::address(house.vault_port)).unwrap();
    let said = refused(&mut vault(&house));
    assert!(
        said.contains(&format!("127.0.0.1:{}", house.vault_port)),
        "{said}"
    );
    drop(taken);
    let running = house.start_vault();
    running.stop();
}

#[test]
fn a_second_process_on_a_vault_s_or_gateway_s_store_is_refused_and_the_first_goes_on() {
    let house = House::build();
    let first = house.start_vault();
    let said = refused(&mut vault(&house));
    assert!(said.contains("in use by another process"), "{said}");
    let status = house.symbolon("officer-one", &["status"]);
    assert_eq!(status["sealed"], false, "{status}");
    first.stop();

    let city = City::new(&Plan::default());
    let _gateway = city.open_gateway();
    let said = refused(&mut city.command());
    assert!(said.contains("in use by another process"), "{said}");
    // An outbox of its own doesn't help: a log has one owner.
    let other = city.path("second.toml");
    let text = fs::read_to_string(city.path("gateway.toml")).unwrap();
    let text = text
        .replace("\"outbox\"", "\"second\"")
        .replace("\"checkpoint\"", "\"second-checkpoint\"");
    fs::write(&other, text).unwrap();
    let mut init = program("symbolon-gateway");
    init.args(["init", "--config"]).arg(&other);
    init.arg("--ledger-keys").arg(city.path("second-keys.json"));
    let said = refused(&mut init);
    assert!(said.contains(city.path("log").to_str().unwrap()), "{said}");
    city.accepted(&city.ballot(5, 0, 2));
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_the_ring_stays_as_it_is() {
    let house = House::build();
    let ring = [
        house.root().join("vault/ring"),
        house.root().join("vault/ring-secret"),
    ];
    let read = || ring.clone().map(|path| fs::read(path).unwrap());
    let before = read();
    house.write("wrong", "PLANTED passphrase");
    let mut check = program("symbolon-vault");
    check.args(["check", "--config", &house.path("vault.toml")]);
    check.args(["--passphrase-file", &house.path("wrong")]);
    let said = refused(&mut check);
    assert!(
        said.contains("passphrase is wrong") && !said.contains("PLANTED"),
        "{said}"
    );
    let daemon = Program::start(&mut vault(&house), house.vault_port);
    let wrong = ["unseal", "--passphrase-file", &house.path("wrong")];
    let said = house.symbolon_refuses("officer-one", &wrong);
    assert!(
        said.contains("WRONG_PASSPHRASE") && !said.contains("PLANTED"),
        "{said}"
    );
    assert_eq!(house.symbolon("officer-one", &["status"])["sealed"], true);
    assert!(read() == before);
    let right = ["unseal", "--passphrase-file", &house.path("passphrase")];
    house.symbolon("officer-one", &right);
    assert!(!daemon.log().contains("PLANTED"));
    daemon.end("-TERM");
}

#[test]
fn an_older_key_ring_is_refused_by_name() {
    let house = House::build();
    let ring = house.root().join("vault/ring");
    let older = fs::read(&ring).unwrap();
    let unseal = ["unseal", "--passphrase-file", &house.path("passphrase")];
    // The next unsealing gives a new portal its key: the ring grows.
    let config = fs::read_to_string(house.path("vault.toml")).unwrap();
    let portal = "[[portal]]\nname = \"second\"\npeople_per_day = 10\n";
    house.write("vault.toml", &format!("{config}\n{portal}"));
    let daemon = Program::start(&mut vault(&house), house.vault_port);
    house.symbolon("officer-one", &unseal);
    daemon.end("-TERM");
    assert!(fs::read(&ring).unwrap() != older);
    fs::write(&ring, older).unwrap();
    let mut check = program("symbolon-vault");
    check.args(["check", "--config", &house.path("vault.toml")]);
    check.args(["--passphrase-file", &house.path("passphrase")]);
    assert!(refused(&mut check).contains("an older ring"));
    let daemon = Program::start(&mut vault(&house), house.vault_port);
    let said = house.symbolon_refuses("officer-one", &unseal);
    assert!(said.contains("WRONG_KEY_RING"), "{said}");
    assert_eq!(house.symbolon("officer-one", &["status"])["sealed"], true);
    daemon.end("-TERM");
}

#[test]
fn an_older_copy_of_a_vault_s_or_gateway_s_store_is_refused_as_rolled_back() {
    let house = House::build();
    house.start_vault().stop();
    let (store, older) = (house.root().join("vault/store"), house.root().join("older"));
    copy(&store, &older);
    house.start_vault().stop();
    fs::remove_dir_all(&store).unwrap();
    copy(&older, &store);
    let said = refused(&mut vault(&house));
    assert!(said.contains("rolled back"), "{said}");
    // Not by any second try, either.
    assert!(refused(&mut vault(&house)).contains("rolled back"));

    let city = City::new(&Plan::default());
    let (outbox, older) = (city.path("outbox"), city.path("older"));
    copy(&outbox, &older);
    let gateway = city.open_gateway();
    city.accepted(&city.ballot(5, 0, 2));
    gateway.end("-TERM");
    fs::remove_dir_all(&outbox).unwrap();
    copy(&older, &outbox);
    let said = refused(&mut city.command());
    assert!(said.contains("rolled back"), "{said}");
}

#[test]
fn an_interrupt_while_people_are_streamed_in_loses_nobody_who_was_acknowledged() {
    const ROWS: usize = 40_000;
    let house = House::build();
    let daemon = Program::start(&mut vault(&house), house.vault_port);
    let unseal = ["unseal", "--passphrase-file", &house.path("passphrase")];
    house.symbolon("officer-one", &unseal);
    let header = "family_name,given_name,birth_date,document";
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    let rows: Vec<String> = (0..ROWS)
        .map(|n| {
            let name = String::from_iter([n, n / 26, n / 676, n / 17_576].map(letter));
            format!("Person,Ann{name},1990-01-01,DOC{n:06}")
        })
        .collect();
    let profile = house.path("pki/portal-main.toml");
    let register = |name: &str, rows: &[&str]| {
        house.write(name, &[&[header], rows].concat().join("\n"));
        let (file, ids) = (house.path(name), house.path(&format!("{name}.ids")));
        let mut command = program("symbolon");
        command.args([
            "--json",
            "--profile",
            &profile,
            "people",
            "register",
            &file,
            "--out",
            &ids,
        ]);
        command
    };
    // By line: what the file of IDs says.
    let ids = |name: &str| {
        let text = fs::read_to_string(house.path(&format!("{name}.ids"))).unwrap();
        let lines = text
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').unwrap());
        let ids = lines.map(|(line, id)| (line.parse::<usize>().unwrap(), id.to_owned()));
        ids.collect::<BTreeMap<_, _>>()
    };
    let all: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut first = register("people.csv", &all);
    let mut running = first
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    daemon.end("-INT");
    assert!(!running.wait().unwrap().success());
    let acknowledged = ids("people.csv");
    eprintln!(
        "{} of {ROWS} people were acknowledged before the end",
        acknowledged.len()
    );
    assert!((1..ROWS).contains(&acknowledged.len()));
    let daemon = house.start_vault();
    let known: Vec<&str> = acknowledged.keys().map(|line| all[line - 2]).collect();
    run(&mut register("again.csv", &known));
    let again = ids("again.csv");
    assert!(again.values().eq(acknowledged.values()));
    daemon.stop();
}

#[test]
fn a_hostile_configuration_is_refused_by_key_or_line_and_its_values_never_shown() {
    let house = House::build();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
    let folder = house.root().join("configurations");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("hostile.toml");
    let mut tried = 0;
    for (name, start) in [
        ("vault.toml", &["symbolon-vault", "check", "--config"][..]),
        ("gateway.toml", &["symbolon-gateway", "--config"]),
        ("portal.toml", &["symbolon-portal", "--config"]),
    ] {
        let text = fs::read_to_string(examples.join(name)).unwrap();
        let run_on = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let said = refused(program(start[0]).args(&start[1..]).arg(&path));
            assert!(
                !said.contains("panicked") && !said.contains(PLANTED),
                "{name}: {said}"
            );
            said
        };
        for (at, line) in text.lines().enumerate() {
            let Some((key, _)) = line.split_once(" = ") else {
                continue;
            };
            if line.starts_with(['#', ' ']) {
                continue;
            }
            for value in [
                format!("{{ secret = \"{PLANTED}\" }}"),
                format!("[[\"{PLANTED}\"]]"),
                "99999999999999999999999999".to_owned(),
                "-1979-05-27".to_owned(),
                format!("\"{PLANTED}"),
                "nan".to_owned(),
            ] {
                let lines = text.lines().enumerate();
                let wrong = format!("{key} = {value}");
                let lines = lines.map(|(n, line)| if n == at { wrong.as_str() } else { line });
                let said = run_on(lines.collect::<Vec<_>>().join("\n").as_bytes());
                // By its key, or by its line where it isn't TOML at all. A list that goes on
                // over several lines is cut in two by this.
                let line = said.contains("hostile.toml:");
                let named = said.contains(key) || line;
                assert!(named, "{name}: {wrong}: {said}");
                tried += 1;
            }
        }
        for bytes in [
            &b""[..],
            &[0; 4096],
            &[0xff; 4096],
            "\u{feff}[[".as_bytes(),
            &b"[".repeat(100_000),
            &b"a.".repeat(100_000),
            format!("what = \"{PLANTED}\"").as_bytes(),
            &vec![b'#'; 64 << 20],
        ] {
            let said = run_on(bytes);
            assert!(
                said.contains("hostile.toml") || said.contains("missing"),
                "{name}: {said}"
            );
            tried += 1;
        }
    }
    eprintln!("{tried} configurations");
    assert!(tried > 150, "{tried}");
}

#[test]
fn wrong_certificates_and_keys_are_named_by_file_and_never_shown() {
    let house = House::build();
    let root = house.root();
    let (pem, key) = (
        root.join("pki/vault-main-server.pem"),
        root.join("pki/vault-main-server.key"),
    );
    let ca = root.join("pki/ca.pem");
    let block = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let planted = "UExBTlRFRC00NzEx";
    let foreign = fs::read_to_string(root.join("pki/portal-main.key")).unwrap();
    for (file, wrong) in [
        (&pem, String::new()),
        (&pem, planted.to_owned()),
        (&pem, block("CERTIFICATE", planted)),
        (&pem, block("CERTIFICATE", "!!!")),
        (&ca, String::new()),
        (&ca, block("CERTIFICATE", planted)),
        (&key, String::new()),
        (&key, block("PRIVATE KEY", planted)),
        (&key, block("CERTIFICATE", planted)),
        (&key, foreign),
    ] {
        let good = fs::read_to_string(file).unwrap();
        fs::write(file, &wrong).unwrap();
        let said = refused(&mut vault(&house));
        assert!(
            said.contains("vault-main-server") || said.contains("ca.pem"),
            "{said}"
        );
        assert!(
            !said.contains(planted) && !said.contains("panicked"),
            "{said}"
        );
        fs::write(file, good).unwrap();
    }
    let mut open = Command::new("chmod");
    run(open.arg("644").arg(&key));
    let said = refused(&mut vault(&house));
    assert!(said.contains("vault-main-server.key"), "{said}");
    run(Command::new("chmod").arg("600").arg(&key));
    let daemon = house.start_vault();
    // The other side of a connection names its own files alike.
    let own = root.join("pki/officer-one.pem");
    let good = fs::read_to_string(&own).unwrap();
    for wrong in [block("CERTIFICATE", planted), planted.to_owned()] {
        fs::write(&own, wrong).unwrap();
        let said = house.symbolon_refuses("officer-one", &["status"]);
        assert!(
            said.contains("officer-one.pem") && !said.contains(planted),
            "{said}"
        );
    }
    fs::write(&own, good).unwrap();
    daemon.stop();
}

#[test]
fn a_gateway_names_a_wrong_trust_file_key_or_log() {
    let city = City::new(&Plan::default());
    let trust = fs::read_to_string(city.path("trust.json")).unwrap();
    for wrong in [
        String::new(),
        "{}".to_owned(),
        PLANTED.to_owned(),
        trust.replace("\"threshold\":2", "\"threshold\":0"),
        trust.replace("\"threshold\":2", "\"threshold\":9"),
        trust.replace("log.example.org", "log.example.net"),
        trust.replace('}', &format!(",\"{PLANTED}\":1}}")),
        "[".repeat(100_000),
    ] {
        assert_ne!(wrong, trust);
        fs::write(city.path("trust.json"), &wrong).unwrap();
        let said = refused(&mut city.command());
        assert!(said.contains("trust.json"), "{wrong:.60}: {said}");
        assert!(
            !said.contains(PLANTED) && !said.contains("panicked"),
            "{said}"
        );
    }
    fs::write(city.path("trust.json"), &trust).unwrap();
    for name in ["keys/receipt.key", "keys/log.key"] {
        let good = fs::read(city.path(name)).unwrap();
        for wrong in [&good[..31], &[good.as_slice(), b"\n"].concat(), &[]] {
            fs::write(city.path(name), wrong).unwrap();
            assert!(refused(&mut city.command()).contains(name));
        }
        fs::write(city.path(name), good).unwrap();
    }
    // Another key than the log's own: never written over.
    let good = fs::read(city.path("keys/log.key")).unwrap();
    fs::write(city.path("keys/log.key"), [9; 32]).unwrap();
    let said = refused_unchanged(&mut city.command(), &city.path("log"));
    assert!(said.contains("key"), "{said}");
    fs::write(city.path("keys/log.key"), good).unwrap();
    let taken = TcpListener::bind(House::address(city.port)).unwrap();
    let said = refused(&mut city.command());
    assert!(said.contains(&format!("127.0.0.1:{}", city.port)), "{said}");
    drop(taken);
    city.open_gateway();
}

#[test]
fn traffic_keys_are_never_written_and_no_core_is_dumped() {
    let house = House::build();
    let leaks = house.root().join("tls-keys");
    let daemon = Program::start(vault(&house).env("SSLKEYLOGFILE", &leaks), house.vault_port);
    let profile = house.path("pki/officer-one.toml");
    let mut status = program("symbolon");
    status.args(["--json", "--profile", &profile, "status"]);
    run(status.env("SSLKEYLOGFILE", &leaks));
    assert!(!leaks.exists());
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let values: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(values, ["0", "0"], "{core}");
    daemon.end("-TERM");
}
