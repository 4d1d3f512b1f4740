//! A whole step on the twins: what the engine is compared with, and a CPU statement of the algorithm.

use super::Sizes;
use super::triplet_loss;
use super::{
    candidate_score, candidate_score_subgroup, negative_draw, row_adam, row_catch_up, row_gradient, row_load,
    row_sgd,
};
use crate::gpu::StepShape;
use crate::gpu::layout::{Block, PairLoss, RowState, Settings, Shards, StepSums};
use crate::optimizer::Optimizer;
use crate::sampling::Plan;

/// The stored rows of items, then users; D padded.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// (rows, D).
    pub points: Vec<f32>,
    /// Adam's first moment as the tables hold it, (rows, D): see `shaders/include/catch_up.wgsl`.
    pub drift: Vec<f32>,
    /// (rows, D).
    pub variance: Vec<f32>,
    /// (rows).
    pub row_states: Vec<RowState>,
}

impl State {
    /// Rows at `points`, at rest.
    pub fn new(points: Vec<f32>, sizes: &Sizes) -> State {
        State {
            drift: vec![0.0; points.len()],
            variance: vec![0.0; points.len()],
            row_states: points.chunks(sizes.dim()).map(RowState::at_rest).collect(),
            points,
        }
    }

    /// Brings all rows up to `step`.
    pub fn catch_up(&mut self, settings: &Settings, catch_up: &[[f32; 2]], step: u32, sizes: &Sizes) {
        let State { points, drift, variance, row_states } = self;
        for shards in Shards::of_table(row_states.len(), row_states.len(), 1) {
            let shards = Shards { step, ..shards };
            row_catch_up(settings, &shards, points, drift, variance, row_states, catch_up, sizes);
        }
    }
}

/// The working set of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Scratch {
    /// Unit vectors and inverse norms (R, D + 4), candidates (D, C), positives (B, D).
    pub working: Vec<f32>,
    /// (pair capacity, C).
    pub scores: Vec<f32>,
    /// (B, N).
    pub picks: Vec<u32>,
    /// (C, pair words).
    pub picked: Vec<u32>,
    /// (B, N).
    pub similarities: Vec<f32>,
    /// (B).
    pub pairs: Vec<PairLoss>,
    /// (R, D + 4).
    pub gradients: Vec<f32>,
    /// (steps).
    pub step_log: Vec<StepSums>,
}

impl Scratch {
    /// A working set filled with `poison`, but for `picked`, which starts empty.
    pub fn new(shape: &StepShape, sizes: &Sizes, poison: f32) -> Scratch {
        let (plan, words) = (&shape.plan, poison.to_bits());
        let picks = plan.batch_size * plan.negative_count;
        let pair = PairLoss { sums: [poison; 4], hinge: poison, ..PairLoss::default() };
        // Pairs beyond the batch score whatever stands there: small, so that their scores can be compared.
        let mut working = vec![poison; shape.working_count() * 4];
        working[sizes.positives_at * 4..].fill(0.25);
        Scratch {
            working,
            scores: vec![poison; shape.pair_capacity() * plan.candidate_slot_capacity()],
            picks: vec![words; picks],
            picked: vec![words; plan.candidate_slot_capacity() * sizes.pair_words],
            similarities: vec![poison; picks],
            pairs: vec![pair; plan.batch_size],
            gradients: vec![poison; plan.row_capacity() * sizes.stride()],
            step_log: vec![StepSums { triplet: poison, ..StepSums::default() }; 4],
        }
    }
}

/// The twin of the kernel that scores the candidates of a block.
pub(crate) fn score(plan: &Plan, block: &Block, s: &mut Scratch, sizes: &Sizes) {
    let (rows, rest) = s.working.split_at(sizes.packed_at * 4);
    let positives = sizes.positives_at - sizes.packed_at;
    let positives = &rest[positives * 4 + block.first_pair as usize * sizes.dim()..];
    if sizes.has_packed {
        candidate_score(plan, block, positives, rest, &mut s.scores, &mut s.picked, sizes);
    } else {
        candidate_score_subgroup(plan, block, positives, rows, &mut s.scores, &mut s.picked, sizes);
    }
}

/// The row shards of `shape`'s table, as many at a time as a dispatch is to cover.
pub(crate) fn shards(shape: &StepShape, shards_per_dispatch: usize) -> Vec<Shards> {
    let row_count = shape.plan.item_count + shape.plan.user_count;
    Shards::of_table(row_count, shape.plan.rows_per_shard, shards_per_dispatch)
}

/// One step of `plan` on `state`, through `scratch`.
#[allow(clippy::too_many_arguments, reason = "a step needs all that the kernels need")]
pub fn step(
    plan: &Plan,
    settings: &Settings,
    catch_up: &[[f32; 2]],
    state: &mut State,
    scratch: &mut Scratch,
    shape: &StepShape,
    sizes: &Sizes,
    optimizer: Optimizer,
) -> StepSums {
    let dim = sizes.dim();
    let numbers = |shards: &Shards| shards.rows().start * dim..shards.rows().end * dim;
    let s = scratch;
    for shards in &shards(shape, 1) {
        let (points, drift) = (&state.points[numbers(shards)], &state.drift[numbers(shards)]);
        let row_states = &state.row_states[shards.rows()];
        row_load(plan, settings, shards, points, drift, row_states, catch_up, &mut s.working, sizes);
    }
    if plan.header.candidate_count > 0 {
        for block in &shape.blocks(shape.pair_capacity()) {
            if block.first_pair >= plan.header.pair_count {
                break;
            }
            let pairs = block.first_pair..(block.first_pair + block.pair_count).min(plan.header.pair_count);
            for span in shape.blocks(shape.score_pairs()).iter().filter(|b| pairs.contains(&b.first_pair)) {
                score(plan, span, s, sizes);
            }
            negative_draw(plan, settings, block, &mut s.scores, &mut s.picks, &mut s.picked, sizes);
        }
    }
    triplet_loss(plan, settings, &s.working, &s.picks, &mut s.similarities, &mut s.pairs, sizes);
    row_gradient(
        plan,
        settings,
        &s.working,
        &s.picks,
        &s.similarities,
        &s.pairs,
        &s.picked,
        &mut s.gradients,
        &mut s.step_log,
        sizes,
    );
    for shards in &shards(shape, 1) {
        let points = &mut state.points[numbers(shards)];
        let row_states = &mut state.row_states[shards.rows()];
        match optimizer {
            Optimizer::Sgd => row_sgd(plan, settings, shards, points, row_states, &s.gradients, sizes),
            Optimizer::Adam => {
                let (drift, variance) =
                    (&mut state.drift[numbers(shards)], &mut state.variance[numbers(shards)]);
                row_adam(
                    plan,
                    settings,
                    shards,
                    points,
                    drift,
                    variance,
                    row_states,
                    catch_up,
                    &s.gradients,
                    sizes,
                );
            }
        }
    }
    s.step_log[plan.header.log_slot as usize]
}
