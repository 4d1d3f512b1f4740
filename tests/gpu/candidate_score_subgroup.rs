//! `candidate_score_subgroup` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin, has_subgroups};

#[test]
fn equals_its_twin_on_every_step() {
    if !has_subgroups() {
        return;
    }
    equals_its_twin("candidate_score_subgroup");
}

#[test]
fn every_defect_is_seen() {
    if !has_subgroups() {
        return;
    }
    defects_are_seen(
        "candidate_score_subgroup",
        &[
            ("subgroups, two blocks of pairs", "points[at + 2u * stride]", "points[at + stride]"),
            ("subgroups, two blocks of pairs", "transpose(mat4x4", "(mat4x4"),
            (
                "subgroups, rows in segments",
                "let at = pair * chunk_count + first_chunk + lane;",
                "let at = pair * chunk_count + lane;",
            ),
            ("subgroups, two blocks of pairs", "left_rows[at + {b}u * lane_count]", "left_rows[at]"),
            (
                "subgroups, three negatives, shards",
                "if first_chunk + chunk < chunk_count {",
                "if chunk < blocks_per_segment * lane_count - 1u {",
            ),
            ("subgroups, shared, several segments", "own * lane_count + thread;", "thread;"),
            ("subgroups, two blocks of pairs", "pair < pair_count;", "pair + 1u < pair_count;"),
            (
                "subgroups, rows in segments",
                "let to = (block.first_row + pair) * quad_count",
                "let to = pair * quad_count",
            ),
            ("subgroups, rows in segments", "if segment_count > 1u && segment > 0u {", "if segment > 5u {"),
            ("subgroups, three negatives, shards", "var sum = offsets", "var sum = vec4<f32>(0.0)"),
            ("subgroups, shared, two blocks of pairs", "var sum = offsets", "var sum = vec4<f32>(0.0)"),
            ("subgroups, ball, shared contrastive", "block.first_pair + pair)", "block.first_pair)"),
        ],
    );
}
