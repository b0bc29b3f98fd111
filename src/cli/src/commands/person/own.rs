//! What a portal does about a person whom it has registered.

use clap::Args;
use serde_json::json;
use symbolon_api_closed::registration::{
    AmendPersonRequest, ErasePersonRequest, ResumePersonRequest, SuspendPersonRequest,
    registration_client::RegistrationClient,
};

use super::Source;
use crate::{Context, Error, context::refused, output::Report};

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/portal-main.toml person amend 5d1c… --file new-name.json

Give all attributes of the rule that every request carries, and one that identifies the person and is known.
What the person was found by before is kept.")]
pub struct Amend {
    #[command(flatten)]
    person: Known,
    #[command(flatten)]
    source: Source,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/portal-main.toml person suspend 5d1c…

Tokens that were issued stay.")]
pub struct Suspend {
    #[command(flatten)]
    person: Known,
}

#[derive(Args)]
#[command(after_help = "Example:\n  symbolon --profile pki/portal-main.toml person resume 5d1c…")]
pub struct Resume {
    #[command(flatten)]
    person: Known,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  symbolon --profile pki/portal-main.toml person erase 5d1c…

Refused while the person holds a token of an election that is open. The record is gone once officers have
decided it: symbolon erasures list, symbolon proposals draft erase-people")]
pub struct Erase {
    #[command(flatten)]
    person: Known,
}

#[derive(Args)]
struct Known {
    /// The registration ID.
    #[arg(value_name = "ID", value_parser = parse_id)]
    id: Id,
}

/// A registration ID; it is never shown.
#[derive(Clone)]
struct Id(Vec<u8>);

fn parse_id(text: &str) -> Result<Id, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match hex::decode(digits) {
        Ok(bytes) if bytes.len() == 32 => Ok(Id(bytes)),
        _ => Err("a registration ID has 64 hexadecimal digits".to_owned()),
    }
}

impl Amend {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let request = AmendPersonRequest {
            registration_id: self.person.id.0,
            person: Some(self.source.read()?),
        };
        context.call(|channel| async {
            let answer = RegistrationClient::new(channel).amend_person(request).await;
            answer.map(drop).map_err(refused)
        })?;
        Ok(done("amended", "The person is known by these, too."))
    }
}

impl Suspend {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let request = SuspendPersonRequest {
            registration_id: self.person.id.0,
        };
        context.call(|channel| async {
            let answer = RegistrationClient::new(channel)
                .suspend_person(request)
                .await;
            answer.map(drop).map_err(refused)
        })?;
        Ok(done(
            "suspended",
            "The person gets no token here and no place on later rolls.",
        ))
    }
}

impl Resume {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let request = ResumePersonRequest {
            registration_id: self.person.id.0,
        };
        context.call(|channel| async {
            let answer = RegistrationClient::new(channel)
                .resume_person(request)
                .await;
            answer.map(drop).map_err(refused)
        })?;
        Ok(done("resumed", "The person is suspended no longer."))
    }
}

impl Erase {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        let request = ErasePersonRequest {
            registration_id: self.person.id.0,
        };
        context.call(|channel| async {
            let answer = RegistrationClient::new(channel).erase_person(request).await;
            answer.map(drop).map_err(refused)
        })?;
        Ok(done(
            "detached",
            "This portal knows the person no longer. Where no other does, officers erase the record.",
        ))
    }
}

fn done(what: &str, words: &str) -> Report {
    Report::new(json!({ "person": what })).line(words)
}
