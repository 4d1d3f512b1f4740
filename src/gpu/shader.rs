//! The text of the kernels, compiled into the binary, and the two rules by which it becomes WGSL. A first line
//! `// include: a b` puts `shaders/include/a.wgsl` and `b.wgsl` before the kernel; a build may name other files to
//! stand in for one of them. And adjacent lines of code with `{s}` or the like, or all from `// {s} begins` to
//! `// {s} ends`, stand for several copies: an override says how many ([`REPEATED`]).

use crate::step::Build;
use crate::{Error, Result};

macro_rules! sources {
    ($folder:literal, $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../shaders/", $folder, $name, ".wgsl")))),*]
    };
}

/// (stem, text) of each kernel; the entry point is called as the stem.
pub const KERNELS: &[(&str, &str)] = sources!(
    "",
    "row_load",
    "candidate_score",
    "candidate_score_subgroup",
    "negative_draw",
    "pair_score",
    "triplet_loss",
    "hinge_sum_loss",
    "contrastive_loss",
    "softmax_loss",
    "bpr_loss",
    "warp_loss",
    "user_gradient",
    "user_gradient_subgroup",
    "candidate_gradient",
    "candidate_gradient_subgroup",
    "step_sum",
    "point_gradient",
    "point_gradient_shared",
    "history_sum",
    "history_user",
    "history_slope",
    "history_user_gradient",
    "history_item_gradient",
    "feature_hidden",
    "feature_output",
    "feature_slope",
    "feature_sum",
    "feature_add",
    "feature_take",
    "hidden_gradient",
    "output_gradient",
    "feature_gradient",
    "covariance_sum",
    "covariance_sum_subgroup",
    "covariance_matrix",
    "covariance_gradient",
    "covariance_gradient_subgroup",
    "row_adam",
    "row_adagrad",
    "row_sgd",
    "row_catch_up",
);

const INCLUDES: &[(&str, &str)] = sources!(
    "include/",
    "plan",
    "settings",
    "shards",
    "shard_quads",
    "block",
    "candidates",
    "tile",
    "catch_up",
    "moments",
    "row_states",
    "random",
    "lanes",
    "lanes_subgroup",
    "stepped_slots",
    "parts",
    "row_parts",
    "negatives",
    "scores",
    "finite",
    "step_log",
    "history",
    "history_parts",
    "history_writes",
    "gradient_parts",
    "gradient_writes",
    "net",
    "pair_scores_own",
    "pair_scores_shared",
    "losses",
    "slot_gradients",
    "covariance",
    "settled_rows",
    "geometry_sphere",
    "geometry_ball",
    "geometry_dot",
);

/// What stands for a number in repeated lines, and the override that says how many numbers there are. Text is
/// repeated only for what needs names: bindings, registers, and the constant lane of a broadcast.
pub const REPEATED: [(&str, &str); 3] =
    [("{b}", "blocks_per_segment"), ("{i}", "lane_count"), ("{s}", "shards_per_dispatch")];

/// The text of the kernel `name` as written in its file.
///
/// # Errors
/// [`Error::Gpu`] if there is no such kernel.
pub fn kernel(name: &str) -> Result<&'static str> {
    find(KERNELS, name)
}

/// The whole WGSL module of a kernel's text: its includes, then itself, with lines repeated as the build's
/// constants say. Marks whose override is not among the constants stay as they are.
///
/// # Errors
/// [`Error::Gpu`] if it includes an unknown file.
pub fn compose(text: &str, build: &Build) -> Result<String> {
    let mut module = String::new();
    if let Some(names) = text.lines().next().and_then(|line| line.strip_prefix("// include:")) {
        for name in names.split_whitespace() {
            let stand_in = build.includes.iter().find(|(included, _)| *included == name);
            for file in stand_in.map_or(name, |(_, files)| *files).split_whitespace() {
                module.push_str(find(INCLUDES, file)?);
                module.push('\n');
            }
        }
    }
    module.push_str(text);
    for (mark, name) in REPEATED {
        if let Some((_, count)) = build.constants.iter().find(|(constant, _)| *constant == name) {
            module = repeat(&module, mark, *count as usize);
        }
    }
    Ok(module)
}

/// Adjacent lines of code with `mark` are repeated together, with 0, 1, ... in its place; so is all from a line
/// `// {s} begins` to a line `// {s} ends`.
fn repeat(text: &str, mark: &str, count: usize) -> String {
    let (begins, ends) = (format!("// {mark} begins"), format!("// {mark} ends"));
    let mut is_within = false;
    let marked_lines: Vec<(bool, &str)> = text
        .lines()
        .map(|line| {
            is_within = (is_within || line == begins) && line != ends;
            (is_within || (line.contains(mark) && !line.trim_start().starts_with("//")), line)
        })
        .collect();
    let mut repeated = String::with_capacity(text.len() * 2);
    for block in marked_lines.chunk_by(|a, b| a.0 == b.0) {
        for index in 0..if block[0].0 { count } else { 1 } {
            for (is_marked, line) in block {
                if *is_marked {
                    repeated.push_str(&line.replace(mark, &index.to_string()));
                } else {
                    repeated.push_str(line);
                }
                repeated.push('\n');
            }
        }
    }
    repeated
}

fn find(sources: &[(&'static str, &'static str)], name: &str) -> Result<&'static str> {
    let found = sources.iter().find(|(stem, _)| *stem == name);
    found.map(|(_, text)| *text).ok_or_else(|| Error::Gpu(format!("there is no shader {name:?}")))
}
