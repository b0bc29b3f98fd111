use serde::{Deserialize, Serialize};

/// An equation of letters that a language community makes in practice. An option of the
/// schema for names and text; works on the case-folded form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fold {
    /// Persian and Urdu typed on Arabic keyboards: U+064A and U+0649 as U+06CC, U+0643 as
    /// U+06A9.
    #[serde(rename = "arabic-yeh-kaf-as-persian")]
    ArabicYehKafAsPersian,
    /// Turkish and Azerbaijani names in capitals: `ı` and `i̇` as `i`.
    #[serde(rename = "dotless-i-as-i")]
    DotlessIAsI,
    /// Russian: `ё` as `е`.
    #[serde(rename = "yo-as-ye")]
    YoAsYe,
}

impl Fold {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 3] = [Self::ArabicYehKafAsPersian, Self::DotlessIAsI, Self::YoAsYe];

    /// The word that stands for it in schemas and in rule IDs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ArabicYehKafAsPersian => "arabic-yeh-kaf-as-persian",
            Self::DotlessIAsI => "dotless-i-as-i",
            Self::YoAsYe => "yo-as-ye",
        }
    }

    fn apply(self, text: &mut String) {
        match self {
            Self::ArabicYehKafAsPersian => replace(text, |c| match c {
                '\u{64a}' | '\u{649}' => '\u{6cc}',
                '\u{643}' => '\u{6a9}',
                c => c,
            }),
            Self::DotlessIAsI => {
                replace(text, |c| if c == 'ı' { 'i' } else { c });
                drop_dots(text);
            }
            Self::YoAsYe => replace(text, |c| if c == 'ё' { 'е' } else { c }),
        }
    }
}

/// A set of folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Folds(u8);

impl Folds {
    /// No folds.
    pub const NONE: Self = Self(0);

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The folds, in the order of their names.
    pub fn iter(self) -> impl Iterator<Item = Fold> {
        Fold::ALL
            .into_iter()
            .filter(move |fold| self.0 & bit(*fold) != 0)
    }

    pub(super) fn apply(self, text: &mut String) {
        for fold in self.iter() {
            fold.apply(text);
        }
    }
}

impl FromIterator<Fold> for Folds {
    fn from_iter<I: IntoIterator<Item = Fold>>(folds: I) -> Self {
        Self(folds.into_iter().fold(0, |set, fold| set | bit(fold)))
    }
}

fn bit(fold: Fold) -> u8 {
    1 << fold as u8
}

/// Replaces characters one by one, and wipes the old text.
fn replace(text: &mut String, with: impl Fn(char) -> char) {
    if text.chars().any(|c| with(c) != c) {
        let mut old = std::mem::take(text);
        text.reserve(old.len());
        text.extend(old.chars().map(with));
        zeroize::Zeroize::zeroize(&mut old);
    }
}

/// Drops U+0307 directly after `i`.
fn drop_dots(text: &mut String) {
    let mut before = '\0';
    text.retain(|c| {
        let keep = !(c == '\u{307}' && before == 'i');
        if keep {
            before = c;
        }
        keep
    });
}
