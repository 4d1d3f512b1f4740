//! `history_user_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("history_user_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "history_user_gradient",
        &[
            ("histories", "of_user = part_plus(of_user, 1.0, g);", "of_user = g;"),
            ("histories", "part_plus(of_items, item_weight(pair), g)", "part_plus(of_items, 1.0, g)"),
            (
                "histories",
                "gradient_part(user_of_pair(pair), lane)",
                "gradient_part(own_user_of_pair(pair), lane)",
            ),
            ("histories", "let note = vec4<f32>(f32(end - begin), 0.0,", "let note = vec4<f32>(0.0, 0.0,"),
            ("histories", "write_history(user, lane, of_items);", ""),
            (
                "histories, no user rows, shards",
                "plan.words[plan.history_pairs_at + user + 1u]",
                "plan.words[plan.history_pairs_at + user + 1u] - 1u",
            ),
            ("subgroups, histories", "let user = own + index * stride;", "let user = own + index;"),
        ],
    );
}
