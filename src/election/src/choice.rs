//! A plain choice: per question a count byte, then that many option numbers.
//!
//! Options are numbered from 1 and stand in strictly ascending order. A count of 0
//! is a blank, where the question's least is 0.

use smallvec::SmallVec;

use crate::{Error, QuestionShape, Shape};

/// What was chosen, per question; fits the shape it was made for. Kept as it is written: a
/// verifier holds one for each place that voted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selections(SmallVec<[u8; 16]>);

impl Selections {
    /// Checks option numbers against the shape.
    pub fn new(selections: Vec<Vec<u8>>, shape: &Shape) -> Result<Self, Error> {
        let questions = shape.questions();
        if selections.len() != questions.len() {
            let question = questions.len().min(selections.len()) + 1;
            return Err(Error::Choice {
                question,
                rule: "one selection for each question",
            });
        }
        let mut choice = SmallVec::new();
        for (at, (chosen, question)) in selections.iter().zip(questions).enumerate() {
            check_at(at + 1, chosen, *question)?;
            let count = u8::try_from(chosen.len()).expect("at most 255 options, just checked");
            choice.push(count);
            choice.extend_from_slice(chosen);
        }
        Ok(Self(choice))
    }

    /// Reads a choice: all questions, nothing behind them.
    pub fn parse(choice: &[u8], shape: &Shape) -> Result<Self, Error> {
        let mut rest = choice;
        for (at, question) in shape.questions().iter().enumerate() {
            let (chosen, tail) = split(rest).ok_or(Error::Choice {
                question: at + 1,
                rule: "the choice ends too early",
            })?;
            check_at(at + 1, chosen, *question)?;
            rest = tail;
        }
        match rest.is_empty() {
            true => Ok(Self(choice.into())),
            false => Err(Error::Choice {
                question: shape.questions().len(),
                rule: "nothing stands behind the last question",
            }),
        }
    }

    /// Writes the choice.
    pub fn encode(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// The chosen options of each question; an empty list is a blank.
    pub fn questions(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            let (chosen, tail) = split(rest)?;
            rest = tail;
            Some(chosen)
        })
    }
}

/// The options of one question, and what stands behind them.
fn split(choice: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&count, tail) = choice.split_first()?;
    tail.split_at_checked(usize::from(count))
}

fn check_at(number: usize, chosen: &[u8], question: QuestionShape) -> Result<(), Error> {
    check(chosen, question).map_err(|rule| Error::Choice {
        question: number,
        rule,
    })
}

fn check(chosen: &[u8], question: QuestionShape) -> Result<(), &'static str> {
    if chosen.len() < usize::from(question.least()) {
        return Err("fewer options than the question asks for");
    }
    if chosen.len() > usize::from(question.most()) {
        return Err("more options than the question allows");
    }
    if !chosen.is_sorted_by(|a, b| a < b) {
        return Err("options are in strictly ascending order");
    }
    let in_range = |option: &u8| (1..=question.options()).contains(option);
    match chosen.iter().all(in_range) {
        true => Ok(()),
        false => Err("options are numbered from 1 to their number"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape() -> Shape {
        Shape::parse(&[3, 0, 2, 2, 1, 1]).unwrap()
    }

    #[test]
    fn a_choice_reads_back() {
        for choice in [&[0, 1, 2][..], &[1, 3, 1, 1], &[2, 1, 3, 1, 2]] {
            assert_eq!(
                Selections::parse(choice, &shape()).unwrap().encode(),
                choice
            );
        }
    }

    #[test]
    fn zeros_are_no_choice() {
        assert!(Selections::parse(&[0, 0, 0], &shape()).is_err());
    }

    #[test]
    fn wrong_options_are_refused() {
        for choice in [
            &[2, 3, 1, 1, 1][..],
            &[2, 1, 1, 1, 1],
            &[1, 4, 1, 1],
            &[1, 0, 1, 1],
            &[3, 1, 2, 3, 1, 1],
            &[1, 1, 0],
            &[1, 1],
            &[1],
            &[],
            &[0, 1, 1, 0],
        ] {
            assert!(Selections::parse(choice, &shape()).is_err(), "{choice:?}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_encodes_to_the_same(choice in proptest::collection::vec(0u8..5, 0..8)) {
            if let Ok(selections) = Selections::parse(&choice, &shape()) {
                prop_assert_eq!(selections.encode(), choice);
            }
        }
    }
}
