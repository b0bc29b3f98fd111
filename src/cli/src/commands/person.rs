mod own;

use std::{
    collections::{HashMap, hash_map::Entry},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use serde_json::json;
use symbolon_api_closed::registration::{
    CheckPersonRequest, Person as Attributes, RegisterPersonRequest,
    registration_client::RegistrationClient,
};

use crate::{
    Context, Error,
    context::refused,
    files,
    output::{Report, Table, printable},
};

#[derive(Subcommand)]
pub enum Person {
    /// Registers one person, or finds the person that is known.
    Register(Register),
    /// Says what is wrong with the form of a person's attributes.
    Check(Check),
    /// Adds corrected data of a person; the registration ID stays.
    Amend(own::Amend),
    /// Speaks for a person no longer: no token, no place on later rolls.
    Suspend(own::Suspend),
    /// Speaks for a person again.
    Resume(own::Resume),
    /// Forgets a person; once no portal knows the person, officers erase the record.
    Erase(own::Erase),
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/portal-main.toml person register --attribute family_name=Doe --attribute given_name=Jane --attribute birth_date=1990-05-17 --attribute document=AB123456\n\nOther users of this machine can see its command lines: prefer --file."
)]
pub struct Register {
    #[command(flatten)]
    source: Source,
}

#[derive(Args)]
#[command(
    after_help = "Example:\n  symbolon --profile pki/portal-main.toml person check --file person.json"
)]
pub struct Check {
    #[command(flatten)]
    source: Source,
}

#[derive(Args)]
struct Source {
    /// One attribute of the person.
    #[arg(
        long = "attribute",
        value_name = "NAME=VALUE",
        required_unless_present = "file"
    )]
    attributes: Vec<String>,
    /// A JSON object of attributes, names to strings.
    #[arg(long, value_name = "FILE", conflicts_with = "attributes")]
    file: Option<PathBuf>,
}

impl Person {
    pub(super) fn run(self, context: &Context) -> Result<Report, Error> {
        match self {
            Self::Register(command) => command.run(context),
            Self::Check(command) => command.run(context),
            Self::Amend(command) => command.run(context),
            Self::Suspend(command) => command.run(context),
            Self::Resume(command) => command.run(context),
            Self::Erase(command) => command.run(context),
        }
    }
}

impl Register {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let person = Some(self.source.read()?);
        let answer = context.call(|channel| async {
            let request = RegisterPersonRequest { person };
            let answer = RegistrationClient::new(channel)
                .register_person(request)
                .await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        let id = hex::encode(answer.registration_id);
        Ok(Report::new(json!({"registrationId": id})).facts([("registration ID", id)]))
    }
}

impl Check {
    fn run(self, context: &Context) -> Result<Report, Error> {
        let person = Some(self.source.read()?);
        let answer = context.call(|channel| async {
            let request = CheckPersonRequest { person };
            let answer = RegistrationClient::new(channel).check_person(request).await;
            Ok(answer.map_err(refused)?.into_inner())
        })?;
        let problems = answer.problems;
        let value: Vec<_> = problems
            .iter()
            .map(|p| json!({"field": p.field, "reason": p.reason, "description": p.description}))
            .collect();
        let report = Report::new(json!({"problems": value})).failed_if(!problems.is_empty());
        if problems.is_empty() {
            return Ok(report.line("The form is right."));
        }
        let mut table = Table::new(&["attribute", "reason", "what is wrong"]);
        for problem in &problems {
            table.row(
                [&problem.field, &problem.reason, &problem.description].map(|text| printable(text)),
            );
        }
        Ok(report.table(&table))
    }
}

impl Source {
    fn read(&self) -> Result<Attributes, Error> {
        let attributes = match &self.file {
            Some(path) => serde_json::from_slice(&files::read(path)?)
                // The parser's own words could repeat a value.
                .map_err(|e| {
                    Error::unreadable_file(
                        path,
                        format!("line {}: not a JSON object of strings", e.line()),
                    )
                })?,
            None => pairs(&self.attributes)?,
        };
        Ok(Attributes { attributes })
    }
}

fn pairs(arguments: &[String]) -> Result<HashMap<String, String>, Error> {
    let mut attributes = HashMap::new();
    for argument in arguments {
        let (name, value) = argument.split_once('=').ok_or_else(|| {
            Error::usage("an attribute has no '='", "Write --attribute name=value.")
        })?;
        match attributes.entry(name.to_owned()) {
            Entry::Vacant(place) => place.insert(value.to_owned()),
            Entry::Occupied(_) => {
                return Err(Error::usage(
                    format!("the attribute {name:?} is given twice"),
                    "Give each attribute once.",
                ));
            }
        };
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_s_value_may_hold_an_equals_sign() {
        let found = pairs(&["a=b=c".into()]).unwrap();
        assert_eq!(found["a"], "b=c");
    }

    #[test]
    fn errors_about_attributes_repeat_no_value() {
        let error = pairs(&["Smith".into()]).unwrap_err();
        assert!(!error.to_string().contains("Smith"));
        let twice = pairs(&["a=Smith".into(), "a=Jones".into()]).unwrap_err();
        assert!(!twice.to_string().contains("Jones"));
    }
}
