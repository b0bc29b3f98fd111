//! The content of an election: what is asked, in every language.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use crate::shape::MAX_QUESTIONS;
use crate::{ContentHash, Error, QuestionShape, Shape, VERSION, json};

const WHAT: &str = "content";
/// The most bytes of a content file.
pub const LIMIT: usize = 1024 * 1024;
const MAX_LANGUAGE: usize = 35;
const MAX_TEXT: usize = 64 * 1024;
const WHOLE: u16 = 10_000;

/// A text in each language, by BCP 47 tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LocalizedText(BTreeMap<String, String>);

impl LocalizedText {
    /// A text in one language.
    pub fn new(language: &str, text: &str) -> Self {
        Self::default().with(language, text)
    }

    /// The same text with another language.
    pub fn with(mut self, language: &str, text: &str) -> Self {
        self.0.insert(language.to_owned(), text.to_owned());
        self
    }

    /// The text in a language.
    pub fn get(&self, language: &str) -> Option<&str> {
        self.0.get(language).map(String::as_str)
    }

    /// The text in a language, or else in English, or else in the first one.
    pub fn best(&self, language: &str) -> &str {
        let first = || self.0.values().next().map_or("", String::as_str);
        self.get(language)
            .or_else(|| self.get("en"))
            .unwrap_or_else(first)
    }

    /// The languages it is in.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for LocalizedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;

        impl<'de> Visitor<'de> for Once {
            type Value = LocalizedText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of languages and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((language, text)) = map.next_entry::<String, String>()? {
                    if texts.insert(language, text).is_some() {
                        return Err(A::Error::custom("a language stands twice"));
                    }
                }
                Ok(LocalizedText(texts))
            }
        }

        deserializer.deserialize_map(Once)
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// A few words.
    pub title: LocalizedText,
    /// The question in full.
    pub text: LocalizedText,
    /// The options in order; option 1 is the first.
    pub options: Vec<LocalizedText>,
    /// How many to choose at least; 0 allows a blank.
    pub least: u8,
    /// How many to choose at most.
    pub most: u8,
}

/// What an election asks, as its content file says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    version: String,
    title: LocalizedText,
    text: LocalizedText,
    questions: Vec<Question>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quorum: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<u16>,
}

impl Content {
    /// A content without quorum and threshold. Every text is in the same languages.
    pub fn new(
        title: LocalizedText,
        text: LocalizedText,
        questions: Vec<Question>,
    ) -> Result<Self, Error> {
        let version = VERSION.to_owned();
        let content = Self {
            version,
            title,
            text,
            questions,
            quorum: None,
            threshold: None,
        };
        content.check()?;
        Ok(content)
    }

    /// With a quorum to display: which share of the roll has to vote, in hundredths
    /// of a percent.
    pub fn with_quorum(mut self, quorum: u16) -> Result<Self, Error> {
        self.quorum = Some(quorum);
        self.check()?;
        Ok(self)
    }

    /// With a threshold to display: which share of the counted ballots an option
    /// needs, in hundredths of a percent.
    pub fn with_threshold(mut self, threshold: u16) -> Result<Self, Error> {
        self.threshold = Some(threshold);
        self.check()?;
        Ok(self)
    }

    /// Reads the JSON file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let content: Self = json::parse(WHAT, LIMIT, bytes)?;
        json::check_version(WHAT, &content.version)?;
        content.check()?;
        Ok(content)
    }

    /// Writes the JSON file.
    pub fn to_json(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// The election's title.
    pub fn title(&self) -> &LocalizedText {
        &self.title
    }

    /// What it is about.
    pub fn text(&self) -> &LocalizedText {
        &self.text
    }

    /// The questions in order.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Which share of the roll has to vote, in hundredths of a percent.
    pub fn quorum(&self) -> Option<u16> {
        self.quorum
    }

    /// Which share of the counted ballots an option needs, in hundredths of a percent.
    pub fn threshold(&self) -> Option<u16> {
        self.threshold
    }

    /// The shape for the manifest.
    pub fn shape(&self) -> Shape {
        shape(&self.questions).expect("checked when made")
    }

    fn check(&self) -> Result<(), Error> {
        shape(&self.questions)?;
        let languages: Vec<&str> = self.title.languages().collect();
        if languages.is_empty() || !languages.iter().all(|language| is_language(language)) {
            return Err(Error::member(
                WHAT,
                "title",
                "at least one language, by BCP 47 tag",
            ));
        }
        check_text("title", &self.title, &languages)?;
        check_text("text", &self.text, &languages)?;
        for question in &self.questions {
            check_text("questions.title", &question.title, &languages)?;
            check_text("questions.text", &question.text, &languages)?;
            for option in &question.options {
                check_text("questions.options", option, &languages)?;
            }
        }
        check_share("quorum", self.quorum)?;
        check_share("threshold", self.threshold)
    }
}

/// SHA-256 of a published file: its name.
pub fn content_hash(bytes: &[u8]) -> ContentHash {
    ContentHash::new(Sha256::digest(bytes).into())
}

fn shape(questions: &[Question]) -> Result<Shape, Error> {
    if questions.len() > MAX_QUESTIONS {
        return Err(Error::member(WHAT, "questions", "1 to 32"));
    }
    let shape = |question: &Question| {
        let options = u8::try_from(question.options.len())
            .map_err(|_| Error::member(WHAT, "questions.options", "1 to 255"))?;
        QuestionShape::new(options, question.least, question.most)
    };
    Shape::new(questions.iter().map(shape).collect::<Result<_, _>>()?)
}

fn is_language(tag: &str) -> bool {
    let parts_fine = tag.split('-').all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    parts_fine && tag.len() <= MAX_LANGUAGE
}

fn check_text(member: &'static str, text: &LocalizedText, languages: &[&str]) -> Result<(), Error> {
    if !text.languages().eq(languages.iter().copied()) {
        return Err(Error::member(WHAT, member, "in the languages of the title"));
    }
    let unwanted = |c: char| c.is_control() && c != '\n';
    let fine = |text: &String| text.len() <= MAX_TEXT && !text.contains(unwanted);
    match text.0.values().all(fine) {
        true => Ok(()),
        false => Err(Error::member(
            WHAT,
            member,
            "at most 64 KiB, no control characters",
        )),
    }
}

fn check_share(member: &'static str, share: Option<u16>) -> Result<(), Error> {
    match share.is_none_or(|share| share <= WHOLE) {
        true => Ok(()),
        false => Err(Error::member(
            WHAT,
            member,
            "at most 10000 hundredths of a percent",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> LocalizedText {
        LocalizedText::new("en", text).with("ru", text)
    }

    fn question() -> Question {
        Question {
            title: text("Colour"),
            text: text("Which colour?"),
            options: vec![text("red"), text("green")],
            least: 0,
            most: 1,
        }
    }

    fn content() -> Content {
        Content::new(text("Poll"), text("A poll"), vec![question(), question()]).unwrap()
    }

    #[test]
    fn a_content_reads_back_and_gives_the_shape() {
        let content = content()
            .with_quorum(2500)
            .unwrap()
            .with_threshold(5000)
            .unwrap();
        assert_eq!(Content::parse(&content.to_json()).unwrap(), content);
        assert_eq!(content.shape().encode(), [2, 0, 1, 2, 0, 1]);
    }

    #[test]
    fn a_missing_translation_is_refused() {
        let mut other = question();
        other.options[1] = LocalizedText::new("en", "green");
        assert!(Content::new(text("Poll"), text("A poll"), vec![other]).is_err());
    }

    #[test]
    fn no_question_and_33_are_refused() {
        assert!(Content::new(text("Poll"), text(""), vec![]).is_err());
        assert!(Content::new(text("Poll"), text(""), vec![question(); 33]).is_err());
    }

    #[test]
    fn control_characters_and_wrong_languages_are_refused() {
        assert!(Content::new(text("a\u{7}"), text(""), vec![question()]).is_err());
        let odd = LocalizedText::new("e n", "x");
        assert!(Content::new(odd.clone(), odd, vec![]).is_err());
    }

    #[test]
    fn a_language_twice_is_refused() {
        let json = String::from_utf8(content().to_json()).unwrap();
        let doubled = json.replacen("{\"en\":\"red\"", "{\"en\":\"x\",\"en\":\"red\"", 1);
        assert_ne!(json, doubled);
        assert!(Content::parse(doubled.as_bytes()).is_err());
    }

    #[test]
    fn unknown_members_are_refused_without_their_values() {
        let json = String::from_utf8(content().to_json()).unwrap();
        let altered = json.replacen("\"version\"", "\"secret\":\"planted\",\"version\"", 1);
        let error = Content::parse(altered.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains("planted") && !error.contains("secret"));
    }
}
