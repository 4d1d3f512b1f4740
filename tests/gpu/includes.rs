//! What kernels include, with defects put in: each on one step, in one kernel that includes it.

use crate::support::{composed_defect_is_seen, has_subgroups};

#[test]
fn every_defect_is_seen() {
    let defects = [
        ("two-stage", "row_catch_up", "return catch_up_entry(last).x - rest;", "return rest;"),
        (
            "two-stage",
            "row_catch_up",
            "exp(f32(skipped) * settings.log_ratio)",
            "exp(f32(skipped) * settings.log_beta_1)",
        ),
        ("two-stage", "row_adam", "* exp(skipped * settings.log_beta_1)", ""),
        ("two-stage", "row_adam", "variance * exp(skipped * settings.log_beta_2)", "variance"),
        (
            "two-stage",
            "row_adam",
            "drift * (sqrt(variance) + epsilon)",
            "drift * sqrt(sqrt(variance) + epsilon)",
        ),
        ("two-stage", "row_catch_up", "moments.m / (sqrt(moments.v) + epsilon)", "moments.m"),
        ("two-stage", "negative_draw", "v.w += v.y * v.z;\n    v ^=", "v ^="),
        ("two-stage", "negative_draw", "1664525u", "1664521u"),
        ("shards", "candidate_score", "select(0.0, -2.0,", "select(0.0, 0.0,"),
        ("shards", "candidate_score", "hole_score(slot + 2u)", "hole_score(slot + 1u)"),
        ("two-stage", "row_adam", "chunk_count].x != 0.0;", "chunk_count].x == 0.0;"),
        ("plain gradient descent", "row_sgd", "quad * 4u + place % 4u", "quad * 4u"),
        ("subgroups, two blocks of pairs", "row_adam", "<< index;", "<< (index / 2u);"),
        ("subgroups, two blocks of pairs", "row_adam", "own.first + index * own.stride", "own.first + index"),
        ("two-stage", "row_adam", "part_dot(g, e), 0.0", "part_dot(g, g), 0.0"),
        (
            "two-stage",
            "row_adam",
            "row_gradient(g.a, e.a, along, note.x)",
            "row_gradient(g.a, e.a, 0.0, note.x)",
        ),
        ("two-stage", "row_adam", "(g - along * e) * scale", "(g + along * e) * scale"),
        ("geometry_dot", "row_adam", "-> vec4<f32> { return g; }", "-> vec4<f32> { return g * 0.5; }"),
        ("two-stage", "row_load", "1.0 / sqrt(max(squares, 1e-24))", "1.0 / max(squares, 1e-24)"),
        ("geometry_dot", "row_load", "{ return 1.0; }", "{ return 2.0; }"),
        ("two-stage", "row_adam", "all_bits |= lane_bits[other];", "all_bits = 0u;"),
        ("two-stage", "pair_score", "total += lane_values[other];", "total = lane_values[other];"),
        ("three blocks of pairs", "pair_score", "part.b = points[at + 1u];", "part.b = points[at];"),
        (
            "three negatives, odd dimension",
            "pair_score",
            "lane * chunks_per_lane + index < chunk_count",
            "lane * chunks_per_lane + index + 1u < chunk_count",
        ),
        ("shards", "row_load", "ShardQuads(plan.quads_at + begin,", "ShardQuads(plan.quads_at,"),
        (
            "plain gradient descent",
            "row_sgd",
            "plan.shards_at + shards.end",
            "plan.shards_at + shards.first + 1u",
        ),
        ("shards", "row_load", "let index = row - shards.first_row;", "let index = row;"),
        ("shards", "row_adam", "index / shards.rows_per_shard", "0u"),
        ("plain gradient descent", "row_sgd", "index % shards.rows_per_shard", "index"),
        ("shards", "row_load", "{ value = row_states_{s}[place.row]; }", "{ value = row_states_{s}[0]; }"),
        (
            "shards",
            "row_catch_up",
            "{ row_states_{s}[place.row] = value; }",
            "{ row_states_0[place.row] = value; }",
        ),
        (
            "uniform, without a regulariser",
            "pair_score",
            "plan.words[plan.negatives_at + pick]",
            "plan.words[plan.positives_at + pick]",
        ),
        (
            "three negatives, odd dimension",
            "triplet_loss",
            "pair * (1u + negative_count) + 1u + k",
            "pair * (1u + negative_count) + k",
        ),
    ];
    for (step, kernel, from, to) in defects {
        composed_defect_is_seen(step, kernel, from, to);
    }
}

#[test]
fn every_defect_where_lanes_are_a_subgroup_is_seen() {
    if !has_subgroups() {
        return;
    }
    let defects = [
        ("subgroups, dimension 128, shards", "pair_score", "total += subgroupBroadcast(value, 5u);", ""),
        ("subgroups, dimension 128, shards", "point_gradient", "all |= subgroupBroadcast(bits, 7u);", ""),
    ];
    for (step, kernel, from, to) in defects {
        composed_defect_is_seen(step, kernel, from, to);
    }
}
