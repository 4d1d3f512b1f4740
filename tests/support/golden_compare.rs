//! Comparing what a step left with the golden numbers. Every comparison is phrased so that what is not a number fails.

use super::{Golden, GoldenStep, Moments, OptimizerKind, Scores, Step};
use spherec::step::Plan;
use spherec::step::layout::{NONE, StepSums};

impl Golden {
    /// Where a pair's negatives are among the scores: for each golden one its place, and what the plan adds to it.
    fn places(&self, plan: &Plan, golden: &GoldenStep, pair: usize) -> Vec<(usize, f32)> {
        if self.candidates == 0 {
            return (0..self.negatives).map(|k| (pair * (1 + self.negatives) + 1 + k, 0.0)).collect();
        }
        let (candidate_count, offsets) = (plan.header.candidate_count as usize, plan.offsets());
        let slot_of = |item: &u32| plan.rows()[..candidate_count].iter().position(|row| row == item).unwrap();
        let slots = golden.negatives.iter().map(slot_of);
        slots.map(|slot| (pair * candidate_count + slot, offsets[slot])).collect()
    }

    fn negatives<'a>(&self, scores: &'a Scores) -> &'a [f32] {
        if self.candidates == 0 { &scores.own } else { &scores.candidates }
    }

    /// Scores, before the loss takes those away that are no negatives; and which these are.
    pub(super) fn check_scores(&self, place: &str, golden: &GoldenStep, plan: &Plan, step: &Step) {
        for pair in 0..self.batch {
            let excluded = plan.excluded(plan.own_users()[pair]);
            let first = pair * plan.header.candidate_count as usize;
            let is_negative = self
                .places(plan, golden, pair)
                .into_iter()
                .map(|(at, _)| self.candidates == 0 || !excluded.contains(&((at - first) as u32)));
            assert!(
                is_negative.eq(golden.is_negative[pair].iter().copied()),
                "{place}: excluded of pair {pair}"
            );
        }
        let (Some(scores), Some((positive, negative))) = (&step.scores, &golden.scores) else { return };
        assert!(
            positive.len() == self.batch && negative.len() == self.batch,
            "{place}: too few golden scores"
        );
        for pair in 0..self.batch {
            let score = |what: &str, got: f32, expected: f64| {
                near(&format!("{place}: {what}[{pair}]"), got, expected, 1e-6 * expected.abs().max(1.0));
            };
            score("positive score", scores.own[pair * (1 + self.negatives)], positive[pair]);
            let places = self.places(plan, golden, pair);
            assert_eq!(places.len(), negative[pair].len());
            for ((at, offset), &expected) in places.into_iter().zip(&negative[pair]) {
                score("negative score", self.negatives(scores)[at] - offset, expected);
            }
        }
    }

    pub(super) fn check_losses(&self, place: &str, golden: &GoldenStep, plan: &Plan, step: &Step) {
        let Step { sums, pairs, slopes, .. } = step;
        assert!(golden.losses.len() == self.batch && pairs.len() >= self.batch, "{place}: too few losses");
        for (pair, sums) in pairs[..self.batch].iter().enumerate() {
            let expected = golden.losses[pair];
            // A hinge is a difference of squared distances: its scale is at least one. So is a logarithm's.
            near(&format!("{place}: loss[{pair}]"), sums.loss, expected, 1e-5 * expected.abs().max(1.0));
            let slope = |what: &str, got: f32, expected: f64| {
                near(&format!("{place}: {what}"), got, expected, 1e-5 * expected.abs().max(1e-3));
            };
            let of_positive = slopes.own[pair * (1 + self.negatives)];
            slope(&format!("positive slope[{pair}]"), of_positive, golden.positive_slope[pair]);
            let places = self.places(plan, golden, pair);
            assert_eq!(places.len(), golden.negative_slope[pair].len());
            for (k, ((at, _), &expected)) in places.into_iter().zip(&golden.negative_slope[pair]).enumerate()
            {
                slope(&format!("slope[{pair}, {k}]"), self.negatives(slopes)[at], expected);
            }
            self.check_holes(place, plan, pair, slopes);
        }
        near(&format!("{place}: loss"), sums.loss, golden.loss, 1e-5 * golden.loss.abs().max(1.0));
        let active_count = golden.positive_slope.iter().filter(|&&slope| slope != 0.0).count();
        near(&format!("{place}: active count"), sums.active_count, active_count as f64, 0.0);
        if let Some(moments) = golden.moments {
            let gor = if self.gor_weight > 0.0 { self.check_moments(place, &moments, sums) } else { 0.0 };
            let covariance = f64::from(sums.covariance);
            if self.covariance_weight > 0.0 {
                let expected = moments.covariance;
                near_f64(&format!("{place}: covariance"), covariance, expected, 1e-5 * expected);
            }
            let total = f64::from(sums.loss) + self.gor_weight * gor + self.covariance_weight * covariance;
            near_f64(&format!("{place}: total"), total, moments.total, 1e-5 * moments.total.abs().max(1.0));
        }
    }

    /// Slots without a candidate have no slope.
    fn check_holes(&self, place: &str, plan: &Plan, pair: usize, slopes: &Scores) {
        let candidate_count = plan.header.candidate_count as usize;
        for slot in (0..candidate_count).filter(|&slot| plan.rows()[slot] == NONE) {
            let slope = slopes.candidates[pair * candidate_count + slot];
            assert!(slope == 0.0, "{place}: slope of pair {pair} in hole {slot}: {slope}");
        }
    }

    /// Checks the moments of the spread scores; returns L_GOR.
    fn check_moments(&self, place: &str, moments: &Moments, sums: &StepSums) -> f64 {
        let Moments { first, second, gor: expected, .. } = *moments;
        // The first moment is a mean of similarities of either sign: their size is the root of the second.
        near(&format!("{place}: moment1"), sums.moment_1, first, 1e-5 * second.sqrt());
        near(&format!("{place}: moment2"), sums.moment_2, second, 1e-5 * second);
        let (m1, m2) = (f64::from(sums.moment_1), f64::from(sums.moment_2));
        let gor = m1 * m1 + (m2 - 1.0 / self.dim as f64).max(0.0);
        let scale = first.abs() * second.sqrt() + second;
        near_f64(&format!("{place}: gor"), gor, expected, 2e-5 * scale);
        gor
    }

    /// |x| of each row before step `index`.
    fn norms(&self, index: usize) -> Vec<f64> {
        let before = index.checked_sub(1).map_or(&self.table, |last| &self.steps[last].table_after);
        before.iter().map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt()).collect()
    }

    /// dL/de, taken through the geometry as the optimizers do, against the gradients of the stored rows; and dL/do.
    pub(super) fn check_gradients(&self, place: &str, index: usize, plan: &Plan, step: &Step) {
        let golden = &self.steps[index];
        let gradients = self.row_gradients(plan, step);
        // M1 is a small difference of similarities of either sign: a row that has GOR's gradient alone is
        // as exact as those are.
        let pick_count = (self.batch * self.negatives) as f64;
        let gor_scale =
            golden.moments.map_or(0.0, |it| 2.0 * self.gor_weight / pick_count * it.second.sqrt());
        let norms = self.norms(index);
        let padded = self.dim.next_multiple_of(4);
        let all = &golden.gradient;
        assert!(all.len() == self.row_count() && gradients.len() >= plan.rows().len() * (padded + 4));
        let mut seen = vec![false; all.len()];
        for (slot, &row) in plan.rows().iter().enumerate().filter(|&(_, &row)| row != NONE) {
            let row = row as usize;
            assert!(!std::mem::replace(&mut seen[row], true), "{place}: row {row} has two slots");
            let gradient = &gradients[slot * (padded + 4)..][..padded + 4];
            let largest = largest(&all[row]);
            if gradient[padded] == 0.0 && gradient[padded + 3] == 0.0 {
                assert!(largest == 0.0, "{place}: row {row} has a gradient, but is not touched");
                continue;
            }
            for (d, &expected) in all[row].iter().enumerate() {
                let what = format!("{place}: gradient of row {row}, element {d}");
                // The floor is for a weight that moves nothing (with_spread_scores).
                let tolerance = (1e-5 * largest.max(gor_scale / norms[row])).max(1e-12);
                near(&what, gradient[d], expected, tolerance);
            }
            let padding = &gradient[self.dim..padded];
            assert!(padding.iter().all(|&g| g == 0.0), "{place}: row {row}: the padding has a gradient");
            // A sum of slopes of either sign, the largest of which are of order one. A user has no bias.
            let expected = if row < self.items { golden.item_bias_gradient.get(row) } else { Some(&0.0) };
            if let Some(&expected) = expected {
                let tolerance = if row < self.items { 1e-5 * expected.abs().max(1.0) } else { 0.0 };
                near(
                    &format!("{place}: bias gradient of row {row}"),
                    gradient[padded + 1],
                    expected,
                    tolerance,
                );
            }
        }
        for (row, _) in seen.iter().enumerate().filter(|&(_, &seen)| !seen) {
            assert!(largest(&all[row]) == 0.0, "{place}: row {row} has a gradient, but no slot");
        }
    }

    /// dL/dx by row slot, (R, D padded + 4), with the notes of `point_gradient`.
    fn row_gradients(&self, plan: &Plan, step: &Step) -> Vec<f32> {
        let (padded, stride) = (self.dim.next_multiple_of(4), self.dim.next_multiple_of(4) + 4);
        let length = plan.rows().len() * stride;
        assert!(step.gradients.len() >= length && step.points.len() >= length);
        let mut gradients = step.gradients[..length].to_vec();
        for (gradient, point) in gradients.chunks_mut(stride).zip(step.points.chunks(stride)) {
            let along: f32 = gradient[..padded].iter().zip(point).map(|(g, e)| g * e).sum();
            for d in 0..padded {
                let (e, scale, slopes) = (point[d], point[padded], gradient[padded + 2]);
                gradient[d] = self.geometry.row_gradient(gradient[d], e, along, scale, slopes);
            }
        }
        gradients
    }

    pub(super) fn check_tables(
        &self,
        place: &str,
        golden: &GoldenStep,
        (points, biases): (Vec<f32>, Vec<f32>),
        known: &Knowledge,
    ) {
        let after: Vec<f64> = golden.table_after.iter().flatten().copied().collect();
        assert!(!after.is_empty() && points.len() == after.len(), "{place}: {} points", points.len());
        let is_uncertain =
            |knowns: &[bool], index: usize| self.optimizer.kind != OptimizerKind::Sgd && knowns[index];
        let mut skipped_count = 0;
        for (index, (&point, &expected)) in points.iter().zip(&after).enumerate() {
            if is_uncertain(&known.uncertain, index) {
                skipped_count += 1;
                continue;
            }
            let (row, d) = (index / self.dim, index % self.dim);
            near(&format!("{place}: point of row {row}, element {d}"), point, expected, 1e-4);
        }
        let share = f64::from(skipped_count) / after.len() as f64;
        assert!(share < 0.02, "{place}: {skipped_count} of {} elements cannot be judged", after.len());
        if !self.item_bias.is_empty() {
            assert!(
                biases.len() == self.items && golden.item_bias_after.len() == self.items,
                "{place}: biases"
            );
        }
        for (item, &expected) in golden.item_bias_after.iter().enumerate() {
            assert!(!is_uncertain(&known.uncertain_biases, item), "{place}: bias {item} cannot be judged");
            near(&format!("{place}: item bias {item}"), biases[item], expected, 1e-4);
        }
    }
}

/// Adam and AdaGrad divide a gradient by its own size, so they turn rounding into a whole step where nearly nothing
/// is: such elements cannot be judged. Known from the golden gradients alone.
pub(super) struct Knowledge {
    squares: Vec<f64>,
    largest: Vec<f64>,
    uncertain: Vec<bool>,
    bias_squares: Vec<f64>,
    uncertain_biases: Vec<bool>,
}

impl Knowledge {
    pub(super) fn new(golden: &Golden) -> Knowledge {
        let (row_count, bias_count) = (golden.row_count(), golden.item_bias.len());
        let count = row_count * golden.dim;
        Knowledge {
            squares: vec![0.0; count],
            largest: vec![0.0; row_count],
            uncertain: vec![false; count],
            bias_squares: vec![0.0; bias_count],
            uncertain_biases: vec![false; bias_count],
        }
    }

    pub(super) fn add(&mut self, step: &GoldenStep) {
        for (row, gradient) in step.gradient.iter().enumerate() {
            self.largest[row] = self.largest[row].max(largest(gradient));
            for (d, g) in gradient.iter().enumerate() {
                let index = row * gradient.len() + d;
                self.squares[index] += g * g;
                self.uncertain[index] |=
                    self.largest[row] > 0.0 && self.squares[index].sqrt() < 1e-4 * self.largest[row];
            }
        }
        for (item, g) in step.item_bias_gradient.iter().enumerate() {
            self.bias_squares[item] += g * g;
            // Slopes are of order one.
            self.uncertain_biases[item] |= *g != 0.0 && self.bias_squares[item].sqrt() < 1e-4;
        }
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

fn near(what: &str, got: f32, expected: f64, tolerance: f64) {
    near_f64(what, f64::from(got), expected, tolerance);
}

fn near_f64(what: &str, got: f64, expected: f64, tolerance: f64) {
    let difference = (got - expected).abs();
    if !(difference <= tolerance) {
        panic!("{what}: {got} is not {expected} (difference {difference:e}, tolerance {tolerance:e})");
    }
}
