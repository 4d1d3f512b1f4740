//! `candidate_score` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("candidate_score");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "candidate_score",
        &[
            ("c2 * e.z", "c2 * e.w"),
            ("positives_a[at + {p}u * chunk_count]", "positives_a[at]"),
            ("positives_b[at + {p}u * chunk_count]", "positives_a[at + {p}u * chunk_count]"),
            (
                "scores[out_b + {p}u * quad_count + quad_{q}] = b_{p}_{q};",
                "scores[out_b + {p}u * quad_count + quad_{q}] = a_{p}_{q};",
            ),
            ("word < 4u * pair_words", "word < 3u * pair_words"),
            ("block.first_row + first", "first"),
            ("first_quad + {q}u * lane_count", "first_quad"),
            ("out_a + window_pairs * quad_count", "out_a"),
        ],
    );
}
