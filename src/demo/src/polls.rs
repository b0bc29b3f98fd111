//! The two polls: drafted, signed by two of three officers, opened, closed, certified.

use std::{fs, thread, time::Duration};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use symbolon_service::clock::unix_now;

use crate::{children, city::City, role::Role};

/// How long the log still takes ballots after closing.
pub const GRACE: u64 = 8;

/// A poll that is open.
pub struct Poll {
    /// `everybody` or `district`: the names of its folders.
    pub name: &'static str,
    /// Its ID in hexadecimal.
    pub election: String,
}

fn text(en: &str, ru: &str) -> Value {
    json!({ "en": en, "ru": ru })
}

/// The poll for everybody: two questions, one of several choices.
pub fn for_everybody() -> Value {
    json!({
        "version": "symbolon/v1",
        "title": text("The park by the river", "Парк у реки"),
        "text": text("What should the city do with it next year?", "Что городу сделать с ним в следующем году?"),
        "questions": [
            {
                "title": text("Benches", "Скамейки"),
                "text": text("Which benches? You may leave this blank.", "Какие скамейки? Можно не отвечать."),
                "options": [text("wood", "дерево"), text("stone", "камень"), text("none", "никаких")],
                "least": 0, "most": 1,
            },
            {
                "title": text("Trees", "Деревья"),
                "text": text("Which trees? Choose up to three.", "Какие деревья? До трёх."),
                "options": [
                    text("oak", "дуб"), text("lime", "липа"), text("birch", "берёза"),
                    text("chestnut", "каштан"), text("maple", "клён"),
                ],
                "least": 1, "most": 3,
            },
        ],
        "quorum": 2000,
    })
}

/// The poll of one district.
pub fn for_district(district: &str) -> Value {
    json!({
        "version": "symbolon/v1",
        "title": text(&format!("A street in {district}"), &format!("Улица: {district}")),
        "text": text("Only people of this district decide.", "Решают только жители района."),
        "questions": [{
            "title": text("The street", "Улица"),
            "text": text("Whose name shall it bear?", "Чьё имя ей носить?"),
            "options": [
                text("Ada Lovelace", "Ада Лавлейс"), text("Sofya Kovalevskaya", "Софья Ковалевская"),
                text("Emmy Noether", "Эмми Нётер"), text("Hypatia", "Гипатия"),
            ],
            "least": 1, "most": 1,
        }],
    })
}

/// Drafts a poll, lets the officers sign it, and opens it.
pub fn open(
    city: &City,
    name: &'static str,
    content: &Value,
    electorate: Option<&str>,
    (receipts, max_ballots, closes): (&str, &str, u64),
) -> anyhow::Result<Poll> {
    let file = city.text(&format!("{name}.json"));
    fs::write(&file, content.to_string())?;
    let (keys, trust, out) = (
        city.text("ledger-keys.json"),
        city.text("trust.json"),
        city.text(&format!("{name}-draft")),
    );
    let (opens, closes, grace) = (
        (unix_now() - 1).to_string(),
        closes.to_string(),
        format!("{GRACE}s"),
    );
    let mut draft = vec!["election", "draft", "--content", &file];
    match city.contract() {
        Some(contract) => draft.extend(["--genesis", contract.genesis()]),
        None => draft.extend(["--ledger-keys", &keys]),
    }
    draft.extend(["--opens", &opens, "--closes", &closes, "--grace", &grace]);
    draft.extend([
        "--max-ballots",
        max_ballots,
        "--ballot-batch-min",
        "5",
        "--gateway",
        receipts,
    ]);
    match electorate {
        Some(electorate) => draft.extend(["--electorate", electorate]),
        None => draft.push("--everybody"),
    }
    draft.extend(["--trust", &trust, "--out", &out]);
    let drafted = city.symbolon("organiser-main", &draft)?;
    let election = drafted["election"].as_str().context("a draft has an ID")?;
    city.sign(&[
        format!("{out}/manifest.json"),
        format!("{out}/roll-statement.json"),
    ])?;
    city.symbolon(
        "organiser-main",
        &["election", "open", &out, "--trust", &trust],
    )?;
    Ok(Poll {
        name,
        election: election.trim_start_matches("0x").to_owned(),
    })
}

/// Waits until the gateway takes ballots for the polls.
pub fn wait_for_gateway(city: &City, polls: &[&Poll]) -> anyhow::Result<()> {
    let http = symbolon_cli::http::Http::new(&city.gateway(), None)?;
    for _ in 0..600 {
        let known = http.get("/v1/elections", None, 16 << 20)?.to_string();
        if polls.iter().all(|poll| known.contains(&poll.election)) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!(
        "the gateway doesn't know the polls; see {}",
        city.text("logs/gateway.log")
    )
}

/// Officers sign Close, then, once the log takes nothing more, the result; the tally.
pub fn close(city: &City, poll: &Poll) -> anyhow::Result<()> {
    let (trust, out) = (
        city.text("trust.json"),
        city.text(&format!("{}-close", poll.name)),
    );
    city.symbolon(
        "organiser-main",
        &[
            "election",
            "prepare-close",
            &poll.election,
            "--trust",
            &trust,
            "--out",
            &out,
        ],
    )?;
    city.sign(&[format!("{out}/close.json")])?;
    city.symbolon(
        "organiser-main",
        &["election", "close", &out, "--trust", &trust],
    )?;
    Ok(())
}

/// Officers sign the result that the log gives; the tally.
pub fn certify(city: &City, poll: &Poll) -> anyhow::Result<Value> {
    let (trust, out) = (
        city.text("trust.json"),
        city.text(&format!("{}-result", poll.name)),
    );
    let log = format!("{}/log", city.gateway());
    let mut prepare = vec!["election", "prepare-certify", &poll.election];
    prepare.extend(["--source", &log, "--trust", &trust, "--out", &out]);
    prepare.extend(city.for_readers());
    city.symbolon("organiser-main", &prepare)?;
    city.sign(&[format!("{out}/certified.json")])?;
    city.symbolon(
        "organiser-main",
        &["election", "certify", &out, "--trust", &trust],
    )?;
    let tally = fs::read_to_string(format!("{out}/tally.json"))?;
    Ok(serde_json::from_str(&tally)?)
}

/// Waits until a moment has passed.
pub fn wait_past(moment: u64) {
    while unix_now() <= moment {
        thread::sleep(Duration::from_millis(100));
    }
}

/// The observer's verdict: its words for people, and its JSON.
pub fn observe(city: &City, source: &str) -> anyhow::Result<(String, Value)> {
    let trust = city.text("trust.json");
    let words = children::command(Role::Observer)?
        .args(["verify", source, "--trust", &trust])
        .args(city.for_readers())
        .output()?;
    let json = children::command(Role::Observer)?
        .args(["verify", source, "--trust", &trust, "--json"])
        .args(city.for_readers())
        .output()?;
    Ok((
        String::from_utf8_lossy(&words.stdout).into_owned(),
        serde_json::from_slice(&json.stdout)?,
    ))
}
