//! `candidate_score_subgroup` against its twin, as it is and with defects put in, where there are subgroups.

use crate::support::{defects_are_seen, equals_its_twin, has_subgroups};

#[test]
fn equals_its_twin_on_every_case() {
    if has_subgroups() {
        equals_its_twin("candidate_score_subgroup");
    }
}

#[test]
fn every_defect_is_seen() {
    if !has_subgroups() {
        return;
    }
    defects_are_seen(
        "candidate_score_subgroup",
        &[
            ("rows[at + 2u * stride]", "rows[at + stride]"),
            ("transpose(mat4x4", "(mat4x4"),
            ("let at = pair * chunk_count + first_chunk + lane;", "let at = pair * chunk_count + lane;"),
            ("positives_b[at + {b}u * lane_count]", "positives_a[at + {b}u * lane_count]"),
            ("positives_a[at + {b}u * lane_count]", "positives_a[at]"),
            ("if first_chunk + chunk < chunk_count {", "if chunk < blocks_per_part * lane_count - 1u {"),
            ("word < 4u * pair_words", "word < 3u * pair_words"),
            ("min(own * lane_count + thread,", "min(thread,"),
            ("plan.pair_count - block.first_pair, block", "plan.pair_count - block.first_pair - 1u, block"),
            ("pair < min(pair_count, window_pairs)", "pair < min(pair_count, window_pairs - 1u)"),
        ],
    );
}
