//! A whole number as a person reads it, `1,234,567`; knows no currency and no fraction.

use std::fmt::{self, Write};

/// Its digits in groups of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thousands(pub u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::Thousands;

    #[test]
    fn three_digits_make_a_group_from_the_right() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (99_999, "99,999"),
            (1_000_000, "1,000,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(Thousands(number).to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn no_digit_is_lost_and_every_group_but_the_first_is_whole(number in any::<u64>()) {
            let shown = Thousands(number).to_string();
            prop_assert_eq!(shown.replace(',', "").parse(), Ok(number));
            let mut groups = shown.split(',');
            prop_assert!((1..=3).contains(&groups.next().unwrap().len()), "{}", shown);
            prop_assert!(groups.all(|group| group.len() == 3), "{}", shown);
        }
    }
}
