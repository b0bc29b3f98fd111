use std::io::{BufRead, IsTerminal};

use clap::Args;
use symbolon_election::{Content, Question, Selections};

use crate::{
    Error,
    device::Paper,
    output::{printable, to_stderr},
};

/// What the voter chose.
#[derive(Args)]
pub(super) struct ChoiceOptions {
    /// Options by number, questions apart by `;`: `1;2,3` takes option 1, then options 2 and 3. Nothing is a blank.
    /// Asked for where absent.
    #[arg(long, value_name = "CHOICES")]
    choices: Option<String>,
    /// The language of the questions.
    #[arg(long, default_value = "en")]
    language: String,
}

impl ChoiceOptions {
    /// The choices, checked against the questions.
    pub(super) fn selections(&self, paper: &Paper) -> Result<Selections, Error> {
        let chosen = match &self.choices {
            Some(text) => parse(text)?,
            None => ask(paper.content(), &self.language)?,
        };
        Selections::new(chosen, paper.manifest().shape()).map_err(|e| {
            Error::usage(
                e.to_string(),
                "Look at the questions: `symbolon vote elections`.",
            )
        })
    }
}

fn parse(text: &str) -> Result<Vec<Vec<u8>>, Error> {
    text.split(';').map(parse_one).collect()
}

fn parse_one(text: &str) -> Result<Vec<u8>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut chosen = text
        .split([',', ' '])
        .filter(|number| !number.is_empty())
        .map(|number| {
            number.parse().map_err(|_| {
                Error::usage(
                    "a choice is not the number of an option",
                    "Write like 1;2,3.",
                )
            })
        })
        .collect::<Result<Vec<u8>, _>>()?;
    chosen.sort_unstable();
    Ok(chosen)
}

/// The questions for people.
pub(super) fn describe(content: &Content, language: &str) -> Vec<String> {
    let mut lines = vec![printable(content.title().best(language))];
    for (at, question) in content.questions().iter().enumerate() {
        lines.extend(describe_one(at + 1, question, language));
    }
    lines
}

fn describe_one(number: usize, question: &Question, language: &str) -> Vec<String> {
    let mut lines = vec![format!(
        "  {number}. {} (choose {})",
        printable(question.text.best(language)),
        how_many(question)
    )];
    for (at, option) in question.options.iter().enumerate() {
        lines.push(format!(
            "     {}  {}",
            at + 1,
            printable(option.best(language))
        ));
    }
    lines
}

fn how_many(question: &Question) -> String {
    match (question.least, question.most) {
        (0, most) => format!("up to {most}, or none"),
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least} to {most}"),
    }
}

fn ask(content: &Content, language: &str) -> Result<Vec<Vec<u8>>, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage(
            "no choices, and nobody to ask",
            "Give them: --choices '1;2,3'.",
        ));
    }
    let mut chosen = Vec::new();
    for (at, question) in content.questions().iter().enumerate() {
        let lines = describe_one(at + 1, question, language).join("\n");
        to_stderr(&format!("{lines}\n     Your choice: "));
        let mut answer = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|e| Error::unreadable("standard input", e))?;
        chosen.push(parse_one(&answer)?);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn questions_are_apart_by_semicolons_and_blanks_are_nothing() {
        assert_eq!(parse("1;3, 2;").unwrap(), [vec![1], vec![2, 3], vec![]]);
        assert_eq!(parse("").unwrap(), [Vec::<u8>::new()]);
        assert!(parse("1;x").is_err());
        assert!(parse("300").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
