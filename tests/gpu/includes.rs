//! What kernels include, with defects put in: each against one kernel that includes it.

use crate::support::{composed, defect_is_seen, defect_is_seen_on, has_subgroups};
use spherec::gpu::Grain;
use spherec::selftest::cases;

#[test]
fn every_defect_is_seen() {
    let defects = [
        (
            "row_adam",
            "settings.learning_rate * (catch_up_entry(last).x - rest)",
            "settings.learning_rate * rest",
        ),
        ("row_catch_up", "exp(f32(skipped) * settings.log_ratio)", "exp(f32(skipped) * settings.log_beta_1)"),
        ("negative_draw", "v.w += v.y * v.z;\n    v ^=", "v ^="),
        ("negative_draw", "1664525u", "1664521u"),
        ("candidate_score", "select(0.0, -2.0,", "select(0.0, 0.0,"),
        ("candidate_score", "hole_score(slot + 2u)", "hole_score(slot + 1u)"),
        ("row_adam", "chunk_count].x != 0.0;", "chunk_count].x == 0.0;"),
        ("row_sgd", "quad * 4u + place % 4u", "quad * 4u"),
        ("row_adam", "<< index;", "<< (index / 2u);"),
        ("row_adam", "own.first + index * own.stride", "own.first + index"),
        ("row_adam", "one_word |= lane_bits[other];", "one_word = lane_bits[other];"),
        ("row_adam", "if lane == 0u { one_word = value; }", "if lane == 1u { one_word = value; }"),
        ("row_gradient", "{ return true; }", "{ return lane != 1u; }"),
        ("row_load", "lane * lane_stride + index * chunk_stride", "lane * lane_stride + index"),
        ("triplet_loss", "total += lane_values[other];", "total = lane_values[other];"),
        ("row_gradient", "part.d = rows[at + chunk];", "part.d = rows[at + chunk - lane_count];"),
        ("row_load", "ShardQuads(plan.quads_at + begin,", "ShardQuads(plan.quads_at,"),
        ("row_sgd", "plan.shards_at + shards.end", "plan.shards_at + shards.first + 1u"),
        ("row_load", "let index = row - shards.first_row;", "let index = row;"),
        ("row_adam", "index / shards.rows_per_shard", "0u"),
        ("row_sgd", "index % shards.rows_per_shard", "index"),
        ("row_adam", "{ value = row_states_{s}[place.row]; }", "{ value = row_states_{s}[0]; }"),
        ("row_catch_up", "{ row_states_{s}[place.row] = value; }", "{ row_states_0[place.row] = value; }"),
        ("triplet_loss", "plan.words[plan.negatives_at + pick]", "plan.words[plan.positives_at + pick]"),
    ];
    for (name, from, to) in defects {
        defect_is_seen(name, &composed(name, &[]), from, to);
    }
}

#[test]
fn every_defect_where_lanes_are_a_subgroup_is_seen() {
    if !has_subgroups() {
        return;
    }
    let lanes = Grain::SUBGROUP.subgroup_lanes;
    let constants = [("subgroup_lanes", lanes as f64), ("lane_count", lanes as f64)];
    let mut with_subgroups = cases();
    with_subgroups.retain(|case| case.grain == Grain::SUBGROUP && case.dim <= 16 * lanes);
    assert!(with_subgroups.len() > 1);
    let defects = [
        ("triplet_loss", "total += subgroupBroadcast(value, 5u);", ""),
        ("row_gradient", "all |= subgroupBroadcast(bits, 7u);", ""),
        (
            "row_adam",
            "fn of_first_lane(lane: u32, value: u32) -> u32 { return subgroupBroadcast(value, 0u); }",
            "fn of_first_lane(lane: u32, value: u32) -> u32 { return subgroupBroadcast(value, 1u); }",
        ),
        (
            "row_gradient",
            "fn found(lane: u32, value: u32) -> u32 { return subgroupBroadcast(value, 0u); }",
            "fn found(lane: u32, value: u32) -> u32 { return value; }",
        ),
    ];
    for (name, from, to) in defects {
        defect_is_seen_on(&with_subgroups, name, &composed(name, &constants), from, to);
    }
}
