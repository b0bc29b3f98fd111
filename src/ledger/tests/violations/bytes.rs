//! Bytes that nobody meant.

use proptest::prelude::*;
use symbolon_election::Entry;

use crate::support::Script;

#[test]
fn every_entry_of_the_script_has_one_encoding() {
    for (entry, _) in Script::whole(8).entries {
        assert_eq!(Entry::decode(&entry).unwrap().encode(), entry);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_flipped_byte_of_an_entry_is_verified(entry in 0_usize..9, place: prop::sample::Index, flip in 1_u8..) {
        let mut script = Script::whole(4);
        let entry = entry % script.entries.len();
        let bytes = &mut script.entries[entry].0;
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert!(!script.report().verdict.is_verified(), "entry {entry}, byte {place}");
    }

    #[test]
    fn arbitrary_entries_never_panic(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut script = Script::opened(2);
        entries.into_iter().for_each(|entry| script.push(entry));
        let _ = script.report();
    }
}
