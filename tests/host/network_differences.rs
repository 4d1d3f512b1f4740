//! The twins' gradients of a network that projects features against L_f, or against the whole loss of a step if what it
//! projects to is a part of the points; written plainly in f64 and differentiated numerically. And which rows a step
//! projects.

use crate::loss_differences::covariance_loss;
use crate::plans::Run;
use rand::RngExt;
use spherec::data::{Features, Side};
use spherec::random::{Purpose, Stream, key, pcg4d};
use spherec::reference::{NetScratch, Scratch, State, step};

use spherec::step::layout::NONE;
use spherec::step::{
    FeatureRole, Geometry, Grain, Layer, Loss, NetShape, Of, Optimizer, Plan, Rates, Schedule, StepConstants,
    StepShape,
};
use std::collections::BTreeSet;
use std::sync::Arc;

const RATES: Rates =
    Rates { optimizer: Optimizer::Sgd, schedule: Schedule::Constant { learning_rate: 1.0 }, last_step: 10 };
const WEIGHT: f64 = 0.7;
const NEAR: FeatureRole = FeatureRole::Near { weight: WEIGHT };

#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    geometry: Geometry,
    role: FeatureRole,
    loss: Loss,
    gor_weight: f64,
    covariance_weight: f64,
    dim: usize,
    hidden: usize,
    dropout: f64,
    projected: usize,
    negative_count: usize,
    candidate_count: usize,
}

fn run_of(case: &Case) -> Run {
    let mut stream = Stream::new(case.seed, Purpose::Generate, 1);
    let (user_count, item_count) = (9, 20);
    Run {
        user_count: user_count as usize,
        item_count: item_count as usize,
        pairs: (0..50).map(|_| (stream.below(user_count), stream.below(item_count))).collect(),
        batch_size: 12,
        negative_count: case.negative_count,
        candidate_count: case.candidate_count,
        rows_per_shard: 9,
        beta: 0.5,
        history: None,
        seed: case.seed,
    }
}

/// Random features; every third row has none.
fn features_of(rows: usize, feature_count: u32, stream: &mut Stream) -> Vec<Vec<(u32, f32)>> {
    let row = |row: usize| {
        let count = if row.is_multiple_of(3) { 0 } else { 1 + stream.below(4) };
        let features: BTreeSet<u32> = (0..count).map(|_| stream.below(feature_count)).collect();
        features.into_iter().map(|feature| (feature, stream.random_range(0.5..1.5f32))).collect()
    };
    (0..rows).map(row).collect()
}

/// A step of the twins, and all that it worked on.
struct Stepped {
    case: Case,
    shape: StepShape,
    features: [Vec<Vec<(u32, f32)>>; 2],
    plan: Plan,
    before: State,
    scratch: Scratch,
    /// The same without networks.
    plain: Scratch,
    feature_loss: f32,
}

fn stepped(case: Case) -> Stepped {
    let run = run_of(&case);
    let mut stream = Stream::new(case.seed, Purpose::Init, 3);
    let features =
        [features_of(run.item_count, 11, &mut stream), features_of(run.user_count, 7, &mut stream)];
    let rows = [(Side::Items, 11, &features[0]), (Side::Users, 7, &features[1])]
        .map(|(side, count, rows)| (side, Arc::new(Features::of_rows(count, rows.iter().cloned()))));
    let plain_shape = StepShape {
        geometry: case.geometry,
        loss: case.loss,
        covariance_weight: case.covariance_weight,
        ..run.step_shape(case.dim, Grain::GPU, case.gor_weight)
    };
    let net = |rows: &Features| NetShape {
        feature_count: rows.feature_count(),
        hidden: case.hidden,
        dropout: case.dropout,
        role: case.role,
        projected: case.projected,
        entry_capacity: rows.most_entries(case.projected),
        rows_per_shard: 5,
        shards_per_dispatch: 1,
    };
    let shape = StepShape { nets: [Some(net(&rows[0].1)), Some(net(&rows[1].1))], ..plain_shape };
    let planner = run.planner_with(RATES);
    let plain_plan = planner.clone().plan(1);
    let mut planner = rows.iter().zip(shape.nets).fold(planner, |planner, ((side, rows), net)| {
        planner.projecting(*side, Arc::clone(rows), net.unwrap())
    });
    let plan = planner.plan(1);
    let mut table = |part: &StepShape| {
        let numbers = part.table_rows() * part.padded_dim();
        let mut numbers: Vec<f32> = (0..numbers).map(|_| stream.random_range(-1.0..1.0f32)).collect();
        numbers.chunks_mut(part.padded_dim()).for_each(|row| row[part.dim..].fill(0.0));
        State::new(numbers, part)
    };
    let mut before = table(&shape);
    before.layers = shape.tables()[1..].iter().map(|&of| (of, table(&shape.part(of)))).collect();
    let constants = StepConstants::new(shape, RATES, 1.5).unwrap();
    let (mut state, mut scratch) = (before.clone(), Scratch::new(&shape, f32::NAN));
    let sums = step(&constants, &plan, &mut state, &mut scratch);
    let constants = StepConstants::new(plain_shape, RATES, 1.5).unwrap();
    let (mut state, mut plain) = (before.clone(), Scratch::new(&plain_shape, f32::NAN));
    step(&constants, &plain_plan, &mut state, &mut plain);
    Stepped { case, shape, features, plan, before, scratch, plain, feature_loss: sums.feature_loss }
}

/// The numbers of one side's network.
#[derive(Clone)]
struct Weights {
    /// (F + 1, H), or (F + 1, D).
    input: Vec<Vec<f64>>,
    /// (H + 1, D), or empty.
    output: Vec<Vec<f64>>,
}

/// All that the loss depends on.
#[derive(Clone)]
struct Parameters {
    nets: [Weights; 2],
    /// By row slot: points, or, if f is a part of the points, the rest of them.
    points: Vec<Vec<f64>>,
}

impl Stepped {
    fn plan_of(&self, side: Side) -> &Plan {
        &self.plan.nets.iter().find(|net| net.side == side).unwrap().input
    }

    fn net_scratch(&self, side: Side) -> &NetScratch {
        &self.scratch.nets.iter().find(|(it, _)| *it == side).unwrap().1
    }

    fn parameters(&mut self) -> Parameters {
        let mut layer = |side, layer| {
            let of = Of::Layer(side, layer);
            if !self.shape.tables().contains(&of) {
                return Vec::new();
            }
            let part = self.shape.part(of);
            let rows = self.before.tables(of).rows.chunks(part.padded_dim());
            rows.map(|row| row[..part.dim].iter().map(|&x| f64::from(x)).collect()).collect()
        };
        let nets = Side::ALL
            .map(|side| Weights { input: layer(side, Layer::Input), output: layer(side, Layer::Output) });
        let stride = self.shape.slot_numbers();
        let slots = self.scratch.working.chunks(stride).take(self.plan.header.row_count as usize);
        let points =
            slots.map(|slot| slot[..self.case.dim].iter().map(|&x| f64::from(x)).collect()).collect();
        Parameters { nets, points }
    }

    /// The table rows of a side's slots, without those before the side's first.
    fn row(&self, side: Side, slot: u32) -> usize {
        let row = self.plan.rows()[slot as usize] as usize;
        if side == Side::Users { row - 20 } else { row }
    }

    /// f of one side's projected rows, by slot; and how near to a kink any hidden number is.
    fn projected(&self, side: Side, weights: &Weights) -> (Vec<(u32, Vec<f64>)>, f64) {
        let Case { hidden, dropout, dim, seed, .. } = self.case;
        let plan = self.plan_of(side);
        let words = key(seed, Purpose::Dropout, 2 + side.index() as u64);
        let mut kink = f64::INFINITY;
        let mut project = |(projected, &slot): (usize, &u32)| {
            let mut sums = weights.input.last().unwrap().clone();
            for &(feature, value) in &self.features[side.index()][self.row(side, slot)] {
                let row = &weights.input[feature as usize];
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(value) * x);
            }
            if hidden == 0 {
                return (slot, sums);
            }
            let mut f = weights.output[hidden].clone();
            for (unit, sum) in sums.into_iter().enumerate() {
                let word = pcg4d([words[0], words[1], projected as u32, unit as u32 / 4])[unit % 4];
                let is_kept = f64::from(word) / 2f64.powi(32) >= dropout;
                kink = kink.min(sum.abs());
                if is_kept && sum > 0.0 {
                    (0..dim).for_each(|d| f[d] += sum / (1.0 - dropout) * weights.output[unit][d]);
                }
            }
            (slot, f)
        };
        (plan.projected().iter().enumerate().map(&mut project).collect(), kink)
    }

    /// L_f of one side, and how near to a kink any hidden number is.
    fn feature_loss(&self, side: Side, at: &Parameters) -> (f64, f64) {
        let (projected, kink) = self.projected(side, &at.nets[side.index()]);
        let apart = projected.iter().flat_map(|(slot, f)| f.iter().zip(&at.points[*slot as usize]));
        let loss = apart.map(|(f, e)| (f - e) * (f - e)).sum::<f64>();
        (f64::from(self.plan_of(side).header.projected_weight) * loss, kink)
    }

    /// The loss of the step if f is a part of the points: that of BPR, L_GOR and L_cov. And how near to a kink it is.
    fn whole_loss(&self, at: &Parameters) -> (f64, f64) {
        let mut points = at.points.clone();
        let mut kink = f64::INFINITY;
        for side in Side::ALL {
            let (projected, nearest) = self.projected(side, &at.nets[side.index()]);
            kink = kink.min(nearest);
            for (slot, f) in projected {
                points[slot as usize].iter_mut().zip(f).for_each(|(x, f)| *x += f);
            }
        }
        let dot = |a: u32, b: u32| -> f64 {
            points[a as usize].iter().zip(&points[b as usize]).map(|(a, b)| a * b).sum()
        };
        let count = self.case.negative_count;
        let negatives = self.plan.negatives(count);
        let (mut loss, mut first, mut second) = (0.0, 0.0, 0.0);
        let mut uses = Vec::new();
        for (pair, (&user, &positive)) in self.plan.users().iter().zip(self.plan.positives()).enumerate() {
            uses.extend([user, positive]);
            for &negative in &negatives[pair * count..][..count] {
                uses.push(negative);
                loss += (dot(user, negative) - dot(user, positive)).exp().ln_1p() / count as f64;
                let spread = dot(positive, negative);
                first += spread / negatives.len() as f64;
                second += spread * spread / negatives.len() as f64;
            }
        }
        let excess = second - 1.0 / self.case.dim as f64;
        let uses: Vec<Vec<f64>> = uses.into_iter().map(|slot| points[slot as usize].clone()).collect();
        loss += self.case.gor_weight * (first * first + excess.max(0.0));
        (loss + self.case.covariance_weight * covariance_loss(&uses), kink.min(excess.abs()))
    }

    /// The rows of a side that the step works on, and that have features.
    fn rows_with_features(&self, side: Side) -> BTreeSet<usize> {
        let header = &self.plan.header;
        let slots = (0..header.row_count).filter(|&slot| {
            let is_user = slot >= header.item_slot_count;
            let is_shared = self.case.negative_count == 0 && slot < header.candidate_count;
            let is_used = is_shared || !self.plan.uses(slot).is_empty();
            self.plan.rows()[slot as usize] != NONE && is_user == (side == Side::Users) && is_used
        });
        let rows = slots.map(|slot| self.row(side, slot));
        rows.filter(|&row| !self.features[side.index()][row].is_empty()).collect()
    }
}

fn assert_near(what: &str, seen: f32, expected: f64, scale: f64) {
    let difference = (f64::from(seen) - expected).abs();
    assert!(difference <= 2e-5 * scale.max(1.0), "{what}: {seen} is not {expected}");
}

fn check(case: Case) -> bool {
    let mut it = stepped(case);
    let at = it.parameters();
    let is_added = case.role == FeatureRole::Added;
    let loss = |side, at: &Parameters| if is_added { it.whole_loss(at) } else { it.feature_loss(side, at) };
    // Numbers by the loss of one side, or of both.
    let difference = |side: Side, change: &dyn Fn(&mut Parameters, f64)| {
        let at = |by: f64| {
            let mut moved = at.clone();
            change(&mut moved, by);
            loss(side, &moved).0
        };
        (at(1e-5) - at(-1e-5)) / 2e-5
    };
    let mut total = 0.0;
    for side in Side::ALL {
        let (loss, kink) = loss(side, &at);
        if kink < 1e-3 {
            return false;
        }
        total += loss;
        // Which rows, and their weight.
        let all = it.rows_with_features(side);
        let plan = it.plan_of(side);
        let projected: BTreeSet<usize> = plan.projected().iter().map(|&slot| it.row(side, slot)).collect();
        assert_eq!(projected.len(), plan.projected().len(), "each row once");
        assert_eq!(projected.len(), all.len().min(case.projected));
        assert!(projected.is_subset(&all));
        if let FeatureRole::Near { weight } = case.role {
            let weight = weight * all.len() as f64 / projected.len() as f64;
            assert_near("the weight", plan.header.projected_weight, weight, 1.0);
        }
        let difference = |change: &dyn Fn(&mut Parameters, f64)| difference(side, change);
        let scratch = it.net_scratch(side);
        let part = it.shape.part(Of::Layer(side, Layer::Input));
        let stride = part.slot_numbers();
        let mut used = 0;
        for (slot, &row) in plan.rows().iter().enumerate().filter(|&(_, &row)| row != NONE) {
            let gradient = &scratch.input_gradients[slot * stride..][..stride];
            used += usize::from(gradient[part.padded_dim()] == 1.0);
            for (unit, &seen) in gradient[..part.dim].iter().enumerate() {
                let expected = difference(&|at, by| at.nets[side.index()].input[row as usize][unit] += by);
                assert_near(&format!("{case:?}, W1[{row}][{unit}]"), seen, expected, loss);
            }
        }
        let of_rows = projected.iter().flat_map(|&row| &it.features[side.index()][row]);
        let features: BTreeSet<u32> = of_rows.map(|&(feature, _)| feature).collect();
        assert_eq!(used, features.len() + 1, "the features of these rows, and b1");
        let stride = it.shape.slot_numbers();
        for unit in 0..at.nets[side.index()].output.len() {
            let gradient = &scratch.output_gradients[unit * stride..][..stride];
            assert_eq!(gradient[it.shape.padded_dim()], 1.0, "every unit is stepped");
            for (d, &seen) in gradient[..case.dim].iter().enumerate() {
                let expected = difference(&|at, by| at.nets[side.index()].output[unit][d] += by);
                assert_near(&format!("{case:?}, W2[{unit}][{d}]"), seen, expected, loss);
            }
        }
        // Of a part of the points all of them, with features or without.
        let slots: Vec<u32> = match is_added {
            true => (0..it.plan.header.row_count).filter(|&slot| !it.plan.uses(slot).is_empty()).collect(),
            false => plan.projected().to_vec(),
        };
        for slot in slots {
            for d in 0..case.dim {
                let at = slot as usize * stride + d;
                let plain = if is_added { 0.0 } else { it.plain.gradients[at] };
                let seen = it.scratch.gradients[at] - plain;
                let expected = difference(&|at, by| at.points[slot as usize][d] += by);
                assert_near(&format!("{case:?}, point {slot}, {d}"), seen, expected, loss);
            }
        }
    }
    assert_near("L_f", it.feature_loss, if is_added { 0.0 } else { total }, total);
    true
}

#[test]
fn the_gradients_are_those_of_the_loss() {
    let base = Case {
        seed: 0,
        geometry: Geometry::Sphere,
        role: NEAR,
        loss: Loss::Triplet { margin: 1.0, rank_weight: false },
        gor_weight: 0.0,
        covariance_weight: 0.0,
        dim: 6,
        hidden: 8,
        dropout: 0.0,
        projected: 100,
        negative_count: 2,
        candidate_count: 0,
    };
    let added = Case { geometry: Geometry::Dot, role: FeatureRole::Added, loss: Loss::Bpr, ..base };
    for case in [
        base,
        Case { geometry: Geometry::Dot, dim: 5, hidden: 4, ..base },
        Case { dropout: 0.5, projected: 4, ..base },
        Case { dropout: 0.2, candidate_count: 7, negative_count: 1, ..base },
        Case { dropout: 0.5, candidate_count: 9, negative_count: 0, projected: 7, ..base },
        added,
        Case { dropout: 0.5, gor_weight: 0.3, covariance_weight: 2.0, ..added },
        Case { hidden: 0, ..added },
        Case { hidden: 0, dim: 5, negative_count: 3, gor_weight: 0.3, covariance_weight: 2.0, ..added },
    ] {
        assert!((0..50).any(|seed| check(Case { seed, ..case })), "{case:?}: always near a kink");
    }
}

/// What a step has in histories alone is not drawn to its features: else it would be far more often than the rest.
#[test]
fn histories_do_not_change_which_rows_are_drawn_to_their_features() {
    let case = Case {
        seed: 3,
        geometry: Geometry::Sphere,
        role: NEAR,
        loss: Loss::Softmax { temperature: 0.3 },
        gor_weight: 0.0,
        covariance_weight: 0.0,
        dim: 6,
        hidden: 8,
        dropout: 0.0,
        projected: 100,
        negative_count: 0,
        candidate_count: 5,
    };
    let rows_of = |history: Option<(usize, bool)>, role: FeatureRole| -> Vec<BTreeSet<u32>> {
        let run = Run { batch_size: 4, history, ..run_of(&case) };
        let mut stream = Stream::new(case.seed, Purpose::Init, 3);
        let planner = [(Side::Items, run.item_count, 11), (Side::Users, run.user_count, 7)].into_iter().fold(
            run.planner_with(RATES),
            |planner, (side, rows, count)| {
                let features = Features::of_rows(count, features_of(rows, count as u32, &mut stream));
                let shape = NetShape {
                    feature_count: count,
                    hidden: case.hidden,
                    dropout: 0.0,
                    role,
                    projected: case.projected,
                    entry_capacity: features.most_entries(case.projected),
                    rows_per_shard: 20,
                    shards_per_dispatch: 1,
                };
                planner.projecting(side, Arc::new(features), shape)
            },
        );
        let plan = { planner }.plan(1);
        let rows = |net: &spherec::step::NetPlan| {
            net.input.projected().iter().map(|&slot| plan.rows()[slot as usize]).collect()
        };
        plan.nets.iter().map(rows).collect()
    };
    let without = rows_of(None, NEAR);
    assert!(without.iter().all(|rows| rows.len() > 1), "{without:?}");
    assert_eq!(rows_of(Some((20, true)), NEAR), without);
    // Of a part of the points every row counts.
    let added = rows_of(Some((20, true)), FeatureRole::Added);
    assert!(added[0].is_superset(&without[0]) && added[0].len() > without[0].len(), "{added:?}");
    assert_eq!(added[1], without[1]);
}
