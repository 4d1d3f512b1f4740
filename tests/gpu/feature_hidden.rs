//! `feature_hidden` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("feature_hidden");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "feature_hidden",
        &[
            ("networks", "plan.bias_slot", "0u*plan.bias_slot + 1u"),
            (
                "networks",
                "plan.words[plan.entries_at + own + 1u]",
                "plan.words[plan.entries_at + own + 1u] - 2u",
            ),
            ("networks", "bitcast<f32>(plan.words[at + 1u])", "1.0"),
            ("networks", "max(sum, vec4<f32>(0.0))", "abs(sum)"),
            ("networks", "* kept(own, chunk)", "* keep_scale"),
            ("networks", "is_linear == 0u", "is_linear != 0u"),
            ("added, linear, shards", "is_linear == 0u", "is_linear != 2u"),
            ("networks", "projected, chunk))", "projected + 1u, chunk))"),
            ("networks", "words >= vec4<u32>(drop_below)", "words < vec4<u32>(drop_below)"),
            ("networks", "vec4<f32>(keep_scale)", "vec4<f32>(1.0)"),
            ("networks, some rows, shards", "chunk < hidden_chunks", "chunk + 1u < hidden_chunks"),
            (
                "networks, some rows, shards",
                "hidden[own * hidden_chunks + chunk] =",
                "hidden[own * hidden_chunks + chunk / 2u] =",
            ),
        ],
    );
}
