//! `user_gradient_subgroup` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin, has_subgroups};

#[test]
fn equals_its_twin_on_every_step() {
    if !has_subgroups() {
        return;
    }
    equals_its_twin("user_gradient_subgroup");
}

#[test]
fn every_defect_is_seen() {
    if !has_subgroups() {
        return;
    }
    defects_are_seen(
        "user_gradient_subgroup",
        &[
            (
                "subgroups, shared, two blocks of pairs",
                "min(slot, plan.candidate_count - 1u)",
                "min(slot, plan.candidate_count - 5u)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "point_chunk(slot + 2u, chunk)",
                "point_chunk(slot + 1u, chunk)",
            ),
            ("subgroups, shared, two blocks of pairs", "group.y * lane_count + thread", "thread"),
            (
                "subgroups, shared, two blocks of pairs",
                "(group.x + 1u) * rows_per_group)",
                "(group.x + 1u) * rows_per_group - 1u)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "var pair = group.x * rows_per_group;",
                "var pair = group.x * rows_per_group + 1u;",
            ),
            (
                "subgroups, shared, several segments",
                "quad_chunks(first_quad + index, chunk)",
                "quad_chunks(index, chunk)",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "(block.first_row + pair) * quad_count",
                "block.first_row * quad_count",
            ),
            (
                "subgroups, shared, two blocks of pairs",
                "(block.first_pair + pair) * chunk_count",
                "pair * chunk_count",
            ),
            ("subgroups, shared, several segments", "if first_quad > 0u { sum = user_gradients[to]; }", ""),
            (
                "subgroups, shared, several segments",
                "let quad_{b} = first_quad + {b}u * lane_count + lane;",
                "let quad_{b} = {b}u * lane_count + lane;",
            ),
            ("subgroups, shared, two blocks of pairs", "quad_{b} < quad_count", "quad_{b} + 1u < quad_count"),
            ("subgroups, shared, two blocks of pairs", "{b}u * lane_count + lane;", "lane;"),
            ("subgroups, shared, two blocks of pairs", "subgroupBroadcast(slopes_{b}, {i}u)", "slopes_{b}"),
            (
                "subgroups, shared, two blocks of pairs",
                "if own_chunk < chunk_count {",
                "if own_chunk + 1u < chunk_count {",
            ),
        ],
    );
}
