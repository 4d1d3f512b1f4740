//! `negative_draw` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("negative_draw");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "negative_draw",
        &[
            ("-settings.hardness * log", "settings.hardness * log"),
            ("return -log(select", "return log(select"),
            ("(1.0 - s) * (1.0 + s)", "(1.0 - s)"),
            ("vec4<f32>(-2.0), is_it)", "vec4<f32>(0.0), is_it)"),
            ("noise + negative_side", "noise - negative_side"),
            ("best = Best(keys.z, 2u)", "best = Best(keys.z, 1u)"),
            ("1u << (pair % 32u)", "1u << (pair % 31u)"),
            ("slots > vec4<u32>(taken_slot)", "slots >= vec4<u32>(taken_slot)"),
        ],
    );
}
