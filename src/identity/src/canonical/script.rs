use unicode_script::Script;
use unicode_security::mixed_script::AugmentedScriptSet;

use super::flaw::Flaw;

/// Checks every word, where `ends` says which characters are between words.
pub(super) fn check(text: &str, ends: impl Fn(char) -> bool) -> Result<(), Flaw> {
    if text.is_ascii() || text.split(ends).all(is_highly_restrictive) {
        Ok(())
    } else {
        Err(Flaw::MixedScripts)
    }
}

/// UTS #39, section 5.2: a single script, or Latin beside the scripts that Chinese,
/// Japanese or Korean are lawfully written in.
fn is_highly_restrictive(word: &str) -> bool {
    if word.is_ascii() {
        return true;
    }
    let mut all = AugmentedScriptSet::default();
    let mut beside_latin = AugmentedScriptSet::default();
    for c in word.chars() {
        let set = AugmentedScriptSet::for_char(c);
        all.intersect_with(set);
        if !set.base.contains_script(Script::Latin) {
            beside_latin.intersect_with(set);
        }
    }
    !all.is_empty() || beside_latin.jpan || beside_latin.hanb || beside_latin.kore
}
