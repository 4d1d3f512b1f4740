//! The twins' gradients of a network that projects features against L_f, written plainly in f64 and differentiated
//! numerically; and which rows a step projects.

use crate::plans::Run;
use rand::RngExt;
use spherec::data::{Features, Side};
use spherec::random::{Purpose, Stream, key, pcg4d};
use spherec::reference::{NetScratch, Scratch, State, step};

use spherec::step::layout::NONE;
use spherec::step::{
    Geometry, Grain, Layer, NetShape, Of, Optimizer, Plan, Rates, Schedule, StepConstants, StepShape,
};
use std::collections::BTreeSet;
use std::sync::Arc;

const RATES: Rates =
    Rates { optimizer: Optimizer::Sgd, schedule: Schedule::Constant { learning_rate: 1.0 }, last_step: 10 };
const WEIGHT: f64 = 0.7;

#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    geometry: Geometry,
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
    let mut plain_shape = run.step_shape(case.dim, Grain::GPU, 0.0);
    plain_shape.geometry = case.geometry;
    let net = |rows: &Features| NetShape {
        feature_count: rows.feature_count(),
        hidden: case.hidden,
        dropout: case.dropout,
        weight: WEIGHT,
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

/// All that L_f of one side depends on.
#[derive(Clone)]
struct Parameters {
    /// (F + 1, H).
    input: Vec<Vec<f64>>,
    /// (H + 1, D).
    output: Vec<Vec<f64>>,
    /// By row slot.
    points: Vec<Vec<f64>>,
}

impl Stepped {
    fn plan_of(&self, side: Side) -> &Plan {
        &self.plan.nets.iter().find(|net| net.side == side).unwrap().input
    }

    fn net_scratch(&self, side: Side) -> &NetScratch {
        &self.scratch.nets.iter().find(|(it, _)| *it == side).unwrap().1
    }

    fn parameters(&mut self, side: Side) -> Parameters {
        let mut layer = |layer| {
            let of = Of::Layer(side, layer);
            let part = self.shape.part(of);
            let rows = self.before.tables(of).rows.chunks(part.padded_dim());
            rows.map(|row| row[..part.dim].iter().map(|&x| f64::from(x)).collect()).collect()
        };
        let (input, output) = (layer(Layer::Input), layer(Layer::Output));
        let stride = self.shape.slot_numbers();
        let slots = self.scratch.working.chunks(stride).take(self.plan.header.row_count as usize);
        let points =
            slots.map(|slot| slot[..self.case.dim].iter().map(|&x| f64::from(x)).collect()).collect();
        Parameters { input, output, points }
    }

    /// The table rows of a side's slots, without those before the side's first.
    fn row(&self, side: Side, slot: u32) -> usize {
        let row = self.plan.rows()[slot as usize] as usize;
        if side == Side::Users { row - 20 } else { row }
    }

    /// L_f of one side, and how near to a kink any hidden number is.
    fn loss(&self, side: Side, at: &Parameters) -> (f64, f64) {
        let Case { hidden, dropout, dim, seed, .. } = self.case;
        let plan = self.plan_of(side);
        let words = key(seed, Purpose::Dropout, 2 + side.index() as u64);
        let (mut loss, mut kink) = (0.0, f64::INFINITY);
        for (projected, &slot) in plan.projected().iter().enumerate() {
            let mut f = at.output[hidden].clone();
            for unit in 0..hidden {
                let mut sum = at.input.last().unwrap()[unit];
                for &(feature, value) in &self.features[side.index()][self.row(side, slot)] {
                    sum += f64::from(value) * at.input[feature as usize][unit];
                }
                let word = pcg4d([words[0], words[1], projected as u32, unit as u32 / 4])[unit % 4];
                let is_kept = f64::from(word) / 2f64.powi(32) >= dropout;
                kink = kink.min(sum.abs());
                if is_kept && sum > 0.0 {
                    (0..dim).for_each(|d| f[d] += sum / (1.0 - dropout) * at.output[unit][d]);
                }
            }
            let apart = f.iter().zip(&at.points[slot as usize]).map(|(f, e)| (f - e) * (f - e));
            loss += apart.sum::<f64>();
        }
        (f64::from(plan.header.projected_weight) * loss, kink)
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
    let mut total = 0.0;
    for side in Side::ALL {
        let at = it.parameters(side);
        let (loss, kink) = it.loss(side, &at);
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
        let weight = WEIGHT * all.len() as f64 / projected.len() as f64;
        assert_near("the weight", plan.header.projected_weight, weight, 1.0);
        let difference = |change: &dyn Fn(&mut Parameters, f64)| {
            let at = |by: f64| {
                let mut moved = at.clone();
                change(&mut moved, by);
                it.loss(side, &moved).0
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        let scratch = it.net_scratch(side);
        let stride = case.hidden + 4;
        let mut used = 0;
        for (slot, &row) in plan.rows().iter().enumerate().filter(|&(_, &row)| row != NONE) {
            let gradient = &scratch.input_gradients[slot * stride..][..stride];
            used += usize::from(gradient[case.hidden] == 1.0);
            for (unit, &seen) in gradient[..case.hidden].iter().enumerate() {
                let expected = difference(&|at, by| at.input[row as usize][unit] += by);
                assert_near(&format!("{case:?}, W1[{row}][{unit}]"), seen, expected, loss);
            }
        }
        let of_rows = projected.iter().flat_map(|&row| &it.features[side.index()][row]);
        let features: BTreeSet<u32> = of_rows.map(|&(feature, _)| feature).collect();
        assert_eq!(used, features.len() + 1, "the features of these rows, and b1");
        let stride = it.shape.slot_numbers();
        for unit in 0..=case.hidden {
            let gradient = &scratch.output_gradients[unit * stride..][..stride];
            assert_eq!(gradient[it.shape.padded_dim()], 1.0, "every unit is stepped");
            for (d, &seen) in gradient[..case.dim].iter().enumerate() {
                let expected = difference(&|at, by| at.output[unit][d] += by);
                assert_near(&format!("{case:?}, W2[{unit}][{d}]"), seen, expected, loss);
            }
        }
        for &slot in plan.projected() {
            for d in 0..case.dim {
                let at = slot as usize * stride + d;
                let seen = it.scratch.gradients[at] - it.plain.gradients[at];
                let expected = difference(&|at, by| at.points[slot as usize][d] += by);
                assert_near(&format!("{case:?}, point {slot}, {d}"), seen, expected, loss);
            }
        }
    }
    assert_near("L_f", it.feature_loss, total, total);
    true
}

#[test]
fn the_gradients_are_those_of_the_loss() {
    let base = Case {
        seed: 0,
        geometry: Geometry::Sphere,
        dim: 6,
        hidden: 8,
        dropout: 0.0,
        projected: 100,
        negative_count: 2,
        candidate_count: 0,
    };
    for case in [
        base,
        Case { geometry: Geometry::Dot, dim: 5, hidden: 4, ..base },
        Case { dropout: 0.5, projected: 4, ..base },
        Case { dropout: 0.2, candidate_count: 7, negative_count: 1, ..base },
        Case { dropout: 0.5, candidate_count: 9, negative_count: 0, projected: 7, ..base },
    ] {
        assert!((0..50).any(|seed| check(Case { seed, ..case })), "{case:?}: always near a kink");
    }
}
