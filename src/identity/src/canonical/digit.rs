use icu_properties::props::GeneralCategory;

use super::common::category;

/// The ASCII digit of the same value, for a decimal digit of any script.
///
/// Unicode promises that decimal digits stand in unbroken runs from zero to nine, so a
/// digit's value is its distance from the start of its run.
pub(super) fn decimal(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    if !is_decimal(c) {
        return None;
    }
    let before = (1..)
        .take_while(|&n| nth_before(c, n).is_some_and(is_decimal))
        .count();
    char::from_digit((before % 10) as u32, 10)
}

fn is_decimal(c: char) -> bool {
    category(c) == GeneralCategory::DecimalNumber
}

fn nth_before(c: char, n: u32) -> Option<char> {
    char::from_u32(u32::from(c).checked_sub(n)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_stand_in_runs_of_ten() {
        let mut run = 0;
        let mut seen = 0;
        for c in '\0'..=char::MAX {
            if is_decimal(c) {
                assert_eq!(decimal(c), char::from_digit(run % 10, 10), "{:x}", c as u32);
                run += 1;
                seen += 1;
            } else {
                assert_eq!(run % 10, 0, "before {:x}", c as u32);
                run = 0;
            }
        }
        assert!(seen > 700, "{seen}");
    }

    #[test]
    fn known_digits_have_their_values() {
        for (digit, value) in [
            ('٤', '4'),
            ('۴', '4'),
            ('९', '9'),
            ('０', '0'),
            ('𝟗', '9'),
            ('๕', '5'),
        ] {
            assert_eq!(decimal(digit), Some(value));
        }
        for other in ['x', '①', '½', 'Ⅳ', '四'] {
            assert_eq!(decimal(other), None);
        }
    }
}
