//! Stock: who gets the last piece. Pure, so that a batch of orders is decided the same way every time.

use std::collections::BTreeMap;

use super::Violation;
use super::ids::ProductId;
use super::money::{Amount, Currency};
use super::order::{OrderLine, PlaceOrderRefusal, PricedOrder, RequestedLine, Shortage};
use super::violation::text;

/// What the catalogue offers for one product at the moment its stock row is locked.
#[derive(Debug, Clone)]
pub struct Offer {
    pub sku: String,
    pub name: String,
    pub unit_amount: Amount,
    pub currency: Currency,
    pub active: bool,
    pub available: i64,
}

/// By how much somebody changes a stock by hand: ±1 to ±1 000 000 000 pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockDelta(i64);

impl StockDelta {
    /// # Errors
    /// `out_of_range` for 0 and beyond ±1 000 000 000.
    pub fn new(pieces: i64) -> Result<Self, Violation> {
        if pieces != 0 && (-1_000_000_000..=1_000_000_000).contains(&pieces) {
            Ok(Self(pieces))
        } else {
            Err(Violation::new(
                "out_of_range",
                "must be between -1000000000 and 1000000000, and not 0",
            ))
        }
    }

    pub fn get(self) -> i64 {
        self.0
    }
}

/// Why somebody changed a stock by hand: 1–200 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentReason(String);

impl AdjustmentReason {
    /// # Errors
    /// `too_short`, `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 1, 200)?;
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is left of each product while the orders of a batch are decided one after the other.
#[derive(Debug)]
pub struct Shelf {
    offers: BTreeMap<ProductId, Offer>,
    taken: BTreeMap<ProductId, i64>,
}

impl Shelf {
    pub fn new(offers: BTreeMap<ProductId, Offer>) -> Self {
        Self { offers, taken: BTreeMap::new() }
    }

    /// Prices one order and takes its stock, or refuses it and takes nothing.
    ///
    /// # Errors
    /// The first reason in this order: unknown product, mixed currencies, amount out of range, shortage.
    pub fn take(&mut self, lines: &[RequestedLine]) -> Result<PricedOrder, PlaceOrderRefusal> {
        let (currency, lines) = self.price(lines)?;
        let total = Amount::sum(lines.iter().map(|line| line.amount))
            .ok_or(PlaceOrderRefusal::TotalOutOfRange)?;
        let wanted = wanted_by_product(&lines);
        let shortages: Vec<_> = wanted
            .iter()
            .map(|(product, requested)| Shortage {
                product_id: *product,
                requested: *requested,
                available: self.offers.get(product).map_or(0, |offer| offer.available),
            })
            .filter(|shortage| shortage.requested > shortage.available)
            .collect();
        if !shortages.is_empty() {
            return Err(PlaceOrderRefusal::InsufficientStock { items: shortages });
        }
        for (product, quantity) in wanted {
            if let Some(offer) = self.offers.get_mut(&product) {
                offer.available -= quantity;
            }
            *self.taken.entry(product).or_default() += quantity;
        }
        Ok(PricedOrder { currency, total, lines })
    }

    /// How much of each product the accepted orders took, in id order.
    pub fn taken(&self) -> impl Iterator<Item = (ProductId, i64)> + '_ {
        self.taken.iter().map(|(product, quantity)| (*product, *quantity))
    }

    fn price(
        &self,
        lines: &[RequestedLine],
    ) -> Result<(Currency, Vec<OrderLine>), PlaceOrderRefusal> {
        let mut currency = None;
        let mut priced = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let offer = self
                .offers
                .get(&line.product_id)
                .filter(|offer| offer.active)
                .ok_or(PlaceOrderRefusal::UnknownProduct { index })?;
            let first = *currency.get_or_insert(offer.currency);
            if first != offer.currency {
                return Err(PlaceOrderRefusal::MixedCurrencies {
                    index,
                    first,
                    other: offer.currency,
                });
            }
            let amount = offer
                .unit_amount
                .times(line.quantity.get())
                .ok_or(PlaceOrderRefusal::TotalOutOfRange)?;
            priced.push(OrderLine {
                product_id: line.product_id,
                sku: offer.sku.clone(),
                name: offer.name.clone(),
                quantity: line.quantity,
                unit_amount: offer.unit_amount,
                amount,
            });
        }
        currency.map(|currency| (currency, priced)).ok_or(PlaceOrderRefusal::TotalOutOfRange)
    }
}

fn wanted_by_product(lines: &[OrderLine]) -> BTreeMap<ProductId, i64> {
    let mut wanted = BTreeMap::new();
    for line in lines {
        *wanted.entry(line.product_id).or_insert(0) += i64::from(line.quantity.get());
    }
    wanted
}
