//! Money as integers in a currency's minor unit; no float is ever made, and no sum wraps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Violation;
use super::thousands::Thousands;

/// The largest amount of a single order, payment or price, in minor units.
pub const MAX_AMOUNT: i64 = 99_999_999_999;

/// An ISO 4217 currency that has a minor unit (no metals, no test codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// # Errors
    /// `unknown_currency` where the code isn't an upper-case ISO 4217 code of spendable money.
    pub fn parse(code: &str) -> Result<Self, Violation> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some() && currency.code() == code)
            .filter(|currency| !matches!(currency.code(), "XTS" | "XXX"))
            .map(Self)
            .ok_or_else(|| {
                Violation::new(
                    "unknown_currency",
                    "must be an upper-case ISO 4217 code, such as MYR",
                )
            })
    }

    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal places the minor unit stands for: JPY 0, MYR 2, KWD 3.
    pub fn exponent(self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = Violation;

    fn from_str(code: &str) -> Result<Self, Violation> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// 1 to [`MAX_AMOUNT`] minor units: a price, a charge, a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

impl Amount {
    /// # Errors
    /// `out_of_range` below 1 or above [`MAX_AMOUNT`].
    pub fn new(minor_units: i64) -> Result<Self, Violation> {
        if (1..=MAX_AMOUNT).contains(&minor_units) {
            Ok(Self(minor_units))
        } else {
            Err(Violation::new("out_of_range", format!("must be between 1 and {MAX_AMOUNT}")))
        }
    }

    pub fn get(self) -> i64 {
        self.0
    }

    /// This amount for each of `quantity` pieces; `None` where the product is above [`MAX_AMOUNT`].
    pub fn times(self, quantity: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(quantity)).and_then(|product| Self::new(product).ok())
    }

    /// The sum; `None` for no amounts, or where it is above [`MAX_AMOUNT`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let total =
            amounts.into_iter().try_fold(0_i64, |total, amount| total.checked_add(amount.0))?;
        Self::new(total).ok()
    }
}

impl TryFrom<i64> for Amount {
    type Error = Violation;

    fn try_from(minor_units: i64) -> Result<Self, Violation> {
        Self::new(minor_units)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An amount and what it is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub amount: Amount,
    pub currency: Currency,
}

impl fmt::Display for Money {
    /// For people: `1,234.50 MYR`, `9,900 JPY`, `9.900 KWD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, exponent) = (self.amount.get().unsigned_abs(), self.currency.exponent());
        let scale = 10_u64.saturating_pow(exponent.into());
        write!(f, "{}", Thousands(units / scale))?;
        if exponent > 0 {
            write!(f, ".{:0places$}", units % scale, places = exponent.into())?;
        }
        write!(f, " {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

    use super::{Amount, Currency, MAX_AMOUNT, Money};

    fn amounts() -> impl Strategy<Value = Amount> {
        (1..=MAX_AMOUNT).prop_map(|units| Amount::new(units).unwrap())
    }

    proptest! {
        #[test]
        fn an_amount_exists_exactly_inside_its_range(units in any::<i64>()) {
            prop_assert_eq!(Amount::new(units).is_ok(), units > 0 && units <= MAX_AMOUNT);
        }

        #[test]
        fn a_product_is_exact_or_absent(price in amounts(), quantity in any::<u32>()) {
            let exact = i128::from(price.get()) * i128::from(quantity);
            let expected = (1..=i128::from(MAX_AMOUNT)).contains(&exact).then_some(exact);
            prop_assert_eq!(price.times(quantity).map(|a| i128::from(a.get())), expected);
        }

        #[test]
        fn a_sum_is_exact_or_absent(parts in prop::collection::vec(amounts(), 0..200)) {
            let exact: i128 = parts.iter().map(|part| i128::from(part.get())).sum();
            let expected = (1..=i128::from(MAX_AMOUNT)).contains(&exact).then_some(exact);
            prop_assert_eq!(Amount::sum(parts).map(|a| i128::from(a.get())), expected);
        }

        #[test]
        fn what_a_person_sees_is_every_minor_unit(
            units in 1..=MAX_AMOUNT,
            code in prop::sample::select(vec!["JPY", "MYR", "KWD", "CLF"]),
        ) {
            let money = money(units, code);
            let shown = money.to_string();
            let (number, currency) = shown.split_once(' ').unwrap();
            prop_assert_eq!(currency, code);
            let (whole, places) = number.split_once('.').unwrap_or((number, ""));
            prop_assert_eq!(places.len(), usize::from(money.currency.exponent()));
            let digits = whole.replace(',', "") + places;
            prop_assert_eq!(digits.parse(), Ok(units));
        }
    }

    fn money(units: i64, code: &str) -> Money {
        let (amount, currency) = (Amount::new(units).unwrap(), Currency::parse(code).unwrap());
        Money { amount, currency }
    }

    #[test]
    fn a_person_sees_the_places_of_the_currency_and_groups_of_three() {
        for (units, code, shown) in [
            (123_450, "MYR", "1,234.50 MYR"),
            (9_905, "MYR", "99.05 MYR"),
            (1, "MYR", "0.01 MYR"),
            (9_900, "JPY", "9,900 JPY"),
            (1, "JPY", "1 JPY"),
            (9_900, "KWD", "9.900 KWD"),
            (5, "KWD", "0.005 KWD"),
            (12_345, "CLF", "1.2345 CLF"),
            (MAX_AMOUNT, "MYR", "999,999,999.99 MYR"),
            (MAX_AMOUNT, "JPY", "99,999,999,999 JPY"),
        ] {
            assert_eq!(money(units, code).to_string(), shown);
        }
    }

    #[test]
    fn only_spendable_upper_case_codes_are_currencies() {
        for code in ["myr", "MY", "RINGGIT", "XAU", "XXX", "XTS", "", "MYR "] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }
}
