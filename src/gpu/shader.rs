//! The text of the kernels, compiled into the binary, and the one rule by which they share code: a first
//! line `// include: a b` puts `shaders/include/a.wgsl` and `b.wgsl` before the kernel.

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
    "shard",
    "shard_quad",
    "block",
    "catch_up",
    "random",
    "lanes",
    "parts",
    "row_parts",
    "negatives",
);

/// The text of the kernel `name` as written in its file.
///
/// # Errors
/// [`Error::Gpu`] where there is no such kernel.
pub fn kernel(name: &str) -> Result<&'static str> {
    find(KERNELS, name)
}

/// The whole WGSL module of a kernel's text: its includes, then itself.
///
/// # Errors
/// [`Error::Gpu`] where it includes what there is not.
pub fn compose(text: &str) -> Result<String> {
    let mut module = String::new();
    if let Some(names) = text.lines().next().and_then(|line| line.strip_prefix("// include:")) {
        for name in names.split_whitespace() {
            module.push_str(find(INCLUDES, name)?);
            module.push('\n');
        }
    }
    module.push_str(text);
    Ok(module)
}

fn find(sources: &[(&'static str, &'static str)], name: &str) -> Result<&'static str> {
    let found = sources.iter().find(|(stem, _)| *stem == name);
    found.map(|(_, text)| *text).ok_or_else(|| Error::Gpu(format!("there is no shader {name:?}")))
}
