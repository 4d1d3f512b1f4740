//! `negative_draw` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin, gpu};
use spherec::gpu::shader;
use spherec::selftest::{Draws, draw_on_device};

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
            ("three blocks of pairs", "let pair = block.first_pair + local_pair;", "let pair = local_pair;"),
            ("fourteen negatives", "if negative_count > 1u { candidate_scores[base + quad] = keys; }", ""),
            ("fourteen negatives", "bits | 0x80000000u, ~bits", "bits, ~bits"),
            ("fourteen negatives", "bits | 0x80000000u, ~bits", "bits | 0x80000000u, bits"),
            (
                "fourteen negatives",
                "order_of(keys.x), order_of(keys.y)",
                "order_of(keys.y), order_of(keys.x)",
            ),
            ("fourteen negatives", "var rank = negative_count;", "var rank = negative_count - 1u;"),
            ("fourteen negatives", "shift -= 8u", "shift -= 16u"),
            ("fourteen negatives", "{ atomicStore(&bins[bin], 0u); }", "{ }"),
            ("fourteen negatives", "words[part] >> (shift % 32u) == value >> (shift % 32u)", "true"),
            ("fourteen negatives", "let is_alike = shift == 32u ||", "let is_alike ="),
            ("fourteen negatives", "rank -= count;", ""),
            (
                "fourteen negatives",
                "vec2<u32>(value | (bin << (shift - 8u)), rank)",
                "vec2<u32>(bin << (shift - 8u), rank)",
            ),
            ("subgroups, three negatives, shards", "lane * lane_quads", "lane"),
            ("subgroups, three negatives, shards", "first + lane_quads", "first + lane_quads - 1u"),
            ("fourteen negatives", "own += vec2", "own = vec2"),
            ("fourteen negatives", "if other < lane { before", "if other <= lane { before"),
            ("more negatives than there are", "select(0u, nth.y, nth.x > order_of(never))", "nth.y"),
            (
                "subgroups, as many negatives as candidates",
                "select(0u, nth.y, nth.x > order_of(never))",
                "nth.y",
            ),
            ("fourteen negatives", "words[part] > nth.x || (is_equal", "words[part] > nth.x || (false"),
            ("fourteen negatives", "before.x + min(before.y, equal_count)", "before.x"),
            ("fourteen negatives", "before += vec2", "before = vec2"),
            ("more negatives than there are", "{ pick(pair, k, none); }", "{ }"),
            ("fourteen negatives", "quad * 4u + part);", "quad * 4u);"),
        ],
    );
}

/// The kernel without noise: then candidates of one similarity have one key, and which are drawn can be said.
fn without_noise(text: &str) -> String {
    let noise = "let noise = gumbel(bits);";
    assert_eq!(text.matches(noise).count(), 1);
    text.replace(noise, "let noise = vec4<f32>(0.0);")
}

/// Whether `text` draws, of candidates many of which are alike, those that it must: the nearest first, of equals
/// those of the lower slots, those on the other side last and all alike, and some never.
fn draws_the_nearest(text: &str, negative_count: usize) -> bool {
    const SIMILARITY: [f32; 24] = [
        0.5, -0.2, 0.9, 0.5, 0.1, 0.5, -0.3, 0.9, 0.0, 0.5, -2.0, 0.5, 0.5, 0.1, 0.9, -0.2, 0.5, 0.1, -1e30,
        0.9, 0.5, -2.0, 0.1, 0.0,
    ];
    const PAIRS: usize = 3;
    // So many that each of 32 threads has several quads, and the first has the nearest twice.
    let similarity = SIMILARITY.repeat(12);
    let draws =
        Draws { similarity: &similarity, hardness: 1.0, pair_count: PAIRS, negative_count, key: [1, 2] };
    let picks = draw_on_device(&gpu(), &without_noise(text), &draws).unwrap();
    let rank = |slot: &u32| -similarity[*slot as usize].max(-0.1);
    let slots = 0..similarity.len() as u32;
    let mut expected: Vec<u32> = slots.filter(|&slot| similarity[slot as usize] > -1.5).collect();
    expected.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then(a.cmp(b)));
    expected.truncate(negative_count);
    expected.sort_unstable();
    expected.resize(negative_count, u32::MAX);
    picks == expected.repeat(PAIRS)
}

#[test]
fn of_equal_keys_the_lower_slots_are_drawn() {
    let text = shader::kernel("negative_draw").unwrap();
    for negative_count in [1, 2, 5, 48, 49, 120, 200, 251, 252, 253, 288] {
        assert!(draws_the_nearest(text, negative_count), "{negative_count} negatives");
    }
    for (negative_count, from, to) in [
        (1, "slot < other_slot", "slot > other_slot"),
        (1, "if best.key > best_key {", "if best.key >= best_key {"),
        (60, "before.y < equal_count", "true"),
        (60, "rank = so_far.y;", ""),
        (60, "min(before.y, equal_count)", "before.y"),
        (280, "nth.x > order_of(never)", "true"),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from:?} must occur once");
        assert!(
            !draws_the_nearest(&text.replace(from, to), negative_count),
            "{from:?} -> {to:?} went unseen"
        );
    }
}
