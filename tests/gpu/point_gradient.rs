//! `point_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_step() {
    equals_its_twin("point_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "point_gradient",
        &[
            (
                "two-stage",
                "return spread_line[0].x + spread_line[0].y * spread[pick];",
                "return spread_line[0].y * spread[pick];",
            ),
            ("two-stage", "spread_line[0].y * spread[pick];", "spread_line[0].y;"),
            ("two-stage", "plus_point(sum, scores[positive_at(pair)], positive_of_pair(pair), lane)", "sum"),
            (
                "three negatives, odd dimension",
                "scores[negative_at(pair, k)], negative",
                "scores[negative_at(pair, 0u)], negative",
            ),
            (
                "two-stage",
                "plus_point(sum, scores[positive_at(pair)], user_of_pair(pair), lane)",
                "plus_point(sum, -scores[positive_at(pair)], user_of_pair(pair), lane)",
            ),
            (
                "three negatives, odd dimension",
                "pick < (pair + 1u) * negative_count",
                "pick < pair * negative_count + 1u",
            ),
            (
                "two-stage",
                "return plus_point(total, spread_slope(pick), positive_of_pair(pair), lane);",
                "return total;",
            ),
            (
                "three negatives, odd dimension",
                "negative_at(pair, pick % negative_count)",
                "negative_at(pair, 0u)",
            ),
            ("fourteen negatives", "if picks[middle] <= slot {", "if picks[middle] < slot {"),
            (
                "more negatives than there are",
                "{ begin = middle; } else { end = middle; }",
                "{ begin = middle; } else { end = begin; }",
            ),
            ("two-stage", "var begin = pair * negative_count;", "var begin = 0u;"),
            (
                "two-stage",
                "sum.slopes += scores[positive_at(index)];",
                "sum.slopes = scores[positive_at(index)];",
            ),
            ("ball, contrastive", "sum.slopes += pair_slopes(index);", ""),
            (
                "ball, contrastive",
                "{ sum += scores[negative_at(pair, k)]; }",
                "{ sum -= scores[negative_at(pair, k)]; }",
            ),
            ("two-stage", "sum.count += 1.0;", "sum.count = 1.0;"),
            ("two-stage", "sum.slopes += scores[negative_at(", "sum.slopes -= scores[negative_at("),
            (
                "three negatives, odd dimension",
                "negative_at(index / negative_count, index % negative_count)",
                "negative_at(index / negative_count, 0u)",
            ),
            ("subgroups, two blocks of pairs", "used &= used - 1u", "used = 0u"),
            ("subgroups, two blocks of pairs", "u32(used) << index", "u32(used)"),
            (
                "subgroups, two blocks of pairs",
                "own + firstTrailingBit(used) * stride",
                "own + firstTrailingBit(used)",
            ),
            ("two-stage", "(*uses).bits &= (*uses).bits - 1u;", "(*uses).bits = 0u;"),
            ("two-stage", "if !used { write_unused(slot); }", ""),
        ],
    );
}
