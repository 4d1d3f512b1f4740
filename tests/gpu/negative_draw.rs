//! `negative_draw` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("negative_draw");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "negative_draw",
        &[
            ("two-stage", "-settings.hardness * log", "settings.hardness * log"),
            ("two-stage", "return -log(select", "return log(select"),
            ("two-stage", "(1.0 - s) * (1.0 + s)", "(1.0 - s)"),
            ("two-stage", "vec4<f32>(-2.0), is_it)", "vec4<f32>(0.0), is_it)"),
            ("three negatives, odd dimension", "noise + negative_side", "noise - negative_side"),
            ("two-stage", "best = Best(keys.z, 2u)", "best = Best(keys.z, 1u)"),
            ("two-stage", "1u << (pair % 32u)", "1u << (pair % 31u)"),
            (
                "three negatives, odd dimension",
                "slots > vec4<u32>(taken_slot)",
                "slots >= vec4<u32>(taken_slot)",
            ),
            ("three blocks of pairs", "let pair = block.first_pair + local_pair;", "let pair = local_pair;"),
        ],
    );
}
