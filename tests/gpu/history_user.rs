//! `history_user` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("history_user");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "history_user",
        &[
            ("histories", "if row_of_slot(own) != none { h = working_part(own, lane); }", ""),
            ("histories, no user rows, shards", "if row_of_slot(own) != none {", "if own != none {"),
            (
                "histories, inner products",
                "if weight == 0.0 { return h; }",
                "if weight == 0.0 { return no_part(); }",
            ),
            ("histories", "if takes_out(pair) {", "if false {"),
            ("histories", "if takes_out(pair) {", "if true {"),
            ("histories", "part_plus(sum, -1.0,", "part_plus(sum, 1.0,"),
            ("histories", "part_plus(h, weight, sum)", "part_plus(h, 1.0, sum)"),
            (
                "histories",
                "history_part(own - plan.item_slot_count, lane)",
                "history_part(own - plan.item_slot_count + 1u, lane)",
            ),
            ("histories", "let scale = sum_scale(squares);", "let scale = 1.0;"),
            ("histories", "vec4<f32>(scale, 0.0,", "vec4<f32>(squares, 0.0,"),
            ("histories, ball, covariance", "point_height(squares * scale * scale)", "point_height(squares)"),
            ("subgroups, histories", "if copies_users != 0u { write_part", "if false { write_part"),
            ("subgroups, histories", "left_rows_at + pair * chunk_count", "left_rows_at + pair"),
            (
                "subgroups, histories",
                "min(first + pairs_per_group, plan.pair_count)",
                "min(first + 1u, plan.pair_count)",
            ),
        ],
    );
}
