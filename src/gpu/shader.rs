//! The text of the kernels, compiled into the binary, and the two rules by which it becomes WGSL: a first
//! line `// include: a b` puts `shaders/include/a.wgsl` and `b.wgsl` before the kernel, and adjacent lines of
//! code with `{p}` or the like, or what is between `// {p} begins` and `// {p} ends`, stand for as many copies as an
//! override says ([`REPEATED`]).

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
    "triplet_loss",
    "row_gradient",
    "row_adam",
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
    "hole_scores",
    "catch_up",
    "row_states",
    "random",
    "lanes",
    "lanes_subgroup",
    "lane_chunks",
    "stepped_slots",
    "parts",
    "row_parts",
    "negatives",
);

/// What stands for a number in repeated lines, and the override that says how many numbers there are.
pub const REPEATED: [(&str, &str); 5] = [
    ("{p}", "pairs_per_thread"),
    ("{q}", "quads_per_thread"),
    ("{b}", "blocks_per_part"),
    ("{i}", "lane_count"),
    ("{s}", "shards_per_dispatch"),
];

/// The text of the kernel `name` as written in its file.
///
/// # Errors
/// [`Error::Gpu`] where there is no such kernel.
pub fn kernel(name: &str) -> Result<&'static str> {
    find(KERNELS, name)
}

/// The whole WGSL module of a kernel's text: its includes, then itself, with lines repeated as often as
/// `constants`, the values of its overrides, say; marks whose override is not among these stay as they are. Where
/// `subgroup_lanes` says that a workgroup is one subgroup, `lanes_subgroup` takes the place of `lanes`. Accumulators
/// have names, not indices: an array that a loop walks would lie in memory on many a driver.
///
/// # Errors
/// [`Error::Gpu`] where it includes what there is not.
pub fn compose(text: &str, constants: &[(&str, f64)]) -> Result<String> {
    let value =
        |name: &str| constants.iter().find(|(constant, _)| *constant == name).map(|(_, value)| *value);
    let is_subgroup =
        value("subgroup_lanes").is_some_and(|lanes| lanes > 0.0 && Some(lanes) == value("lane_count"));
    let mut module = String::new();
    if let Some(names) = text.lines().next().and_then(|line| line.strip_prefix("// include:")) {
        for name in names.split_whitespace() {
            let name = if name == "lanes" && is_subgroup { "lanes_subgroup" } else { name };
            module.push_str(find(INCLUDES, name)?);
            module.push('\n');
        }
    }
    module.push_str(text);
    for (mark, name) in REPEATED {
        if let Some(count) = value(name) {
            module = repeat(&module, mark, count as usize);
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
