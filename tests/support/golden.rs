//! Golden training steps, made in float64 by an implementation that shares nothing with this one, and
//! their comparison with whatever runs steps: the twins in `tests/host`, a device in `tests/gpu`.

use serde::Deserialize;
use spherec::data::Interactions;
use spherec::sampling::{EpochOrder, ItemSampler, Planner};
use spherec::step::layout::{NONE, PairSums, StepSums};
use spherec::step::{
    BLOCK_BYTES, Geometry, Grain, Loss, Optimizer, Plan, PlanShape, Rates, Schedule, StepConstants, StepShape,
};
use std::sync::Arc;

/// What a step left for looking at.
pub(crate) struct Step {
    pub(crate) sums: StepSums,
    /// (at least B).
    pub(crate) pairs: Vec<PairSums>,
    /// (at least B, 1 + N) dL/d(score).
    pub(crate) slopes: Vec<f32>,
    /// (R, D padded + 4) dL/de by row slot.
    pub(crate) gradients: Vec<f32>,
    /// (R, D padded + 4) points and their notes by row slot.
    pub(crate) points: Vec<f32>,
}

/// Runs steps on tables that start at [`Golden::starting_points`].
pub(crate) trait Runner {
    /// One step.
    fn step(&mut self, plan: &Plan) -> Step;
    /// The stored points, items first, then users, all brought up to the last step; (rows, D) unpadded.
    fn points(&mut self) -> Vec<f32>;
}

/// When the tables are looked at (and so, under Adam, untouched rows caught up).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    EveryStep,
    AtEnd,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Golden {
    pub(crate) name: String,
    users: usize,
    items: usize,
    dim: usize,
    batch: usize,
    negatives: usize,
    config: Config,
    optimizer: OptimizerConfig,
    user_table: Vec<Vec<f64>>,
    item_table: Vec<Vec<f64>>,
    steps: Vec<GoldenStep>,
}

#[derive(Debug, Deserialize)]
struct Config {
    margin: f64,
    rank_weight: bool,
    gor_weight: f64,
    covariance_weight: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OptimizerKind {
    Adam,
    Sgd,
}

#[derive(Debug, Deserialize)]
struct OptimizerConfig {
    kind: OptimizerKind,
    lr: f64,
    betas: (f64, f64),
    eps: f64,
}

#[derive(Debug, Deserialize)]
struct GoldenStep {
    users_in_batch: Vec<u32>,
    positives: Vec<u32>,
    negatives: Vec<Vec<u32>>,
    hinge: Vec<f64>,
    weight: Vec<f64>,
    nearest: Vec<u32>,
    triplet: f64,
    moment1: f64,
    moment2: f64,
    gor: f64,
    total: f64,
    user_grad: Vec<Vec<f64>>,
    item_grad: Vec<Vec<f64>>,
    user_table_after: Vec<Vec<f64>>,
    item_table_after: Vec<Vec<f64>>,
}

/// All golden runs on the sphere.
pub(crate) fn all() -> Vec<Golden> {
    let texts = [
        include_str!("../golden/sphere_adam_n1.json"),
        include_str!("../golden/sphere_adam_n3.json"),
        include_str!("../golden/sphere_sgd_nogor.json"),
        include_str!("../golden/sphere_adam_d128.json"),
    ];
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

impl Golden {
    /// The sizes of the run's steps, in shards of `rows_per_shard` table rows.
    pub(crate) fn shape(&self, rows_per_shard: usize, grain: Grain) -> StepShape {
        let plan = PlanShape {
            batch_size: self.batch,
            negative_count: self.negatives,
            candidate_count: 0,
            item_count: self.items,
            user_count: self.users,
            rows_per_shard,
            excluded_capacity: 0,
        };
        StepShape {
            plan,
            dim: self.dim,
            geometry: Geometry::Sphere,
            loss: Loss::Triplet { margin: self.config.margin },
            gor_weight: self.config.gor_weight,
            optimizer: self.rates().optimizer,
            shards_per_dispatch: 1,
            block_bytes: BLOCK_BYTES,
            grain,
        }
    }

    /// The run with a weight of GOR so small that it moves nothing, if it has none: then the spread scores are made,
    /// and their moments can be compared.
    pub(crate) fn with_spread_scores(mut self) -> Golden {
        self.config.gor_weight = self.config.gor_weight.max(1e-12);
        self
    }

    /// Rows of the table: items, then users.
    pub(crate) fn row_count(&self) -> usize {
        self.items + self.users
    }

    fn rates(&self) -> Rates {
        let OptimizerConfig { kind, lr, betas, eps } = self.optimizer;
        let optimizer = match kind {
            OptimizerKind::Adam => Optimizer::Adam { betas, epsilon: eps },
            OptimizerKind::Sgd => Optimizer::Sgd,
        };
        Rates { optimizer, schedule: Schedule::Constant { learning_rate: lr } }
    }

    /// What stays the same over the run, with steps of `shape`.
    pub(crate) fn constants(&self, shape: StepShape) -> StepConstants {
        StepConstants::new(shape, self.rates().schedule, 0.0).unwrap()
    }

    /// The stored points before the first step, (rows, D).
    pub(crate) fn starting_points(&self) -> Vec<f32> {
        self.item_table.iter().chain(&self.user_table).flatten().map(|&x| x as f32).collect()
    }

    fn planner(&self, shape: &StepShape) -> Planner {
        let pairs: Vec<(u32, u32)> = self.steps.iter().flat_map(GoldenStep::pairs).collect();
        let train = Arc::new(Interactions::from_pairs(self.users, self.items, &pairs));
        let items = Arc::new(ItemSampler::new(&train.item_frequencies(), 0.0));
        let order = Arc::new(EpochOrder::new(train, 0));
        Planner::new(order, items, shape.plan, self.rates(), 0)
    }

    /// Runs all steps on `runner` and panics at the first number that is not the golden one.
    pub(crate) fn check(&self, shape: &StepShape, looks: Looks, runner: &mut impl Runner) {
        assert!(!self.steps.is_empty() && !self.config.rank_weight && self.config.covariance_weight == 0.0);
        let mut planner = self.planner(shape);
        let mut known = Knowledge::new(self);
        for (index, golden) in self.steps.iter().enumerate() {
            let place = format!("{}, step {}", self.name, index + 1);
            let negatives: Vec<u32> = golden.negatives.iter().flatten().copied().collect();
            let pairs: Vec<(u32, u32)> = golden.pairs().collect();
            let plan = planner.plan_given(index as u64 + 1, &pairs, &negatives);
            let step = runner.step(&plan);
            self.check_losses(&place, golden, &step);
            self.check_gradients(&place, index, &plan, &step);
            known.add(golden);
            if looks == Looks::EveryStep || index + 1 == self.steps.len() {
                self.check_points(&place, golden, &runner.points(), &known);
            }
        }
    }

    fn check_losses(&self, place: &str, golden: &GoldenStep, step: &Step) {
        let Step { sums, pairs, slopes, .. } = step;
        let stride = 1 + self.negatives;
        assert!(golden.hinge.len() == self.batch && pairs.len() >= self.batch, "{place}: too few losses");
        assert!(slopes.len() >= self.batch * stride, "{place}: too few slopes");
        for (pair, sums) in pairs[..self.batch].iter().enumerate() {
            let (hinge, weight) = (golden.hinge[pair], golden.weight[pair]);
            // A hinge is a difference of squared distances: its scale is at least one.
            near(&format!("{place}: loss[{pair}]"), sums.loss, weight * hinge, 1e-5 * hinge.abs().max(1.0));
            let pull = if hinge > 0.0 { 2.0 * weight } else { 0.0 };
            near(&format!("{place}: positive slope[{pair}]"), slopes[pair * stride], -pull, 1e-5);
            for k in 0..self.negatives {
                let expected = if k == golden.nearest[pair] as usize { pull } else { 0.0 };
                near(&format!("{place}: slope[{pair}, {k}]"), slopes[pair * stride + 1 + k], expected, 1e-5);
            }
        }
        near(&format!("{place}: loss"), sums.loss, golden.triplet, 1e-5 * golden.triplet.abs().max(1.0));
        let active_count = golden.hinge.iter().filter(|&&hinge| hinge > 0.0).count();
        near(&format!("{place}: active count"), sums.active_count, active_count as f64, 0.0);
        let gor = if self.config.gor_weight > 0.0 { self.check_moments(place, golden, sums) } else { 0.0 };
        let total = f64::from(sums.loss) + self.config.gor_weight * gor;
        near_f64(&format!("{place}: total"), total, golden.total, 1e-5 * golden.total.abs().max(1.0));
    }

    /// Checks the moments of the spread scores; returns L_GOR.
    fn check_moments(&self, place: &str, golden: &GoldenStep, sums: &StepSums) -> f64 {
        let (first, second) = (golden.moment1, golden.moment2);
        // The first moment is a mean of similarities of either sign: their size is the root of the second.
        near(&format!("{place}: moment1"), sums.moment_1, first, 1e-5 * second.sqrt());
        near(&format!("{place}: moment2"), sums.moment_2, second, 1e-5 * second);
        let (m1, m2) = (f64::from(sums.moment_1), f64::from(sums.moment_2));
        let gor = m1 * m1 + (m2 - 1.0 / self.dim as f64).max(0.0);
        let scale = first.abs() * second.sqrt() + second;
        near_f64(&format!("{place}: gor"), gor, golden.gor, 2e-5 * scale);
        gor
    }

    /// |x| of each row before step `index`.
    fn norms(&self, index: usize) -> Vec<f64> {
        let (items, users) = match index.checked_sub(1) {
            None => (&self.item_table, &self.user_table),
            Some(last) => (&self.steps[last].item_table_after, &self.steps[last].user_table_after),
        };
        items.iter().chain(users).map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt()).collect()
    }

    /// dL/de, taken through the normalisation as the optimizers do, against the gradients of the stored rows.
    fn check_gradients(&self, place: &str, index: usize, plan: &Plan, step: &Step) {
        let golden = &self.steps[index];
        let gradients = row_gradients(plan, step, self.dim);
        // M1 is a small difference of similarities of either sign: a row that has GOR's gradient alone is
        // as exact as those are.
        let pick_count = (self.batch * self.negatives) as f64;
        let gor_scale = 2.0 * self.config.gor_weight / pick_count * golden.moment2.sqrt();
        let norms = self.norms(index);
        let padded = self.dim.next_multiple_of(4);
        let all: Vec<&Vec<f64>> = golden.item_grad.iter().chain(&golden.user_grad).collect();
        assert!(all.len() == self.row_count() && gradients.len() >= plan.rows().len() * (padded + 4));
        let mut seen = vec![false; all.len()];
        for (slot, &row) in plan.rows().iter().enumerate().filter(|&(_, &row)| row != NONE) {
            let row = row as usize;
            assert!(!std::mem::replace(&mut seen[row], true), "{place}: row {row} has two slots");
            let gradient = &gradients[slot * (padded + 4)..][..padded + 4];
            let largest = largest(all[row]);
            if gradient[padded] == 0.0 {
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
        }
        for (row, _) in seen.iter().enumerate().filter(|&(_, &seen)| !seen) {
            assert!(largest(all[row]) == 0.0, "{place}: row {row} has a gradient, but no slot");
        }
    }

    fn check_points(&self, place: &str, golden: &GoldenStep, points: &[f32], known: &Knowledge) {
        let after: Vec<f64> =
            golden.item_table_after.iter().chain(&golden.user_table_after).flatten().copied().collect();
        assert!(!after.is_empty() && points.len() == after.len(), "{place}: {} points", points.len());
        let mut skipped_count = 0;
        for (index, (&point, &expected)) in points.iter().zip(&after).enumerate() {
            if known.uncertain[index] && self.optimizer.kind == OptimizerKind::Adam {
                skipped_count += 1;
                continue;
            }
            let (row, d) = (index / self.dim, index % self.dim);
            near(&format!("{place}: point of row {row}, element {d}"), point, expected, 1e-4);
        }
        let share = f64::from(skipped_count) / after.len() as f64;
        assert!(share < 0.02, "{place}: {skipped_count} of {} elements cannot be judged", after.len());
    }
}

impl GoldenStep {
    fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.users_in_batch.iter().copied().zip(self.positives.iter().copied())
    }
}

/// Adam divides a gradient by its own size, so it turns rounding into a whole step where nearly nothing
/// is: such elements cannot be judged. Known from the golden gradients alone.
struct Knowledge {
    squares: Vec<f64>,
    largest: Vec<f64>,
    uncertain: Vec<bool>,
}

impl Knowledge {
    fn new(golden: &Golden) -> Knowledge {
        let row_count = golden.row_count();
        let count = row_count * golden.dim;
        Knowledge { squares: vec![0.0; count], largest: vec![0.0; row_count], uncertain: vec![false; count] }
    }

    fn add(&mut self, step: &GoldenStep) {
        for (row, gradient) in step.item_grad.iter().chain(&step.user_grad).enumerate() {
            self.largest[row] = self.largest[row].max(largest(gradient));
            for (d, g) in gradient.iter().enumerate() {
                let index = row * gradient.len() + d;
                self.squares[index] += g * g;
                self.uncertain[index] |=
                    self.largest[row] > 0.0 && self.squares[index].sqrt() < 1e-4 * self.largest[row];
            }
        }
    }
}

/// dL/dx by row slot on the sphere, (R, D padded + 4), with the notes of `point_gradient`.
fn row_gradients(plan: &Plan, step: &Step, dim: usize) -> Vec<f32> {
    let (padded, stride) = (dim.next_multiple_of(4), dim.next_multiple_of(4) + 4);
    assert!(
        step.gradients.len() >= plan.rows().len() * stride && step.points.len() >= plan.rows().len() * stride
    );
    let mut gradients = step.gradients.clone();
    for (gradient, point) in
        gradients.chunks_mut(stride).zip(step.points.chunks(stride)).take(plan.rows().len())
    {
        let along: f32 = gradient[..padded].iter().zip(point).map(|(g, e)| g * e).sum();
        for d in 0..padded {
            gradient[d] = Geometry::Sphere.row_gradient(gradient[d], point[d], along, point[padded]);
        }
    }
    gradients
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
