//! Quantiles out of a histogram's buckets, and how wrong they can be; pure.
//!
//! A histogram says how many samples lie below each bound, not where. The quantile lies somewhere in the bucket that its
//! rank falls into: [`Quantile::low`] and [`Quantile::high`] are that bucket's bounds, so the true value is between them,
//! and the estimate, which takes the bucket's samples as spread evenly (as Prometheus' `histogram_quantile` does), is wrong
//! by less than the bucket is wide. Above the last bound nothing is known but the bound: there the estimate is the bound
//! itself, and there is no `high`.

/// How many samples lie at or below a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    /// `+Inf` for the last one.
    pub bound: f64,
    /// Of all samples up to the bound, as Prometheus counts.
    pub count: f64,
}

/// Where a quantile lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantile {
    pub low: f64,
    pub estimate: f64,
    /// `None` beyond the last bound.
    pub high: Option<f64>,
}

/// The quantile `q`, from 0 to 1, of buckets in the order of their bounds; `None` where there is no sample.
pub(super) fn quantile(buckets: &[Bucket], q: f64) -> Option<Quantile> {
    let all = buckets.last()?.count;
    if all <= 0.0 {
        return None;
    }
    let rank = q * all;
    let mut below = Bucket { bound: 0.0, count: 0.0 };
    for bucket in buckets {
        // The rank of the smallest sample is the first that is above nothing.
        if bucket.count >= rank && bucket.count > 0.0 {
            return Some(within(below, *bucket, rank));
        }
        below = *bucket;
    }
    None
}

fn within(below: Bucket, bucket: Bucket, rank: f64) -> Quantile {
    let low = below.bound;
    if bucket.bound.is_infinite() {
        return Quantile { low, estimate: low, high: None };
    }
    let inside = bucket.count - below.count;
    let share = if inside > 0.0 { ((rank - below.count) / inside).clamp(0.0, 1.0) } else { 1.0 };
    let estimate = low + (bucket.bound - low) * share;
    Quantile { low, estimate, high: Some(bucket.bound) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, proptest};

    use super::{Bucket, quantile};

    const BOUNDS: [f64; 5] = [0.01, 0.05, 0.1, 1.0, f64::INFINITY];

    fn counted(samples: &[f64]) -> Vec<Bucket> {
        let count = |bound| samples.iter().filter(|sample| **sample <= bound).count();
        BOUNDS
            .map(|bound| Bucket { bound, count: f64::from(u32::try_from(count(bound)).unwrap()) })
            .to_vec()
    }

    #[test]
    fn without_a_sample_there_is_no_quantile() {
        assert_eq!(quantile(&counted(&[]), 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn beyond_the_last_bound_only_the_bound_is_known() {
        let found = quantile(&counted(&[0.02, 7.0, 8.0]), 0.99).unwrap();
        assert_eq!((found.low, found.high), (1.0, None));
        assert!((found.estimate - 1.0).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn the_true_value_and_the_estimate_lie_in_one_bucket(
            mut samples in prop::collection::vec(0.000_1_f64..3.0, 1..200),
            percent in 1_u32..=99,
        ) {
            let q = f64::from(percent) / 100.0;
            let found = quantile(&counted(&samples), q).unwrap();
            samples.sort_by(f64::total_cmp);
            // The smallest sample with at least a share of q at or below it.
            let rank = (usize::try_from(percent).unwrap() * samples.len()).div_ceil(100).max(1);
            let truth = samples[rank - 1];
            prop_assert!(found.low <= truth, "{truth} {found:?}");
            prop_assert!(found.high.is_none_or(|high| truth <= high), "{truth} {found:?}");
            prop_assert!(found.low <= found.estimate);
            prop_assert!(found.high.is_none_or(|high| found.estimate <= high));
        }
    }
}
