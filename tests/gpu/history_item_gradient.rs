//! `history_item_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("history_item_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "history_item_gradient",
        &[
            ("histories, two-stage, networks", "if gradients[note_at].x != 0.0 {", "if true {"),
            ("histories", "if gradients[note_at].x != 0.0 {", "if false {"),
            (
                "histories",
                "part_plus(sum, 1.0, history_part(plan.words[at], lane))",
                "history_part(plan.words[at], lane)",
            ),
            ("histories", "code % 2u == 0u && takes_out(pair)", "false"),
            ("histories, two-stage, networks", "code % 2u == 0u && takes_out(pair)", "code % 2u == 0u"),
            ("histories, ball, covariance", "code % 2u == 0u && takes_out(pair)", "takes_out(pair)"),
            ("histories", "-item_weight(pair), gradient", "item_weight(pair), gradient"),
            ("histories", "gradients[note_at].w = f32(end - begin);", "gradients[note_at].w = 0.0;"),
            ("histories", "if begin != end {", "if begin + 1u != end {"),
            ("subgroups, histories", "let slot = own + index * stride;", "let slot = own + index;"),
        ],
    );
}
