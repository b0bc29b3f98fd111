//! How many questions and options an election has.

use crate::Error;

/// The most questions of one election.
pub const MAX_QUESTIONS: usize = 32;

/// One question: how many options, and how many of them to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuestionShape {
    options: u8,
    least: u8,
    most: u8,
}

impl QuestionShape {
    /// A question with 1 to 255 options, of which `least` to `most` are chosen.
    pub fn new(options: u8, least: u8, most: u8) -> Result<Self, Error> {
        let refuse = |rule| Err(Error::field("Manifest", "shape", rule));
        if options == 0 {
            return refuse("a question has at least one option");
        }
        if least > most {
            return refuse("the least to choose is at most the most");
        }
        if most > options {
            return refuse("the most to choose is at most the number of options");
        }
        Ok(Self {
            options,
            least,
            most,
        })
    }

    /// How many options there are.
    pub const fn options(self) -> u8 {
        self.options
    }

    /// How many to choose at least; 0 allows a blank.
    pub const fn least(self) -> u8 {
        self.least
    }

    /// How many to choose at most.
    pub const fn most(self) -> u8 {
        self.most
    }
}

/// The questions of an election, 1 to 32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Vec<QuestionShape>);

impl Shape {
    /// A shape of 1 to 32 questions.
    pub fn new(questions: Vec<QuestionShape>) -> Result<Self, Error> {
        if questions.is_empty() || questions.len() > MAX_QUESTIONS {
            return Err(Error::field("Manifest", "shape", "1 to 32 questions"));
        }
        Ok(Self(questions))
    }

    /// Reads three bytes a question: options, least, most.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (questions, rest) = bytes.as_chunks::<3>();
        if !rest.is_empty() {
            return Err(Error::field("Manifest", "shape", "three bytes a question"));
        }
        let questions = questions
            .iter()
            .map(|&[options, least, most]| QuestionShape::new(options, least, most))
            .collect::<Result<_, _>>()?;
        Self::new(questions)
    }

    /// Writes what [`Shape::parse`] reads.
    pub fn encode(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|q| [q.options, q.least, q.most])
            .collect()
    }

    /// The questions in order.
    pub fn questions(&self) -> &[QuestionShape] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn impossible_questions_are_refused() {
        for (options, least, most) in [(0, 0, 0), (3, 2, 1), (3, 1, 4)] {
            assert!(QuestionShape::new(options, least, most).is_err());
        }
    }

    #[test]
    fn no_question_and_33_questions_are_refused() {
        assert!(Shape::parse(&[]).is_err());
        assert!(Shape::parse(&[1, 1, 1].repeat(32)).is_ok());
        assert!(Shape::parse(&[1, 1, 1].repeat(33)).is_err());
        assert!(Shape::parse(&[1, 1, 1, 1]).is_err());
    }

    proptest! {
        #[test]
        fn what_parses_encodes_to_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..99)) {
            if let Ok(shape) = Shape::parse(&bytes) {
                prop_assert_eq!(shape.encode(), bytes);
            }
        }
    }
}
