use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::registration::{
    AddToElectorateRequest, AddToElectorateResponse, CreateElectorateRequest,
    ListElectoratesRequest, electorates_client::ElectoratesClient,
};
use symbolon_service::{Reason, Remedy};
use tonic::transport::Channel;

use crate::{
    Context, Error,
    context::refused,
    files,
    output::{Report, Table, printable},
};

/// The most IDs of a message.
const BATCH: usize = 256;
const ROUNDS: u32 = 8;

#[derive(Subcommand)]
pub enum Electorate {
    /// Makes an empty electorate.
    Create(Create),
    /// Adds people by their registration IDs.
    Add(Add),
    /// Shows the electorates.
    List(List),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/portal-main.toml electorate create north"
)]
pub struct Create {
    /// 1 to 64 of a-z, 0-9, '-', '_' and '.'.
    name: String,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/portal-main.toml electorate add north ids.csv --where district=North

FILE holds one registration ID a line, or is CSV with a column registration_id, as
`symbolon people register --out` writes it. Adding is idempotent.")]
pub struct Add {
    /// The electorate.
    name: String,
    /// Registration IDs.
    file: PathBuf,
    /// Only rows of a CSV file whose column has this value.
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    filter: Option<String>,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/portal-main.toml electorate list")]
pub struct List {}

impl Electorate {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Create(command) => command.run(context),
            Self::Add(command) => command.run(context),
            Self::List(_) => list(context),
        }
    }
}

impl Create {
    fn run(self, context: &Context) -> Result<Report, Error> {
        context.call(|channel| async {
            let request = CreateElectorateRequest {
                electorate: self.name.clone(),
            };
            ElectoratesClient::new(channel)
                .create_electorate(request)
                .await
                .map_err(refused)?;
            Ok(())
        })?;
        Ok(Report::new(json!({"electorate": self.name})).line(format!("{} is there.", self.name)))
    }
}

fn list(context: &Context) -> Result<Report, Error> {
    let electorates = context.call(|channel| async {
        let mut client = ElectoratesClient::new(channel);
        let (mut electorates, mut after) = (Vec::new(), String::new());
        loop {
            let answer = client
                .list_electorates(ListElectoratesRequest { after })
                .await;
            let page = answer.map_err(refused)?.into_inner();
            electorates.extend(page.electorates);
            match page.next.is_empty() {
                true => return Ok(electorates),
                false => after = page.next,
            }
        }
    })?;
    let value: Vec<_> = electorates
        .iter()
        .map(|e| json!({"name": e.name, "size": e.size}))
        .collect();
    let mut table = Table::new(&["electorate", "people"]);
    for electorate in &electorates {
        table.row([printable(&electorate.name), electorate.size.to_string()]);
    }
    Ok(Report::new(json!({"electorates": value})).table(&table))
}

impl Add {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let ids = read_ids(&self.file, self.filter.as_deref())?;
        let total = ids.len();
        let (added, unknown) = context.call(|channel| add(channel, &self.name, &ids))?;
        let unknown: Vec<_> = unknown.iter().map(hex::encode).collect();
        let mut report = Report::new(json!({
            "electorate": self.name, "ids": total, "added": added, "unknown": unknown,
        }))
        .facts([
            ("IDs in the file", total.to_string()),
            ("added", added.to_string()),
            ("unknown", unknown.len().to_string()),
        ])
        .failed_if(!unknown.is_empty());
        for id in &unknown {
            report = report.line(format!("unknown here: {id}"));
        }
        Ok(report)
    }
}

/// Sends batches until each is answered; returns how many were new, and the unknown IDs.
async fn add(channel: Channel, name: &str, ids: &[Id]) -> Result<(u64, Vec<Id>), Error> {
    let mut client = ElectoratesClient::new(channel);
    let mut waiting: HashMap<u64, &[Id]> = (0..).zip(ids.chunks(BATCH)).collect();
    let (mut added, mut unknown, mut rounds) = (0, Vec::new(), 0);
    while !waiting.is_empty() {
        let mut pause = Duration::ZERO;
        let requests = requests(name, &waiting);
        let call = client.add_to_electorate(tokio_stream::iter(requests)).await;
        let mut answers = call.map_err(refused)?.into_inner();
        while let Some(answer) = answers.message().await.map_err(refused)? {
            let batch = *waiting.get(&answer.correlation).ok_or_else(foreign)?;
            if let Some(delay) = put_off(&answer)? {
                pause = pause.max(delay);
                continue;
            }
            added += u64::from(answer.added);
            for at in answer.unknown {
                unknown.push(
                    *usize::try_from(at)
                        .ok()
                        .and_then(|at| batch.get(at))
                        .ok_or_else(foreign)?,
                );
            }
            waiting.remove(&answer.correlation);
        }
        rounds += 1;
        if !waiting.is_empty() {
            if rounds == ROUNDS {
                return Err(Error::failed(
                    format!("{} batches of IDs were not taken", waiting.len()),
                    "Try the same again: what was added stays added.",
                ));
            }
            tokio::time::sleep(pause.max(Duration::from_millis(200))).await;
        }
    }
    Ok((added, unknown))
}

fn requests(name: &str, waiting: &HashMap<u64, &[Id]>) -> Vec<AddToElectorateRequest> {
    let mut requests: Vec<_> = waiting
        .iter()
        .map(|(correlation, batch)| AddToElectorateRequest {
            correlation: *correlation,
            electorate: name.to_owned(),
            registration_ids: batch.iter().map(|id| id.to_vec()).collect(),
        })
        .collect();
    requests.sort_by_key(|request| request.correlation);
    requests
}

fn put_off(answer: &AddToElectorateResponse) -> Result<Option<Duration>, Error> {
    let Some(refusal) = &answer.refusal else {
        return Ok(None);
    };
    if Reason::from_name(&refusal.reason).is_some_and(|reason| reason.remedy() == Remedy::Retry) {
        return Ok(Some(Duration::from_millis(refusal.retry_after_ms.into())));
    }
    Err(Error::Refused {
        reason: refusal.reason.clone(),
        field: refusal.field.clone(),
        message: refusal.description.clone(),
        retry_after: None,
    })
}

fn foreign() -> Error {
    Error::unreadable("the vault's answer", "names something that was not sent")
}

type Id = [u8; 32];

fn read_ids(path: &Path, filter: Option<&str>) -> Result<Vec<Id>, Error> {
    let text = files::read_text(path)?;
    let header = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches('\u{feff}');
    let columns: Vec<_> = header
        .split(',')
        .map(|name| name.trim().trim_matches('"'))
        .collect();
    if columns.contains(&"registration_id") {
        return from_csv(path, &text, filter);
    }
    if filter.is_some() {
        return Err(Error::usage(
            "--where needs CSV with a column registration_id",
            "Write it with `symbolon people register --out`.",
        ));
    }
    let mut ids = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if !line.is_empty() {
            ids.push(parse_id(path, number, line)?);
        }
    }
    Ok(ids)
}

fn from_csv(path: &Path, text: &str, filter: Option<&str>) -> Result<Vec<Id>, Error> {
    let wrong = |e: csv::Error| {
        let line = e.position().map_or(0, csv::Position::line);
        Error::unreadable_file(path, format!("line {line}: not CSV like its header"))
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(wrong)?.clone();
    let position = |name: &str| header.iter().position(|column| column == name);
    let id_at = position("registration_id").unwrap_or_default();
    let filter = filter
        .map(|filter| {
            let (column, value) = filter
                .split_once('=')
                .ok_or_else(|| Error::usage("--where has no '='", "Write --where column=value."))?;
            let at = position(column).ok_or_else(|| {
                Error::usage(
                    format!("there is no column {column:?}"),
                    "Look at the file's header.",
                )
            })?;
            Ok::<_, Error>((at, value))
        })
        .transpose()?;
    let mut ids = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        if filter.is_none_or(|(at, value)| record.get(at) == Some(value)) {
            let line = record.position().map_or(0, csv::Position::line);
            ids.push(parse_id(path, line, record.get(id_at).unwrap_or_default())?);
        }
    }
    Ok(ids)
}

fn parse_id(path: &Path, line: u64, text: &str) -> Result<Id, Error> {
    let mut id = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut id).map_err(|_| {
        Error::unreadable_file(
            path,
            format!("line {line}: not a registration ID (64 hexadecimal digits)"),
        )
    })?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn ids_come_bare_or_from_a_column_and_can_be_filtered() {
        let (a, b) = ("aa".repeat(32), "bb".repeat(32));
        let bare = file(&format!("{a}\n\n0x{b}\n"));
        assert_eq!(read_ids(bare.path(), None).unwrap().len(), 2);
        let csv = file(&format!(
            "line,registration_id,district\n2,{a},North\n3,{b},South\n"
        ));
        assert_eq!(read_ids(csv.path(), None).unwrap().len(), 2);
        assert_eq!(
            read_ids(csv.path(), Some("district=South")).unwrap(),
            [[0xbb; 32]]
        );
        assert!(read_ids(csv.path(), Some("area=South")).is_err());
    }

    #[test]
    fn a_wrong_id_is_named_by_its_line() {
        let wrong = file(&format!("{}\nnot-an-id\n", "aa".repeat(32)));
        let error = read_ids(wrong.path(), None).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
