//! `covariance_sum_subgroup` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin, has_subgroups};

#[test]
fn equals_its_twin_on_every_step() {
    if has_subgroups() {
        equals_its_twin("covariance_sum_subgroup");
    }
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "covariance_sum_subgroup",
        &[
            ("subgroups, covariance", "let own_{b} = count_{b} * ", "let own_{b} = "),
            (
                "subgroups, covariance",
                "+ chunk_count].x, slot_{b} < end)",
                "+ chunk_count].y, slot_{b} < end)",
            ),
            ("subgroups, covariance", "slot_{b} < end)", "true)"),
            ("subgroups, covariance", "sum_2 += of_{b}_{i}.z", "sum_2 += of_{b}_{i}.x"),
            (
                "subgroups, covariance",
                "select(points[from_{b} + from_quad], vec4<f32>(1.0, 0.0, 0.0, 0.0), is_mean)",
                "points[from_{b} + from_quad]",
            ),
            ("subgroups, covariance", "quad <= chunk_count", "quad < chunk_count"),
            ("subgroups, covariance", "all += subgroup", "all = subgroup"),
            (
                "subgroups, covariance, segments",
                "{ covariance_parts[at] += value; }",
                "{ covariance_parts[at] = value; }",
            ),
            (
                "subgroups, covariance, segments",
                "let is_first = first_slot == begin;",
                "let is_first = true;",
            ),
            ("subgroups, covariance", "own_count += count_{b};", "own_count = count_{b};"),
            ("subgroups, covariance", "add(4u * quad + 1u, chunk, sum_1", "add(4u * quad + 1u, chunk, sum_0"),
            ("subgroups, covariance", "let begin = group.y * part_slots;", "let begin = 0u;"),
            (
                "subgroups, covariance, segments",
                "let own_chunk = group.x * lane_count + thread;",
                "let own_chunk = thread;",
            ),
        ],
    );
}
