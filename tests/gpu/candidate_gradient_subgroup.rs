//! `candidate_gradient_subgroup` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin, has_subgroups};

#[test]
fn equals_its_twin_on_every_step() {
    if !has_subgroups() {
        return;
    }
    equals_its_twin("candidate_gradient_subgroup");
}

#[test]
fn every_defect_is_seen() {
    if !has_subgroups() {
        return;
    }
    defects_are_seen(
        "candidate_gradient_subgroup",
        &[
            ("subgroups, shared, two blocks of pairs", "if is_first { return value; }", "return value;"),
            (
                "subgroups, shared, two blocks of pairs",
                "return gradients[at] + value;",
                "return gradients[at] - value;",
            ),
            ("subgroups, shared, two blocks of pairs", "group.y * lane_count + thread", "thread"),
            (
                "subgroups, shared, several segments",
                "(group.x + 1u) * rows_per_group / 4u)",
                "(group.x + 1u) * rows_per_group / 4u - 1u)",
            ),
            (
                "subgroups, shared, several segments",
                "var quad = group.x * rows_per_group / 4u;",
                "var quad = group.x * rows_per_group / 4u + 1u;",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "block.first_pair == 0u && first_pair == 0u",
                "first_pair == 0u",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "block.first_pair == 0u && first_pair == 0u",
                "block.first_pair == 0u",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "min(first_pair + index, pair_count - 1u)",
                "min(index, pair_count - 1u)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "user_of_pair(block.first_pair + pair)",
                "user_of_pair(pair)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "let pair_{b} = first_pair + {b}u * lane_count + lane;",
                "let pair_{b} = {b}u * lane_count + lane;",
            ),
            ("subgroups, shared, two blocks of pairs", "* quad_count + quad;", "* quad_count;"),
            ("subgroups, shared, two blocks of pairs", "pair_{b} < pair_count)", "true)"),
            (
                "subgroups, shared, two blocks of pairs",
                "slope_sums += slopes_{b};",
                "slope_sums = slopes_{b};",
            ),
            ("subgroups, shared, two blocks of pairs", "subgroupBroadcast(slopes_{b}, {i}u)", "slopes_{b}"),
            ("subgroups, shared, two blocks of pairs", "sum_2 += of_{b}_{i}.z", "sum_2 += of_{b}_{i}.y"),
            (
                "subgroups, shared, two blocks of pairs",
                "added(to + stride, sum_1, is_first)",
                "added(to + stride, sum_0, is_first)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "added(to + 3u * stride, sum_3, is_first)",
                "added(to + 3u * stride, sum_2, is_first)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "if own_chunk < chunk_count {",
                "if own_chunk + 1u < chunk_count {",
            ),
            ("subgroups, shared, two blocks of pairs", "if group.y == 0u {", "if group.y == 9u {"),
            (
                "subgroups, shared, two blocks of pairs",
                "all += subgroupBroadcast(slope_sums, {i}u);",
                "all = slope_sums;",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "vec4<f32>(0.0, all[thread], 0.0, 0.0)",
                "vec4<f32>(0.0, all[0], 0.0, 0.0)",
            ),
        ],
    );
}
