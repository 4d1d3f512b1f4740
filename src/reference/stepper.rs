//! A whole step on the twins: what the engine is compared with, and a CPU statement of the algorithm.

use super::{
    candidate_gradient, candidate_score, candidate_score_subgroup, covariance_gradient, covariance_matrix,
    covariance_sum, feature_add, feature_gradient, feature_hidden, feature_output, feature_slope,
    feature_sum, feature_take, hidden_gradient, history_item_gradient, history_slope, history_sum,
    history_user, history_user_gradient, loss, negative_draw, output_gradient, pair_score, point_gradient,
    point_gradient_shared, row_adagrad, row_adam, row_catch_up, row_load, row_sgd, step_sum, user_gradient,
};
use crate::data::Side;
use crate::step::layout::{Block, PairSums, RowState, Shards, StepSums};
use crate::step::{Extent, Layer, NetShape, Of, Plan, Stage, StepConstants, StepShape};
use std::ops::Range;

/// The stored rows of items, then users; D padded.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// (rows, D).
    pub rows: Vec<f32>,
    /// Adam's first moment as the tables hold it, (rows, D): see `shaders/include/catch_up.wgsl`.
    pub drift: Vec<f32>,
    /// Adam's second moment, or AdaGrad's sum of squares, (rows, D).
    pub variance: Vec<f32>,
    /// (rows).
    pub row_states: Vec<RowState>,
    /// The tables of the networks' layers, in the order of [`StepShape::tables`].
    pub layers: Vec<(Of, State)>,
}

impl State {
    /// `rows` at rest, (rows, D padded), with no item biases.
    pub fn new(rows: Vec<f32>, shape: &StepShape) -> State {
        State {
            drift: vec![0.0; rows.len()],
            variance: vec![0.0; rows.len()],
            row_states: rows.chunks(shape.padded_dim()).map(|row| RowState::at_rest(row, 0.0)).collect(),
            rows,
            layers: Vec::new(),
        }
    }

    /// The tables of `of`.
    ///
    /// # Panics
    /// If there are none: a defect of the caller.
    pub fn tables(&mut self, of: Of) -> &mut State {
        if of == Of::Points {
            return self;
        }
        let found = self.layers.iter_mut().find(|(it, _)| *it == of);
        &mut found.unwrap_or_else(|| panic!("there are no tables {of:?}")).1
    }

    /// Brings all rows up to `step`.
    pub fn catch_up(&mut self, constants: &StepConstants, step: u32) {
        let mut scratch = Scratch::new(&constants.shape, f32::NAN);
        for stage in constants.shape.catch_up_stages() {
            for shards in constants.shape.part(stage.of).table_shards() {
                let extent = Extent::Shards(Shards { step, ..shards });
                run_stage(&stage, &extent, constants, &Plan::default(), self, &mut scratch);
            }
        }
    }
}

/// The working set of a step. Names are those of the kernels' bindings.
#[derive(Debug, Clone, PartialEq)]
pub struct Scratch {
    /// Points and notes (R, D + 4), then left rows (B, D).
    pub working: Vec<f32>,
    /// (pairs of a block, C).
    pub candidate_scores: Vec<f32>,
    /// (B, N).
    pub picks: Vec<u32>,
    /// (C, pair words).
    pub picked: Vec<u32>,
    /// (B, 1 + N).
    pub scores: Vec<f32>,
    /// (B, N).
    pub spread: Vec<f32>,
    /// (B).
    pub pairs: Vec<PairSums>,
    /// (2).
    pub spread_line: Vec<f32>,
    /// (B, D).
    pub user_gradients: Vec<f32>,
    /// (R, D + 4).
    pub gradients: Vec<f32>,
    /// (user slots, D).
    pub histories: Vec<f32>,
    /// (parts, D + 1, D + 4).
    pub covariance_parts: Vec<f32>,
    /// (D + 1, D + 4).
    pub covariance: Vec<f32>,
    /// (steps); `bad_rows` and `feature_loss` are 0 before a step.
    pub step_log: Vec<StepSums>,
    /// Those of the networks.
    pub nets: Vec<(Side, NetScratch)>,
}

/// The working set of a network. Names are those of the kernels' bindings.
#[derive(Debug, Clone, PartialEq)]
pub struct NetScratch {
    /// Points and notes of the feature slots, (G, H + 4).
    pub input_points: Vec<f32>,
    /// (G, H + 4).
    pub input_gradients: Vec<f32>,
    /// Points and notes of the hidden units, (H + 1, D + 4).
    pub output_points: Vec<f32>,
    /// (H + 1, D + 4).
    pub output_gradients: Vec<f32>,
    /// (P, H).
    pub hidden: Vec<f32>,
    /// (P, H).
    pub hidden_gradients: Vec<f32>,
    /// (P, D).
    pub projected: Vec<f32>,
    /// (P).
    pub feature_losses: Vec<f32>,
}

impl NetScratch {
    /// A working set filled with `poison`.
    fn new(net: &NetShape, shape: &StepShape, poison: f32) -> NetScratch {
        let buffers = net.buffers(shape);
        let numbers = |name: &str| {
            let found = buffers.iter().find(|buffer| buffer.name == name);
            vec![poison; found.map_or(0, |buffer| buffer.bytes / 4)]
        };
        NetScratch {
            input_points: numbers("input_points"),
            input_gradients: numbers("input_gradients"),
            output_points: numbers("output_points"),
            output_gradients: numbers("output_gradients"),
            hidden: numbers("hidden"),
            hidden_gradients: numbers("hidden_gradients"),
            projected: numbers("projected"),
            feature_losses: numbers("feature_losses"),
        }
    }

    fn of_layer(&mut self, layer: Layer) -> (&mut Vec<f32>, &mut Vec<f32>) {
        match layer {
            Layer::Input => (&mut self.input_points, &mut self.input_gradients),
            Layer::Output => (&mut self.output_points, &mut self.output_gradients),
        }
    }
}

impl Scratch {
    /// A working set filled with `poison`.
    pub fn new(shape: &StepShape, poison: f32) -> Scratch {
        let size = |name: &str| {
            let buffers = shape.buffers();
            buffers.iter().find(|buffer| buffer.name == name).map_or(0, |buffer| buffer.bytes / 4)
        };
        let numbers = |name: &str| vec![poison; size(name)];
        let words = |name: &str| vec![poison.to_bits(); size(name)];
        Scratch {
            working: numbers("working"),
            candidate_scores: numbers("candidate_scores"),
            picks: words("picks"),
            picked: words("picked"),
            scores: numbers("scores"),
            spread: numbers("spread"),
            pairs: bytemuck::cast_slice(&numbers("pairs")).to_vec(),
            spread_line: numbers("spread_line"),
            user_gradients: numbers("user_gradients"),
            gradients: numbers("gradients"),
            histories: numbers("histories"),
            covariance_parts: numbers("covariance_parts"),
            covariance: numbers("covariance"),
            // A few steps of a submission.
            step_log: vec![StepSums { loss: poison, ..StepSums::default() }; 4],
            nets: shape.nets().map(|(side, net)| (side, NetScratch::new(&net, shape, poison))).collect(),
        }
    }
}

/// Runs the twin of a stage's kernel over one of its extents: the one list of which twin takes which arrays.
///
/// # Panics
/// If the kernel has no twin here: a defect of the list of stages.
pub fn run_stage(
    stage: &Stage,
    extent: &Extent,
    constants: &StepConstants,
    plan: &Plan,
    state: &mut State,
    s: &mut Scratch,
) {
    let Some(plan) = plan.of(stage.of).or(Some(plan).filter(|_| stage.kernel == "row_catch_up")) else {
        return;
    };
    match stage.of {
        Of::Points => {}
        Of::Net(side) => return run_net(stage, side, constants, plan, s),
        Of::Layer(side, layer) => return run_layer(stage, extent, (side, layer), constants, plan, state, s),
    }
    let StepConstants { shape, settings, catch_up } = constants;
    match *extent {
        Extent::Whole => run_whole(stage, constants, plan, s),
        Extent::Block(ref block) => {
            let (points, left_rows) = s.working.split_at(shape.left_rows_at() * 4);
            match stage.kernel {
                "candidate_score" => candidate_score(plan, block, points, &mut s.candidate_scores, shape),
                "candidate_score_subgroup" => {
                    candidate_score_subgroup(plan, block, left_rows, points, &mut s.candidate_scores, shape);
                }
                "negative_draw" => negative_draw(
                    plan,
                    settings,
                    block,
                    &mut s.candidate_scores,
                    &mut s.picks,
                    &mut s.picked,
                    shape,
                ),
                "user_gradient" | "user_gradient_subgroup" => {
                    user_gradient(plan, block, points, &s.candidate_scores, &mut s.user_gradients, shape);
                }
                "candidate_gradient" | "candidate_gradient_subgroup" => {
                    candidate_gradient(plan, block, points, &s.candidate_scores, &mut s.gradients, shape);
                }
                kernel if kernel == shape.loss.kernel() => {
                    loss(plan, block, &mut s.scores, &mut s.candidate_scores, &mut s.pairs, shape);
                }
                other => panic!("{other} has no twin over blocks of pairs"),
            }
        }
        Extent::Shards(ref shards) => {
            let numbers = table_numbers(shards, shape);
            let x = &mut state.rows[numbers.clone()];
            let drift = &mut state.drift[numbers.clone()];
            let v = &mut state.variance[numbers];
            let states = &mut state.row_states[shards.rows()];
            let (working, gradients, log) = (&mut s.working, &s.gradients, &mut s.step_log);
            match stage.kernel {
                "row_load" => {
                    row_load(
                        plan,
                        settings,
                        shards,
                        x,
                        drift,
                        states,
                        catch_up,
                        working,
                        &mut s.picked,
                        log,
                        shape,
                    );
                }
                "row_adam" => {
                    row_adam(plan, settings, shards, x, drift, v, states, working, gradients, log, shape);
                }
                "row_adagrad" => {
                    row_adagrad(plan, settings, shards, x, v, states, working, gradients, log, shape);
                }
                "row_sgd" => row_sgd(plan, settings, shards, x, states, working, gradients, log, shape),
                "row_catch_up" => row_catch_up(settings, shards, x, drift, v, states, catch_up, shape),
                other => panic!("{other} has no twin over the tables"),
            }
        }
    }
}

/// The twins of the stages between loading and the optimizer.
fn run_whole(stage: &Stage, constants: &StepConstants, plan: &Plan, s: &mut Scratch) {
    let StepConstants { shape, settings, .. } = constants;
    match stage.kernel {
        "pair_score" => {
            pair_score(plan, &s.working, &s.picks, &mut s.scores, &mut s.spread, &mut s.pairs, shape);
        }
        "history_sum" => history_sum(plan, &s.working, &mut s.histories, shape),
        "history_user" => history_user(plan, &s.histories, &mut s.working, shape),
        "history_slope" => history_slope(plan, &s.working, &mut s.gradients, shape),
        "history_user_gradient" => {
            history_user_gradient(plan, &mut s.gradients, &mut s.histories, shape);
        }
        "history_item_gradient" => history_item_gradient(plan, &s.histories, &mut s.gradients, shape),
        "step_sum" => step_sum(plan, settings, &s.pairs, &mut s.spread_line, &mut s.step_log, shape),
        "point_gradient" => point_gradient(
            plan,
            &s.working,
            &s.picks,
            &s.scores,
            &s.spread,
            &s.spread_line,
            &s.picked,
            &mut s.gradients,
            shape,
        ),
        "point_gradient_shared" => {
            let (scores, from_candidates) = (&s.scores, &s.user_gradients);
            let gradients = &mut s.gradients;
            point_gradient_shared(plan, &s.working, scores, from_candidates, &s.pairs, gradients, shape);
        }
        "covariance_sum" | "covariance_sum_subgroup" => {
            covariance_sum(plan, &s.working, &s.gradients, &mut s.covariance_parts, shape);
        }
        "covariance_matrix" => covariance_matrix(&s.covariance_parts, &mut s.covariance, shape),
        "covariance_gradient" | "covariance_gradient_subgroup" => {
            let (gradients, log) = (&mut s.gradients, &mut s.step_log);
            covariance_gradient(plan, settings, &s.working, &s.covariance, gradients, log, shape);
        }
        kernel if kernel == shape.loss.kernel() => {
            loss(plan, &Block::default(), &mut s.scores, &mut s.candidate_scores, &mut s.pairs, shape);
        }
        other => panic!("{other} has no twin over the whole step"),
    }
}

/// The twins of a network's stages.
fn run_net(stage: &Stage, side: Side, constants: &StepConstants, plan: &Plan, s: &mut Scratch) {
    let shape = &constants.shape;
    let (Some(net), Some((_, n))) = (shape.nets[side.index()], s.nets.iter_mut().find(|(it, _)| *it == side))
    else {
        panic!("there is no network of {side:?}")
    };
    match stage.kernel {
        "feature_hidden" => {
            let hidden = if net.is_linear() { &mut n.projected } else { &mut n.hidden };
            feature_hidden(plan, &n.input_points, hidden, &net, shape);
        }
        "feature_output" => {
            feature_output(plan, &n.hidden, &n.output_points, &mut n.projected, &net, shape);
        }
        "feature_slope" => {
            let (projected, losses) = (&mut n.projected, &mut n.feature_losses);
            feature_slope(plan, &s.working, projected, &mut s.gradients, losses, shape);
        }
        "feature_add" => feature_add(plan, &n.projected, &mut s.working, shape),
        "feature_take" => feature_take(plan, &mut n.projected, &mut s.working, &s.gradients, shape),
        "feature_sum" => feature_sum(plan, &n.feature_losses, &mut s.step_log),
        "hidden_gradient" => {
            let (weights, gradients) = (&n.output_points, &mut n.hidden_gradients);
            hidden_gradient(plan, &n.projected, weights, &n.hidden, gradients, &net, shape);
        }
        "output_gradient" => {
            output_gradient(plan, &n.hidden, &n.projected, &mut n.output_gradients, &net, shape);
        }
        "feature_gradient" => {
            let slopes = if net.is_linear() { &n.projected } else { &n.hidden_gradients };
            feature_gradient(plan, slopes, &mut n.input_gradients, &net, shape);
        }
        other => panic!("{other} has no twin over a network"),
    }
}

/// The twins of the stages over a layer's table: those over the points' tables, on its buffers.
fn run_layer(
    stage: &Stage,
    extent: &Extent,
    (side, layer): (Side, Layer),
    constants: &StepConstants,
    plan: &Plan,
    state: &mut State,
    s: &mut Scratch,
) {
    let shape = constants.shape.part(stage.of);
    let of_layer = StepConstants { shape, ..constants.clone() };
    let mut own = Scratch::new(&shape, f32::NAN);
    let Some((_, net)) = s.nets.iter_mut().find(|(it, _)| *it == side) else {
        panic!("there is no network of {side:?}")
    };
    let (points, gradients) = net.of_layer(layer);
    std::mem::swap(&mut own.working, points);
    std::mem::swap(&mut own.gradients, gradients);
    std::mem::swap(&mut own.step_log, &mut s.step_log);
    let on_points = Stage { of: Of::Points, ..*stage };
    run_stage(&on_points, extent, &of_layer, plan, state.tables(stage.of), &mut own);
    std::mem::swap(&mut own.working, points);
    std::mem::swap(&mut own.gradients, gradients);
    std::mem::swap(&mut own.step_log, &mut s.step_log);
}

/// Which numbers of a table some shards have.
fn table_numbers(shards: &Shards, shape: &StepShape) -> Range<usize> {
    shards.rows().start * shape.padded_dim()..shards.rows().end * shape.padded_dim()
}

/// One step of `plan` on `state`, through `scratch`: the dispatches that the device makes.
pub fn step(constants: &StepConstants, plan: &Plan, state: &mut State, scratch: &mut Scratch) -> StepSums {
    let shape = &constants.shape;
    let stages = shape.stages();
    let log = &mut scratch.step_log[plan.header.log_slot as usize];
    (log.bad_rows, log.feature_loss) = (0, 0.0);
    for dispatch in shape.dispatches(plan) {
        let stage = &stages[dispatch.stage];
        let extent = shape.extents(stage)[dispatch.extent];
        run_stage(stage, &extent, constants, plan, state, scratch);
    }
    scratch.step_log[plan.header.log_slot as usize]
}
