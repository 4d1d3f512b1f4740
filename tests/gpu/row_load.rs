//! `row_load` against its twin, as it is and with defects put in.

use crate::support::{defect_is_seen_on, defects_are_seen, equals_its_twin, has_subgroups};
use spherec::gpu::{Grain, shader};
use spherec::selftest::cases;

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_load");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_load",
        &[
            ("return x - distance * drift", "return x + distance * drift"),
            ("plan.step - 1u - state.last_step", "plan.step - state.last_step"),
            ("it.distance * (2.0 * state.along", "it.distance * (state.along"),
            ("- it.distance * state.drift_squares", "+ it.distance * state.drift_squares"),
            ("squares += dot(x, x);", "squares = dot(x, x);"),
            ("from_3, chunk)", "from_2, chunk)"),
            ("working[to + 2u * quad_count]", "working[to + 3u * quad_count]"),
            ("positives_at + pair * chunk_count", "positives_at + pair * (chunk_count + 1u)"),
            ("select(none, row, row - shards.first_row < shards.row_count)", "row"),
            ("if pair >= plan.pair_count { return none; }", ""),
            ("quad < quad_count {", "quad + 1u < quad_count {"),
            ("write_inverse_norm(from_2);", "write_inverse_norm(from_1);"),
            ("bitcast<f32>(words.z)", "0.0"),
            ("four_sources[lane] = to", "four_sources[0] = to"),
            ("place_of_row(words.y)", "place_of_row(words.y + 1u)"),
            ("if it.place.shard == {s}u {", "if it.place.shard == 0u {"),
        ],
    );
}

/// What only threads that are a subgroup do: a row a lane.
#[test]
fn every_defect_where_lanes_are_a_subgroup_is_seen() {
    if !has_subgroups() {
        return;
    }
    let mut with_subgroups = cases();
    with_subgroups.retain(|case| case.grain == Grain::SUBGROUP);
    let defects = [
        ("part * part_chunks + index", "part + index"),
        ("has_slot && part == 0u", "has_slot && part == 2u"),
        ("+ lane_count / 4u - 1u)", ")"),
    ];
    for (from, to) in defects {
        defect_is_seen_on(&with_subgroups, "row_load", shader::kernel("row_load").unwrap(), from, to);
    }
}
