//! Networks that project features into the space: f(x) = b2 + W2 dropout(relu(b1 + W1 x)) (Hsieh et al. 2017, 3.3); or
//! linear, f(x) = b1 + W1 x, without a second layer.

use super::{Geometry, PlanShape, StepBuffer, StepShape};
use crate::data::Side;
use serde::{Deserialize, Serialize};

/// What f is to the rows that have features.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FeatureRole {
    /// A place that their points are drawn to (Hsieh et al. 2017, 3.3).
    Near {
        /// Weight of L_f, the sum over the rows of a step of |f(x) - e|^2.
        weight: f64,
    },
    /// A part of their points, which are e = row + f(x).
    Added,
}

/// A layer of a network: a table of its own, with a row for each input of the layer, and one more for what is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Features -> hidden units: (F + 1, H). Of a linear network features -> the space: (F + 1, D).
    Input,
    /// Hidden units -> the space: (H + 1, D).
    Output,
}

/// Which plan, tables and buffers a stage works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Those of the pairs: the points of items and users.
    Points,
    /// Those of a network as a whole; its plan is that of its first layer.
    Net(Side),
    /// Those of one layer.
    Layer(Side, Layer),
}

impl Of {
    /// Whose network, if it is one's.
    pub fn side(self) -> Option<Side> {
        match self {
            Of::Points => None,
            Of::Net(side) | Of::Layer(side, _) => Some(side),
        }
    }

    /// The tables whose plan it reads: a network's plan is that of its first layer.
    pub fn of_plan(self) -> Of {
        match self {
            Of::Net(side) => Of::Layer(side, Layer::Input),
            other => other,
        }
    }

    /// The tables that it works on, if any.
    pub fn tables(self) -> Of {
        match self {
            Of::Net(_) => Of::Points,
            other => other,
        }
    }

    /// What the tables are called in a checkpoint.
    pub fn name(self) -> &'static str {
        match self {
            Of::Points | Of::Net(_) => "points",
            Of::Layer(Side::Items, Layer::Input) => "item_features",
            Of::Layer(Side::Items, Layer::Output) => "item_hidden",
            Of::Layer(Side::Users, Layer::Input) => "user_features",
            Of::Layer(Side::Users, Layer::Output) => "user_hidden",
        }
    }
}

/// The sizes of a network and of what a step takes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetShape {
    /// F: features.
    pub feature_count: usize,
    /// H: hidden units, a multiple of 4; 0: f is linear, and has one layer.
    pub hidden: usize,
    /// The share of hidden units that a step leaves out.
    pub dropout: f64,
    /// What f is to the rows.
    pub role: FeatureRole,
    /// P: rows of a step that are projected, at most.
    pub projected: usize,
    /// The most (feature, value) entries that P rows can have.
    pub entry_capacity: usize,
    /// Rows of a shard of the first layer.
    pub rows_per_shard: usize,
    /// Row shards of the first layer that a dispatch covers, at most.
    pub shards_per_dispatch: usize,
}

impl NetShape {
    /// Its layers, in order.
    pub fn layers(&self) -> &'static [Layer] {
        if self.is_linear() { &[Layer::Input] } else { &[Layer::Input, Layer::Output] }
    }

    /// Whether f has no hidden units.
    pub fn is_linear(&self) -> bool {
        self.hidden == 0
    }

    /// Whether f is a part of the points.
    pub fn is_added(&self) -> bool {
        self.role == FeatureRole::Added
    }

    /// H, or D padded if f is linear: numbers of a row of the first layer.
    pub fn width(&self, points: &StepShape) -> usize {
        if self.is_linear() { points.padded_dim() } else { self.hidden }
    }

    /// Rows of a layer's table.
    pub fn table_rows(&self, layer: Layer) -> usize {
        match layer {
            Layer::Input => self.feature_count + 1,
            Layer::Output => self.hidden + 1,
        }
    }

    /// G at most: the features of P rows, and b1; or the hidden units, and b2.
    fn row_count(&self, layer: Layer) -> usize {
        match layer {
            Layer::Input => self.entry_capacity.min(self.feature_count) + 1,
            Layer::Output => self.hidden + 1,
        }
    }

    /// A layer's rows as steps see them: its table is loaded and stepped by the kernels that do so for points.
    pub fn layer(&self, layer: Layer, points: &StepShape) -> StepShape {
        let (rows_per_shard, shards_per_dispatch) = match layer {
            Layer::Input => (self.rows_per_shard, self.shards_per_dispatch),
            Layer::Output => (self.hidden + 1, 1),
        };
        let plan = PlanShape {
            batch_size: self.row_count(layer),
            negative_count: 0,
            candidate_count: 0,
            item_count: self.table_rows(layer),
            user_count: 0,
            rows_per_shard,
            excluded_capacity: 0,
            history: None,
        };
        StepShape {
            plan,
            dim: if layer == Layer::Input && !self.is_linear() { self.hidden } else { points.dim },
            geometry: Geometry::Dot,
            shards_per_dispatch,
            nets: [None; 2],
            ..*points
        }
    }

    /// Most bytes of a layer's plan.
    pub fn plan_capacity_bytes(&self, layer: Layer, points: &StepShape) -> u64 {
        let shape = self.layer(layer, points).plan;
        let words = match layer {
            // The uses and the entries; P slots, and where their entries begin.
            Layer::Input => 4 * (self.entry_capacity + self.projected) + 2 * self.projected + 1,
            Layer::Output => 0,
        };
        shape.plan_capacity_bytes() + 4 * words as u64
    }

    /// The buffers that a network's kernels share, but for the tables of its layers and what the CPU writes.
    pub fn buffers(&self, points: &StepShape) -> Vec<StepBuffer> {
        let flags =
            if self.is_added() { "--batch-size, --negatives, --hidden" } else { "--hidden, --batch-size" };
        let buffer = |name, words: usize| StepBuffer { name, bytes: words * 4, flags };
        let of_layer = |layer, working, gradients| {
            let shape = self.layer(layer, points);
            let gradient_words = shape.plan.row_capacity() * shape.slot_numbers();
            [buffer(working, shape.working_chunks() * 4), buffer(gradients, gradient_words)]
        };
        let mut buffers = vec![buffer("projected", self.projected * points.padded_dim())];
        buffers.extend(of_layer(Layer::Input, "input_points", "input_gradients"));
        if !self.is_linear() {
            buffers.extend(of_layer(Layer::Output, "output_points", "output_gradients"));
            buffers.extend(["hidden", "hidden_gradients"].map(|it| buffer(it, self.projected * self.hidden)));
        }
        if !self.is_added() {
            buffers.push(buffer("feature_losses", self.projected));
        }
        buffers
    }

    /// What a hidden number that dropout keeps is multiplied by.
    pub fn keep_scale(&self) -> f64 {
        1.0 / (1.0 - self.dropout)
    }

    /// Random words below this leave a hidden number out.
    pub fn drop_below(&self) -> u32 {
        (self.dropout * 2f64.powi(32)).round() as u32
    }

    /// The values of the `override` constants of a network's kernels.
    pub fn constants(&self, points: &StepShape) -> Vec<(&'static str, f64)> {
        vec![
            ("hidden_chunks", (self.width(points) / 4) as f64),
            ("is_linear", f64::from(u8::from(self.is_linear()))),
            ("keep_scale", self.keep_scale()),
            ("drop_below", f64::from(self.drop_below())),
        ]
    }
}

/// What kernels of `of` call some of the network's buffers, beside their own names: the tables' kernels those of a layer;
/// and a linear network has f where others have their hidden layer.
pub(crate) fn other_names(of: Of, shape: &StepShape) -> &'static [(&'static str, &'static str)] {
    match of {
        Of::Points => &[],
        Of::Net(side) => match shape.nets[side.index()] {
            Some(net) if net.is_linear() => &[("hidden", "projected"), ("hidden_gradients", "projected")],
            _ => &[],
        },
        Of::Layer(_, Layer::Input) => {
            &[("working", "input_points"), ("points", "input_points"), ("gradients", "input_gradients")]
        }
        Of::Layer(_, Layer::Output) => {
            &[("working", "output_points"), ("points", "output_points"), ("gradients", "output_gradients")]
        }
    }
}
