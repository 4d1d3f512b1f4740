//! `pair_score` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("pair_score");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "pair_score",
        &[
            ("two-stage", "part_dot(user, positive);", "part_dot(user, user);"),
            ("two-stage", "if k == 0u { scores", "if k == 9u { scores"),
            ("shared", "max(negative_count, 1u)", "negative_count"),
            (
                "two-stage",
                "select(sums.y + of_user + added_of(slot), far, slot == none)",
                "select(sums.z + of_user + added_of(slot), far, slot == none)",
            ),
            (
                "more negatives than there are",
                "select(sums.y + of_user + added_of(slot), far, slot == none)",
                "sums.y + of_user + added_of(slot)",
            ),
            ("two-stage", "sums.x + of_user + added_of(positive_of_pair(pair))", "sums.x + of_user"),
            ("two-stage", "sums.y + of_user + added_of(slot)", "sums.y + of_user"),
            ("geometry_ball", "added_of(user_of_pair(pair))", "0.0"),
            ("two-stage", "+ chunk_count].w; }", "+ chunk_count].x; }"),
            ("uniform, without a regulariser", "part_dot(user, negative)", "part_dot(positive, negative)"),
            ("two-stage", "aside = part_dot(positive, negative);", "aside = part_dot(user, negative);"),
            ("three negatives, odd dimension", "spread_1 += sums.z;", "spread_1 = sums.z;"),
            ("two-stage", "spread_2 += sums.z * sums.z;", "spread_2 += sums.z;"),
            (
                "subgroups, two blocks of pairs",
                "pair < min(first + pairs_per_group, plan.pair_count)",
                "pair < first + 1u",
            ),
            (
                "three negatives, odd dimension",
                "spread[pair * negative_count + k] = sums.z;",
                "spread[pair * negative_count] = sums.z;",
            ),
        ],
    );
}
