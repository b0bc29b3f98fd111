use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use symbolon_api_closed::admin::{DraftElectionRequest, draft_election_request::Entitled};
use symbolon_election::{Address, Content, ContentHash, LedgerKeys};

use crate::{Error, clock, files};

const GRACE: u64 = 3_600;
const FORGET_AFTER: u64 = 30 * 86_400;
const BATCH: u32 = 10;

/// What an election shall be, from options and a file.
#[derive(Args, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Settings {
    /// The content file: title, text and options in each language.
    #[arg(long, value_name = "FILE")]
    content: Option<PathBuf>,
    /// The ledger keys file: log and witness keys.
    #[arg(long, value_name = "FILE")]
    ledger_keys: Option<PathBuf>,
    /// Where the ledger is a contract: the hash of the chain's genesis block, instead of ledger keys.
    #[arg(long, value_name = "HASH", conflicts_with = "ledger_keys")]
    genesis: Option<ContentHash>,
    /// When voting opens: RFC 3339, Unix seconds, or like +1h from now.
    #[arg(long, value_name = "TIME")]
    opens: Option<String>,
    /// When voting closes.
    #[arg(long, value_name = "TIME")]
    closes: Option<String>,
    /// How long after closes ledgers still accept, like 30m. One hour where absent.
    #[arg(long, value_name = "SPAN")]
    grace: Option<String>,
    /// When the election's keys are destroyed. 30 days after closes and grace where absent.
    #[arg(long, value_name = "TIME")]
    forget_after: Option<String>,
    /// How many ballots a voter may cast; the last one counts. One where absent.
    #[arg(long, value_name = "NUMBER")]
    max_ballots: Option<u8>,
    /// The fewest places that extend the roll; 0: frozen at opening.
    #[arg(long, value_name = "NUMBER")]
    roll_batch_min: Option<u32>,
    /// The fewest places whose ballots are published together. Ten where absent.
    #[arg(long, value_name = "NUMBER")]
    ballot_batch_min: Option<u16>,
    /// Who holds the voters' keys: voter or portal.
    #[arg(long, value_name = "WHO", value_parser = ["voter", "portal"])]
    custody: Option<String>,
    /// The address of a gateway that may sign receipts.
    #[arg(long = "gateway", value_name = "ADDRESS")]
    #[serde(rename = "gateways")]
    gateway: Vec<String>,
    /// Everybody who is registered may vote.
    #[arg(long, conflicts_with = "electorate")]
    everybody: bool,
    /// The people of this electorate may vote.
    #[arg(long, value_name = "NAME")]
    electorate: Option<String>,
}

impl Settings {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = files::read_text(path)?;
        let mut settings: Self =
            toml::from_str(&text).map_err(|e| Error::unreadable_file(path, e.message()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for file in [&mut settings.content, &mut settings.ledger_keys]
            .into_iter()
            .flatten()
        {
            *file = folder.join(&*file);
        }
        Ok(settings)
    }

    /// These settings, and the file's where they say nothing.
    pub(super) fn over(self, file: Self) -> Result<Self, Error> {
        let chosen = self.everybody || self.electorate.is_some();
        let merged = Self {
            content: self.content.or(file.content),
            ledger_keys: self.ledger_keys.or(match self.genesis {
                Some(_) => None,
                None => file.ledger_keys,
            }),
            genesis: self.genesis.or(file.genesis),
            opens: self.opens.or(file.opens),
            closes: self.closes.or(file.closes),
            grace: self.grace.or(file.grace),
            forget_after: self.forget_after.or(file.forget_after),
            max_ballots: self.max_ballots.or(file.max_ballots),
            roll_batch_min: self.roll_batch_min.or(file.roll_batch_min),
            ballot_batch_min: self.ballot_batch_min.or(file.ballot_batch_min),
            custody: self.custody.or(file.custody),
            gateway: if self.gateway.is_empty() {
                file.gateway
            } else {
                self.gateway
            },
            everybody: if chosen {
                self.everybody
            } else {
                file.everybody
            },
            electorate: if chosen {
                self.electorate
            } else {
                file.electorate
            },
        };
        if merged.everybody && merged.electorate.is_some() {
            return Err(Error::usage(
                "both everybody and an electorate",
                "Name one of them.",
            ));
        }
        Ok(merged)
    }

    pub(super) fn request(&self, now: u64) -> Result<DraftElectionRequest, Error> {
        let content = read_checked(&self.content, "--content", |bytes| {
            Content::parse(bytes).map(drop)
        })?;
        let ledger_keys = match &self.genesis {
            Some(genesis) if self.ledger_keys.is_none() => genesis.as_bytes().to_vec(),
            Some(_) => {
                let problem = "both ledger keys and a genesis block";
                return Err(Error::usage(
                    problem,
                    "A log has keys, a chain a first block.",
                ));
            }
            None => read_checked(&self.ledger_keys, "--ledger-keys", |bytes| {
                LedgerKeys::parse(bytes).map(drop)
            })?,
        };
        let opens = clock::parse_time(needed(&self.opens, "--opens")?, now)?;
        let closes = clock::parse_time(needed(&self.closes, "--closes")?, now)?;
        let grace = self.grace.as_deref().map_or(Ok(GRACE), clock::parse_span)?;
        let forget_after = match &self.forget_after {
            Some(text) => clock::parse_time(text, now)?,
            None => closes.saturating_add(grace).saturating_add(FORGET_AFTER),
        };
        if opens >= closes || closes.saturating_add(grace) >= forget_after {
            return Err(Error::usage(
                "the times are out of order",
                "opens comes before closes, and forget-after behind closes and grace.",
            ));
        }
        Ok(DraftElectionRequest {
            content,
            ledger_keys,
            opens,
            closes,
            grace,
            forget_after,
            max_ballots: self.max_ballots.unwrap_or(1).into(),
            roll_batch_min: self.roll_batch_min.unwrap_or(0),
            ballot_batch_min: self.ballot_batch_min.map_or(BATCH, u32::from),
            custody: u32::from(self.custody.as_deref() == Some("portal")),
            anonymity: 0,
            results: 0,
            payload: 0,
            gateways: self.gateways()?,
            entitled: Some(self.entitled()?),
        })
    }

    fn gateways(&self) -> Result<Vec<Vec<u8>>, Error> {
        if self.gateway.is_empty() {
            return Err(Error::usage(
                "no gateway",
                "Name the address of each: --gateway ADDRESS.",
            ));
        }
        let mut gateways = Vec::new();
        for text in &self.gateway {
            let address: Address = text.parse().map_err(|e| {
                Error::usage(
                    format!("{text:?} is no address: {e}"),
                    "40 hexadecimal digits.",
                )
            })?;
            gateways.push(address.as_bytes().to_vec());
        }
        gateways.sort();
        gateways.dedup();
        Ok(gateways)
    }

    fn entitled(&self) -> Result<Entitled, Error> {
        match (self.everybody, &self.electorate) {
            (true, None) => Ok(Entitled::Everybody(true)),
            (false, Some(name)) => Ok(Entitled::Electorate(name.clone())),
            _ => Err(Error::usage(
                "nobody is entitled",
                "Say --everybody or --electorate NAME.",
            )),
        }
    }
}

fn needed<'a>(setting: &'a Option<String>, option: &str) -> Result<&'a str, Error> {
    setting.as_deref().ok_or_else(|| {
        Error::usage(
            format!("{option} is missing"),
            "Give it as an option or in the --config file.",
        )
    })
}

fn read_checked(
    path: &Option<PathBuf>,
    option: &str,
    check: impl Fn(&[u8]) -> Result<(), symbolon_election::Error>,
) -> Result<Vec<u8>, Error> {
    let Some(path) = path else {
        return Err(Error::usage(
            format!("{option} is missing"),
            "Give it as an option or in the --config file.",
        ));
    };
    let bytes = files::read(path)?;
    check(&bytes).map_err(|e| Error::unreadable_file(path, e))?;
    Ok(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_go_before_the_file() {
        let file: Settings =
            toml::from_str("opens = \"1\"\ncloses = \"5\"\neverybody = true").unwrap();
        let options = Settings {
            opens: Some("2".into()),
            electorate: Some("north".into()),
            ..Settings::default()
        };
        let merged = options.over(file).unwrap();
        assert_eq!(merged.opens.as_deref(), Some("2"));
        assert_eq!(merged.closes.as_deref(), Some("5"));
        assert!(!merged.everybody);
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(toml::from_str::<Settings>("open = \"1\"").is_err());
    }
}
