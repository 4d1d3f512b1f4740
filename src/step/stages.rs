//! The list of stages: the only statement of what a step is. The device's stepper, the twins' step, the self-test,
//! the stage timer and the count of dispatches all read it.

use super::layout::{Block, Shards};
use super::{FeatureRole, Layer, NetShape, Of, Plan, StepShape};
use crate::data::Side;

/// A stage of a step: one kernel, and what it runs over. Its buffers are bound by the names that its WGSL declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// The kernel: `shaders/<kernel>.wgsl`.
    pub kernel: &'static str,
    /// Whose plan, tables and buffers it works on.
    pub of: Of,
    /// What it runs over.
    pub over: Over,
    /// Threads of a workgroup.
    pub lane_count: usize,
}

/// What a stage runs over, and what one workgroup of it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The tables, by the plan's quads: a workgroup for a quad of slots, then one for each four left rows.
    Quads,
    /// The tables, by the plan's slots: a workgroup for `slots_per_group` slots.
    TableSlots,
    /// The tables, row by row: a workgroup for a row.
    Rows,
    /// Blocks of pairs: a workgroup for a tile of pairs x candidates.
    Tiles,
    /// Windows of blocks of pairs: a workgroup for a quad of candidates a thread.
    Windows,
    /// Blocks of pairs: a workgroup for a pair.
    Draws,
    /// Blocks of pairs: a workgroup for this many.
    BlockPairs(usize),
    /// Blocks of pairs: a workgroup for this many pairs, and this many vec4 of their rows.
    PairChunks(usize, usize),
    /// Blocks of pairs: a workgroup for this many candidates, and this many vec4 of their rows.
    CandidateChunks(usize, usize),
    /// The pairs: a workgroup for this many.
    Pairs(usize),
    /// The row slots: a workgroup for this many.
    Slots(usize),
    /// The slots of users: a workgroup for this many.
    UserSlots(usize),
    /// The slots of items: a workgroup for this many.
    ItemSlots(usize),
    /// The rows that a network projects: a workgroup for a row.
    Projected,
    /// The rows that a network projects: a workgroup for a tile of them x this many vec4.
    ProjectedTiles(usize),
    /// A network's hidden units: a workgroup for a tile of this many quads of them x this many vec4.
    UnitTiles(usize, usize),
    /// The row slots: a workgroup for this many, and this many vec4 of their points.
    SlotChunks(usize, usize),
    /// The parts of the row slots of [`StepShape::covariance_parts`]: this many workgroups for each.
    SlotParts(usize),
    /// The rows of the covariance, and the mean: a workgroup for a row.
    CovarianceRows,
    /// One workgroup.
    Once,
}

impl Over {
    fn is_in_blocks(self) -> bool {
        match self {
            Over::Tiles | Over::Windows | Over::Draws | Over::BlockPairs(_) => true,
            Over::PairChunks(..) | Over::CandidateChunks(..) => true,
            Over::Quads | Over::TableSlots | Over::Rows | Over::Pairs(_) | Over::Slots(_) => false,
            Over::SlotChunks(..) | Over::SlotParts(_) | Over::CovarianceRows | Over::Once => false,
            Over::UserSlots(_) | Over::ItemSlots(_) => false,
            Over::Projected | Over::ProjectedTiles(_) | Over::UnitTiles(..) => false,
        }
    }
}

/// What one dispatch of a stage covers; its kernel reads it from a uniform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of the step.
    Whole,
    /// Some shards of the tables.
    Shards(Shards),
    /// Some pairs.
    Block(Block),
}

/// One dispatch of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispatch {
    /// Which stage of [`StepShape::stages`].
    pub stage: usize,
    /// Which of its extents ([`StepShape::extents`]).
    pub extent: usize,
    /// Workgroups: columns and rows.
    pub groups: (u32, u32),
}

/// Rows, and columns, of a tile of a product.
pub const TILE: u32 = 64;
/// Threads of a workgroup that makes a tile.
const TILE_THREADS: usize = 256;
/// Pairs, candidates or slots of a workgroup of a gradient's product on subgroups.
const SUBGROUP_ROWS: usize = 128;
/// Workgroups that one dimension of a dispatch may have (WebGPU's default limit).
const MAX_GROUPS: u32 = 65_535;

/// `count` workgroups folded into two dimensions; the kernels drop those beyond `count`.
pub fn fold(count: u32) -> (u32, u32) {
    if count <= MAX_GROUPS {
        return (count, u32::from(count > 0));
    }
    let rows = count.div_ceil(MAX_GROUPS);
    (count.div_ceil(rows), rows)
}

/// Workgroups for `rows` rows, `rows_per_group` each, and as often for `chunk_groups` parts of the rows.
fn by_rows(rows: u32, rows_per_group: usize, chunk_groups: u32) -> (u32, u32) {
    (rows.div_ceil(rows_per_group as u32), chunk_groups)
}

impl StepShape {
    /// The stages of a step, in order.
    pub fn stages(&self) -> Vec<Stage> {
        let (grain, lanes) = (self.grain, self.lane_count());
        let stage = |kernel, over, lane_count| Stage { kernel, of: Of::Points, over, lane_count };
        let candidate_score = match grain.subgroup_lanes {
            0 => stage("candidate_score", Over::Tiles, TILE_THREADS),
            subgroup => stage("candidate_score_subgroup", Over::Windows, subgroup),
        };
        let pair_score = stage("pair_score", Over::Pairs(grain.pairs_per_group), lanes);
        let loss = |over| stage(self.loss.kernel(), over, grain.loss_lanes);
        let point_gradient = |kernel| stage(kernel, Over::Slots(grain.slots_per_group), lanes);
        let step_sum = stage("step_sum", Over::Once, grain.sum_lanes);
        let mut stages = vec![stage("row_load", Over::Quads, lanes)];
        stages.extend(self.nets().filter(|(_, net)| net.is_added()).flat_map(|it| self.net_forward(it)));
        let (pairs, slots) = (grain.pairs_per_group, grain.slots_per_group);
        if self.plan.history.is_some() {
            stages.push(stage("history_sum", Over::UserSlots(slots), lanes));
            stages.push(stage("history_user", Over::Pairs(pairs), lanes));
        }
        if self.plan.shares_candidates() {
            stages.extend([pair_score, candidate_score, loss(Over::BlockPairs(grain.pairs_per_group))]);
            stages.extend(self.candidate_products());
            stages.extend([step_sum, point_gradient("point_gradient_shared")]);
        } else {
            if self.plan.candidate_count > 0 {
                stages.extend([candidate_score, stage("negative_draw", Over::Draws, grain.draw_lanes)]);
            }
            let loss = loss(Over::Pairs(grain.pairs_per_group));
            stages.extend([pair_score, loss, step_sum, point_gradient("point_gradient")]);
        }
        if self.has_covariance() {
            let [sum, gradient] = self.covariance_products();
            stages.extend([sum, stage("covariance_matrix", Over::CovarianceRows, lanes), gradient]);
        }
        if self.plan.history.is_some() {
            stages.push(stage("history_slope", Over::Pairs(pairs), lanes));
            stages.push(stage("history_user_gradient", Over::UserSlots(slots), lanes));
            stages.push(stage("history_item_gradient", Over::ItemSlots(slots), lanes));
        }
        for (side, net) in self.nets() {
            if !net.is_added() {
                stages.extend(self.net_forward((side, net)));
            }
            stages.extend(self.net_backward((side, net)));
        }
        stages.push(stage(self.optimizer.kernel(), Over::TableSlots, lanes));
        stages
    }

    /// The stages of a network that give f, up to what is made of it.
    fn net_forward(&self, (side, net): (Side, NetShape)) -> Vec<Stage> {
        let stage = |kernel, over, lane_count| Stage { kernel, of: Of::Net(side), over, lane_count };
        let mut stages = self.of_layers((side, net), "row_load", Over::Quads);
        let hidden_lanes = net.layer(Layer::Input, self).lane_count();
        stages.push(stage("feature_hidden", Over::Projected, hidden_lanes));
        if !net.is_linear() {
            stages.push(stage("feature_output", Over::ProjectedTiles(self.chunk_count()), TILE_THREADS));
        }
        stages.extend(match net.role {
            FeatureRole::Added => vec![stage("feature_add", Over::Projected, self.lane_count())],
            FeatureRole::Near { .. } => vec![
                stage("feature_slope", Over::Projected, self.lane_count()),
                stage("feature_sum", Over::Once, self.grain.sum_lanes),
            ],
        });
        stages
    }

    /// The stages of a network from the slopes dL/df to the optimizer's step of its layers.
    fn net_backward(&self, (side, net): (Side, NetShape)) -> Vec<Stage> {
        let stage = |kernel, over, lane_count| Stage { kernel, of: Of::Net(side), over, lane_count };
        let (hidden, chunks) = (net.hidden / 4, self.chunk_count());
        let mut stages = Vec::new();
        if net.is_added() {
            stages.push(stage("feature_take", Over::Projected, self.lane_count()));
        }
        if !net.is_linear() {
            stages.push(stage("hidden_gradient", Over::ProjectedTiles(hidden), TILE_THREADS));
            stages.push(stage("output_gradient", Over::UnitTiles(hidden, chunks), TILE_THREADS));
        }
        let hidden_lanes = net.layer(Layer::Input, self).lane_count();
        stages.push(stage("feature_gradient", Over::Slots(1), hidden_lanes));
        stages.extend(self.of_layers((side, net), self.optimizer.kernel(), Over::TableSlots));
        stages
    }

    /// A stage over the table of each layer of a network.
    fn of_layers(&self, (side, net): (Side, NetShape), kernel: &'static str, over: Over) -> Vec<Stage> {
        let of_layer = |&layer: &Layer| {
            let lane_count = net.layer(layer, self).lane_count();
            Stage { kernel, of: Of::Layer(side, layer), over, lane_count }
        };
        net.layers().iter().map(of_layer).collect()
    }

    /// The gradients that come from shared candidates: slopes x candidates, and slopes^T x users.
    fn candidate_products(&self) -> [Stage; 2] {
        let stage = |kernel, over, lane_count| Stage { kernel, of: Of::Points, over, lane_count };
        match self.grain.subgroup_lanes {
            0 => {
                let (rows, chunks) = (TILE as usize, TILE as usize / 4);
                [
                    stage("user_gradient", Over::PairChunks(rows, chunks), TILE_THREADS),
                    stage("candidate_gradient", Over::CandidateChunks(rows, chunks), TILE_THREADS),
                ]
            }
            lanes => [
                stage("user_gradient_subgroup", Over::PairChunks(SUBGROUP_ROWS, lanes), lanes),
                stage("candidate_gradient_subgroup", Over::CandidateChunks(SUBGROUP_ROWS, lanes), lanes),
            ],
        }
    }

    /// The products for the covariance of the points: points^T x points, and points x covariance.
    fn covariance_products(&self) -> [Stage; 2] {
        let stage = |kernel, over, lane_count| Stage { kernel, of: Of::Points, over, lane_count };
        let groups = |chunks: usize| self.chunk_count().div_ceil(chunks);
        match self.grain.subgroup_lanes {
            0 => {
                let (rows, chunks) = (TILE as usize, TILE as usize / 4);
                let tiles = groups(chunks) * groups(chunks);
                [
                    stage("covariance_sum", Over::SlotParts(tiles), TILE_THREADS),
                    stage("covariance_gradient", Over::SlotChunks(rows, chunks), TILE_THREADS),
                ]
            }
            lanes => [
                stage("covariance_sum_subgroup", Over::SlotParts(groups(lanes)), lanes),
                stage("covariance_gradient_subgroup", Over::SlotChunks(SUBGROUP_ROWS, lanes), lanes),
            ],
        }
    }

    /// The stages, between steps, that bring all rows up to a step; none if the optimizer leaves untouched rows in
    /// place.
    pub fn catch_up_stages(&self) -> Vec<Stage> {
        let stage = |of| Stage {
            kernel: "row_catch_up",
            of,
            over: Over::Rows,
            lane_count: self.part(of).lane_count(),
        };
        let tables = if self.optimizer.moves_untouched_rows() { self.tables() } else { Vec::new() };
        tables.into_iter().map(stage).collect()
    }

    /// What the dispatches of `stage` cover, for a full batch.
    pub fn extents(&self, stage: &Stage) -> Vec<Extent> {
        if stage.over.is_in_blocks() {
            return self.blocks().iter().flat_map(|block| self.extents_in(stage, block)).collect();
        }
        self.extents_in(stage, &Block::default())
    }

    /// Those of one block of pairs; all of them if the stage does not run over blocks.
    fn extents_in(&self, stage: &Stage, block: &Block) -> Vec<Extent> {
        match stage.over {
            Over::Quads | Over::TableSlots | Over::Rows => {
                self.part(stage.of).table_shards().into_iter().map(Extent::Shards).collect()
            }
            Over::Windows => self.windows(block).into_iter().map(Extent::Block).collect(),
            _ if stage.over.is_in_blocks() => vec![Extent::Block(*block)],
            _ => vec![Extent::Whole],
        }
    }

    /// Workgroups of `stage` for one of its extents in the step of `plan`; none if the step has no work there.
    pub fn groups(&self, stage: &Stage, extent: &Extent, plan: &Plan) -> (u32, u32) {
        let Some(plan) = plan.of(stage.of) else { return (0, 0) };
        let header = &plan.header;
        let tiles = |count: usize, chunks: usize| {
            by_rows(count as u32, TILE as usize, chunks.div_ceil(TILE as usize / 4) as u32)
        };
        match (stage.over, extent) {
            (Over::Rows, Extent::Shards(shards)) => fold(shards.row_count),
            (Over::Quads, Extent::Shards(shards)) => {
                let quads = plan.shard_quads(shards.range()).len() as u32;
                let left_rows = if stage.of == Of::Points && self.has_left_rows() {
                    header.pair_count.div_ceil(4)
                } else {
                    0
                };
                // A shard without quads has no left rows either.
                fold(if quads == 0 { 0 } else { quads + left_rows })
            }
            (Over::TableSlots, Extent::Shards(shards)) => {
                let slots = 4 * plan.shard_quads(shards.range()).len() as u32;
                fold(slots.div_ceil(self.grain.slots_per_group as u32))
            }
            (over, Extent::Block(block)) => {
                let pairs = block.pair_count.min(header.pair_count.saturating_sub(block.first_pair));
                let quads = header.candidate_count / 4;
                let chunk_groups = |chunks: usize| self.chunk_count().div_ceil(chunks) as u32;
                match over {
                    _ if pairs == 0 => (0, 0),
                    Over::Tiles => (pairs.div_ceil(TILE), header.candidate_count.div_ceil(TILE)),
                    Over::Windows => fold(quads.div_ceil(stage.lane_count as u32)),
                    Over::PairChunks(rows, chunks) => by_rows(pairs, rows, chunk_groups(chunks)),
                    Over::CandidateChunks(rows, chunks) => {
                        by_rows(header.candidate_count, rows, chunk_groups(chunks))
                    }
                    Over::BlockPairs(per_group) => fold(pairs.div_ceil(per_group as u32)),
                    _ => fold(pairs),
                }
            }
            (Over::Pairs(per_group), _) => fold(header.pair_count.div_ceil(per_group as u32)),
            (Over::SlotChunks(slots, chunks), _) => {
                by_rows(header.row_count, slots, self.chunk_count().div_ceil(chunks) as u32)
            }
            (Over::SlotParts(groups), _) => (groups as u32, self.covariance_parts() as u32),
            (Over::CovarianceRows, _) => fold(self.padded_dim() as u32 + 1),
            (Over::Slots(per_group), _) => fold(header.row_count.div_ceil(per_group as u32)),
            (Over::UserSlots(per_group), _) => {
                let slots = header.pair_slots_at - header.item_slot_count;
                fold(slots.div_ceil(per_group as u32))
            }
            (Over::ItemSlots(per_group), _) => fold(header.item_slot_count.div_ceil(per_group as u32)),
            (Over::Projected, _) => fold(header.projected_count),
            (Over::ProjectedTiles(chunks), _) => tiles(header.projected_count as usize, chunks),
            (Over::UnitTiles(quads, chunks), _) => tiles(4 * quads, chunks),
            _ => (1, 1),
        }
    }

    /// The dispatches of the step of `plan`, in order. Neighbouring stages over blocks of pairs share the
    /// candidate scores, so each block goes through all of them before the next block begins.
    pub fn dispatches(&self, plan: &Plan) -> Vec<Dispatch> {
        let stages: Vec<(usize, Stage)> = self.stages().into_iter().enumerate().collect();
        let mut dispatches = Vec::new();
        for together in stages.chunk_by(|(_, a), (_, b)| a.over.is_in_blocks() && b.over.is_in_blocks()) {
            // The next extent of each stage.
            let mut next = vec![0; together.len()];
            let blocks =
                if together[0].1.over.is_in_blocks() { self.blocks() } else { vec![Block::default()] };
            for block in &blocks {
                for ((stage, it), next) in together.iter().zip(&mut next) {
                    for extent in self.extents_in(it, block) {
                        let groups = self.groups(it, &extent, plan);
                        if groups.0 > 0 {
                            dispatches.push(Dispatch { stage: *stage, extent: *next, groups });
                        }
                        *next += 1;
                    }
                }
            }
        }
        dispatches
    }

    /// How to compile the kernel of `stage`: the values of its `override` constants and the files it includes.
    pub fn build(&self, stage: &Stage) -> Build {
        let mut build = self.part(stage.of).build_own(stage);
        if let Some(net) = stage.of.side().and_then(|side| self.nets[side.index()]) {
            build.constants.extend(net.constants(self));
        }
        build
    }

    fn build_own(&self, stage: &Stage) -> Build {
        // How a product on subgroups takes what its threads hold.
        let held_blocks = self.grain.held_chunks / self.grain.subgroup_lanes.max(1);
        let (segment_count, blocks_per_segment) = match stage.over {
            Over::PairChunks(..) | Over::SlotChunks(..) => (1, held_blocks),
            Over::CandidateChunks(..) | Over::SlotParts(_) => (1, 2 * held_blocks),
            _ => self.row_segments(),
        };
        let rows_per_group = match stage.over {
            Over::PairChunks(rows, _) | Over::CandidateChunks(rows, _) | Over::SlotChunks(rows, _) => rows,
            _ => 1,
        };
        let is_shared = self.plan.shares_candidates();
        let flag = |is_on: bool| f64::from(u8::from(is_on));
        let mut constants = vec![
            ("lane_count", stage.lane_count as f64),
            ("chunk_count", self.chunk_count() as f64),
            ("chunks_per_lane", self.chunk_count().div_ceil(self.lane_count()) as f64),
            ("negative_count", self.plan.negative_count as f64),
            ("pair_words", self.plan.pair_words() as f64),
            ("left_rows_at", self.left_rows_at() as f64),
            ("has_momentum", flag(self.optimizer.moves_untouched_rows())),
            ("has_heights", flag(self.geometry.has_heights())),
            ("has_spread", flag(self.has_spread())),
            ("part_count", self.covariance_parts() as f64),
            ("rows_per_group", rows_per_group as f64),
            ("scores_users", flag(is_shared)),
            ("copies_users", flag(is_shared && self.has_left_rows())),
            ("history_weight", self.plan.history.map_or(0.0, |history| history.weight)),
            ("item_count", self.plan.item_count as f64),
            ("pairs_per_group", self.grain.pairs_per_group as f64),
            ("slots_per_group", self.grain.slots_per_group as f64),
            ("segment_count", segment_count as f64),
            ("blocks_per_segment", blocks_per_segment as f64),
            ("shards_per_dispatch", self.shards_per_dispatch as f64),
        ];
        constants.extend(self.loss.constants());
        let is_subgroup = stage.lane_count == self.grain.subgroup_lanes;
        let includes = vec![
            ("lanes", if is_subgroup { "lanes_subgroup" } else { "lanes" }),
            ("geometry", self.geometry.include()),
            ("pair_scores", if is_shared { "block pair_scores_shared" } else { "pair_scores_own" }),
        ];
        Build { constants, includes }
    }
}

/// How a kernel's text becomes a pipeline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Build {
    /// Values of `override` constants; a kernel takes those that it declares.
    pub constants: Vec<(&'static str, f64)>,
    /// (what a kernel includes, the files that stand in for it, with blanks between them).
    pub includes: Vec<(&'static str, &'static str)>,
}
