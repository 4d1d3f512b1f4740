//! `row_load` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("row_load");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_load",
        &[
            ("two-stage", "return x - distance * drift", "return x + distance * drift"),
            ("two-stage", "plan.step - 1u - state.last_step", "plan.step - state.last_step"),
            ("two-stage", "it.distance * (2.0 * state.along", "it.distance * (state.along"),
            ("two-stage", "- it.distance * state.drift_squares", "+ it.distance * state.drift_squares"),
            ("two-stage", "squares += dot(x, x);", "squares = dot(x, x);"),
            ("two-stage", "f32(skipped), epsilon, bias", "f32(skipped), 0.0, bias"),
            ("two-stage", "it.scale, f32(skipped), epsilon", "it.scale, 0.0, epsilon"),
            ("two-stage", "epsilon, bias +", "epsilon, state.bias +"),
            ("geometry_ball", " + point_height(squares)", ""),
            ("two-stage", "settings.item_bias_rate * it.distance", "it.distance"),
            ("two-stage", "it.distance * state.bias_drift", "state.bias_drift"),
            ("two-stage", "lane / row_lanes", "lane / row_lanes / 2u"),
            ("uniform, without a regulariser", "chunk += row_lanes", "chunk += 2u * row_lanes"),
            (
                "subgroups, two blocks of pairs",
                "left_rows_at + pair * chunk_count",
                "left_rows_at + pair * (chunk_count + 1u)",
            ),
            (
                "subgroups, three negatives, shards",
                "select(none, row, row - shards.first_row < shards.row_count)",
                "row",
            ),
            ("subgroups, three negatives, shards", "if pair >= plan.pair_count { return none; }", ""),
            (
                "subgroups, shared, two blocks of pairs",
                "if scores_users != 0u { slot = user_of_pair(pair); }",
                "",
            ),
            (
                "subgroups, two blocks of pairs",
                "if scores_users != 0u { slot",
                "if scores_users == 0u { slot",
            ),
            ("two-stage", "picked[slot * pair_words + word] = 0u;", ""),
            ("two-stage", "if slot < plan.candidate_count &&", "if slot + 1u < plan.candidate_count &&"),
            ("shards", "if it.place.shard == {s}u {", "if it.place.shard == 0u {"),
        ],
    );
}
