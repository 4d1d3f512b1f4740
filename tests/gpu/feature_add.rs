//! `feature_add` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("feature_add");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "feature_add",
        &[
            ("added networks", "plan.words[plan.projected_at + own]", "own"),
            ("added networks", "own >= plan.projected_count", "own + 1u >= plan.projected_count"),
            ("added, linear, shards", "* (chunk_count + 1u)", "* chunk_count"),
            ("added, linear, shards", "chunk < chunk_count;", "chunk + 1u < chunk_count;"),
            (
                "added networks",
                "+= projected[own * chunk_count + chunk]",
                "= projected[own * chunk_count + chunk]",
            ),
            (
                "added networks",
                "+= projected[own * chunk_count + chunk]",
                "-= projected[own * chunk_count + chunk]",
            ),
            ("added networks", "projected[own * chunk_count + chunk]", "projected[own * chunk_count]"),
        ],
    );
}
