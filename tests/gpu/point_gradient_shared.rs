//! `point_gradient_shared` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("point_gradient_shared");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "point_gradient_shared",
        &[
            ("shared", "slot >= plan.candidate_count", "slot >= plan.row_count"),
            ("shared", "it.point = gradient_part(slot, lane);", ""),
            (
                "shared, few pairs, no item biases",
                "part.b = user_gradients[at + 1u];",
                "part.b = user_gradients[at];",
            ),
            (
                "shared",
                "let at = pair * chunk_count + lane * chunks_per_lane;",
                "let at = lane * chunks_per_lane;",
            ),
            ("shared", "+ chunk_count].y;", "+ chunk_count].x;"),
            ("shared", "it.count = 1.0;", ""),
            ("shared", "sum.count += 1.0;", ""),
            ("ball, shared contrastive", "sum.slopes += pairs[pair].slopes;", ""),
            ("shared", "part_plus(sum.point, 1.0, user_part(pair, lane))", "sum.point"),
            ("shared", "slope, positive_of_pair(pair), lane)", "slope, user_of_pair(pair), lane)"),
            ("shared", "slope, user_of_pair(pair), lane)", "slope, positive_of_pair(pair), lane)"),
            ("shared", "sum.slopes += slope;", "sum.slopes = slope;"),
            ("shared", "plan.words[at] / 2u", "plan.words[at] / 4u"),
            (
                "shared",
                "let end = plan.words[plan.uses_at + slot + 1u];",
                "let end = plan.words[plan.uses_at + slot];",
            ),
            ("histories", "|| plan.words[plan.uses_at + slot] != plan.words[plan.uses_at + slot + 1u]", ""),
            ("shared", "row_of_slot(slot) != none", "true"),
            ("shared", "if slot >= plan.row_count { break; }", "if slot + 1u >= plan.row_count { break; }"),
            ("subgroups, shared, plain gradient descent", "own + index * stride", "own + index"),
            ("shared", "else if lane == 0u { write_unused(slot); }", ""),
            ("shared", "let slope = scores[positive_at(pair)];", "let slope = 1.0;"),
            ("subgroups, shared, few pairs", "index < slots_per_group", "index < 1u"),
        ],
    );
}
