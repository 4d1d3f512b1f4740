//! `history_sum` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("history_sum");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "history_sum",
        &[
            (
                "histories",
                "part_plus(sum, 1.0, row_part(plan.words[at], lane))",
                "row_part(plan.words[at], lane)",
            ),
            (
                "histories",
                "plan.words[plan.histories_at + user + 1u]",
                "plan.words[plan.histories_at + user + 1u] - 1u",
            ),
            ("histories", "row_part(plan.words[at], lane)", "row_part(plan.words[at] + 1u, lane)"),
            (
                "histories, no user rows, shards",
                "write_history(user, lane, sum)",
                "write_history(user + 1u, lane, sum)",
            ),
            ("subgroups, histories", "if user >= user_slot_count()", "if user + 1u >= user_slot_count()"),
            ("subgroups, histories", "let user = own + index * stride;", "let user = own + index;"),
        ],
    );
}
