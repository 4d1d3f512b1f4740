//! What kernels include, with defects put in: each on one step, in one kernel that includes it.

use crate::support::{composed_defects_are_seen, has_subgroups};

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
        (
            "shared, few pairs, no item biases",
            "candidate_score",
            "plan.pair_count - block.first_pair)",
            "plan.pair_count)",
        ),
        ("shards", "candidate_score", "candidate_offset(slot + 2u)", "candidate_offset(slot + 1u)"),
        (
            "shared, four blocks of pairs, shards",
            "candidate_score",
            "plan.offsets_at + slot",
            "plan.offsets_at",
        ),
        ("shared", "candidate_score", "offset += points[slot * (chunk_count + 1u) + chunk_count].w;", ""),
        ("shared", "candidate_score", "return user_of_pair(pair);", "return positive_of_pair(pair);"),
        ("two-stage", "candidate_score", "return positive_of_pair(pair);", "return user_of_pair(pair);"),
        ("two-stage", "candidate_score", "(line % 4u) * side", "(line % 2u) * side"),
        ("two-stage", "candidate_score", "left[at + 2u * side]", "left[at + side]"),
        ("two-stage", "candidate_score", "right[at + 3u * side]", "right[at + 2u * side]"),
        ("two-stage", "candidate_score", "it.a += rows[0] * columns;", "it.a += columns * rows[0];"),
        ("two-stage", "candidate_score", "it.c += rows[2] * columns;", "it.c += rows[1] * columns;"),
        ("two-stage", "candidate_score", "rows_of_right(chunk * tile + x)", "rows_of_right(x)"),
        ("shared", "user_gradient", "it.b += terms * rows[1];", "it.b += terms * rows[0];"),
        (
            "shared",
            "user_gradient",
            "rows_of_right(4u * chunk * side + x)",
            "rows_of_right(chunk * side + x)",
        ),
        ("shared", "candidate_gradient", "term * side + quad", "quad * side + term"),
        ("shared", "candidate_gradient", "it.d += rows.w * columns;", "it.d += rows.z * columns;"),
        (
            "shared",
            "candidate_gradient",
            "let columns = right[term * side + x];",
            "let columns = right[term * side + y];",
        ),
        (
            "shared",
            "candidate_gradient",
            "let rows = left[term * side + y];",
            "let rows = left[term * side + x];",
        ),
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
        ("two-stage", "row_adam", "note.z, note.w, bias_gradient", "note.z, 0.0, bias_gradient"),
        ("two-stage", "row_adam", "chunk_count].y;", "chunk_count].x;"),
        ("two-stage", "row_adam", "(g - along * e) * scale", "(g + along * e) * scale"),
        ("geometry_dot", "row_adam", "-> vec4<f32> { return g; }", "-> vec4<f32> { return g * 0.5; }"),
        ("two-stage", "row_load", "1.0 / sqrt(max(squares, 1e-24))", "1.0 / max(squares, 1e-24)"),
        ("geometry_dot", "row_load", "{ return 1.0; }", "{ return 2.0; }"),
        ("two-stage", "row_adam", "all_bits |= lane_bits[other];", "all_bits = 0u;"),
        ("two-stage", "pair_score", "total += lane_values[other];", "total = lane_values[other];"),
        ("shared", "triplet_loss", "max(largest, lane_values[other].x)", "lane_values[other].x"),
        ("shared", "triplet_loss", "var largest = lane_values[0].x;", "var largest = 9.0;"),
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
        ("two-stage", "pair_score", "return picks[pick];", "return picks[0];"),
        (
            "three negatives, odd dimension",
            "triplet_loss",
            "pair * (1u + negative_count) + 1u + k",
            "pair * (1u + negative_count) + k",
        ),
        (
            "three negatives, odd dimension",
            "triplet_loss",
            "return scores[negative_at(index, k)];",
            "return scores[positive_at(index)];",
        ),
        (
            "three negatives, odd dimension",
            "triplet_loss",
            "scores[negative_at(index, k)] = value;",
            "scores[negative_at(index, 0u)] = value;",
        ),
        (
            "shared softmax_loss",
            "softmax_loss",
            "return plan.candidate_count;",
            "return plan.candidate_count - 4u;",
        ),
        (
            "shared, four blocks of pairs, shards",
            "softmax_loss",
            "return block.first_pair + index;",
            "return index;",
        ),
        (
            "shared, four blocks of pairs, shards",
            "softmax_loss",
            "user_of_pair(pair_of(index))",
            "user_of_pair(index)",
        ),
        ("shared", "triplet_loss", "plan.words[excluded_at + 1u]", "plan.words[excluded_at]"),
        (
            "shared softmax_loss",
            "softmax_loss",
            "put_negative(index, slot, far);",
            "put_negative(index, slot, 0.0);",
        ),
        ("shared", "triplet_loss", "slot % lane_count == lane", "slot % lane_count == lane && lane > 15u"),
        (
            "two-stage",
            "triplet_loss",
            "scores[positive_at(pair)] = positive_slope;",
            "scores[positive_at(pair)] = -positive_slope;",
        ),
        ("two-stage", "triplet_loss", "pairs[pair].loss = loss;", "pairs[pair].loss = positive_slope;"),
        ("two-stage", "triplet_loss", "select(0.0, 1.0, positive_slope != 0.0)", "1.0"),
        ("two-stage", "triplet_loss", "max(x, 0.0)", "x"),
        (
            "subgroups, two blocks of pairs",
            "triplet_loss",
            "group_count.x) * pairs_per_group;",
            "group_count.x);",
        ),
        ("shared contrastive_loss", "contrastive_loss", "!(score <= 0.5 * far)", "true"),
        ("two-stage", "point_gradient", "vec4<f32>(1.0, it.bias, 0.0, 0.0)", "vec4<f32>(1.0, 0.0, 0.0, 0.0)"),
        ("two-stage", "point_gradient", "if slope == 0.0 { return sum; }", "if slope != 0.0 { return sum; }"),
        ("two-stage", "point_gradient", "chunk_count] = vec4<f32>(0.0);", "chunk_count] = vec4<f32>(1.0);"),
        (
            "two-stage",
            "point_gradient",
            "if has_chunk(lane, 0u) { gradients[at] = it.point.a; }",
            "if lane > 0u { gradients[at] = it.point.a; }",
        ),
    ];
    composed_defects_are_seen(&defects);
}

#[test]
fn every_defect_where_lanes_are_a_subgroup_is_seen() {
    if !has_subgroups() {
        return;
    }
    let defects = [
        ("subgroups, dimension 128, shards", "pair_score", "total += subgroupBroadcast(value, 5u);", ""),
        ("subgroups, dimension 128, shards", "point_gradient", "all |= subgroupBroadcast(bits, 7u);", ""),
        ("subgroups, dimension 128, shards", "point_gradient", "gradients[at + 3u] = it.point.d;", ""),
        ("subgroups, rank-weighted triplet", "triplet_loss", "var largest = value;", "var largest = 9.0;"),
    ];
    composed_defects_are_seen(&defects);
}
