//! Defects put into the kernels, one at a time: the comparison with the twins must see each.

use crate::support::gpu;
use spherec::gpu::shader;
use spherec::selftest::{cases, check_kernel};

/// (kernel, text, what it becomes). The text must occur exactly once.
const MUTANTS: &[(&str, &str, &str)] = &[
    ("row_load", "return x - way.x * momentum[index]", "return x + way.x * momentum[index]"),
    ("row_load", "let skipped = plan.step - 1u - last;", "let skipped = plan.step - last;"),
    ("row_load", "(sqrt(variance[index]) + way.y)", "(variance[index] + way.y)"),
    ("row_load", "last == 0u || skipped == 0u", "last != 0u || skipped == 0u"),
    ("row_load", "part_scaled(p3, inverse_norm.w)", "part_scaled(p3, inverse_norm.z)"),
    ("row_load", "working[at + 2u * quad_count]", "working[at + 3u * quad_count]"),
    ("row_load", "plan.words[use_at] / 2u * chunk_count", "plan.words[use_at] * chunk_count"),
    ("row_load", "if slot < plan.candidate_count {", "if slot + 4u < plan.candidate_count {"),
    ("row_load", "lane + 2u * lane_count, way)", "lane + 3u * lane_count, way)"),
    ("candidate_score", "c2 * e.z", "c2 * e.w"),
    ("candidate_score", "positives_a[at + {p}u * chunk_count]", "positives_a[at]"),
    ("candidate_score", "positives_b[at + {p}u * chunk_count]", "positives_a[at + {p}u * chunk_count]"),
    ("candidate_score", "select(0.0, -2.0,", "select(0.0, 0.0,"),
    (
        "candidate_score",
        "scores[out_b + {p}u * quad_count + quad_{q}] = b_{p}_{q};",
        "scores[out_b + {p}u * quad_count + quad_{q}] = a_{p}_{q};",
    ),
    ("candidate_score", "word < 4u * pair_words", "word < 3u * pair_words"),
    ("candidate_score", "block.first_row + first", "first"),
    ("candidate_score", "first_quad + {q}u * lane_count", "first_quad"),
    ("candidate_score", "out_a + window_pairs * quad_count", "out_a"),
    ("negative_draw", "-settings.hardness * log", "settings.hardness * log"),
    ("negative_draw", "return -log(select", "return log(select"),
    ("negative_draw", "(1.0 - s) * (1.0 + s)", "(1.0 - s)"),
    ("negative_draw", "vec4<f32>(-2.0), is_it)", "vec4<f32>(0.0), is_it)"),
    ("negative_draw", "noise + negative_side", "noise - negative_side"),
    ("negative_draw", "best = Best(keys.z, 2u)", "best = Best(keys.z, 1u)"),
    ("negative_draw", "1u << (pair % 32u)", "1u << (pair % 31u)"),
    ("negative_draw", "slots > vec4<u32>(taken_slot)", "slots >= vec4<u32>(taken_slot)"),
    ("triplet_loss", "positive_distance - nearest_distance", "nearest_distance - positive_distance"),
    ("triplet_loss", "+ settings.margin", "- settings.margin"),
    ("triplet_loss", "if sums.y < nearest_distance", "if sums.y > nearest_distance"),
    ("triplet_loss", "moment_2 += sums.z * sums.z;", "moment_2 += sums.z;"),
    ("triplet_loss", "part_difference(user, negative)", "part_difference(positive, negative)"),
    ("row_gradient", "2.0 * moments.first + ", ""),
    ("row_gradient", "moment_2 > settings.inverse_dim", "moment_2 < settings.inverse_dim"),
    ("row_gradient", "return Term(positive_of_pair(pair), -strength);", "return Term(none, 0.0);"),
    ("row_gradient", "pairs[pair].nearest), strength)", "pairs[pair].nearest), -strength)"),
    ("row_gradient", "Term(user_of_pair(pair), -pull(pair))", "Term(user_of_pair(pair), pull(pair))"),
    ("row_gradient", "pair * negative_count + index - 1u", "pair * negative_count"),
    ("row_gradient", "Term(negative_slot(pick), gor", "Term(none, gor"),
    ("row_gradient", "Term(positive_of_pair(pair), gor", "Term(none, gor"),
    ("row_gradient", "nearest == pick % negative_count", "nearest != pick % negative_count"),
    ("row_gradient", "select(2u, 1u + negative_count, is_positive)", "2u"),
    ("row_gradient", "&& picks[pair * negative_count + k] != slot", "&& false"),
    ("row_gradient", "- along * rows[at + chunk]", "+ along * rows[at + chunk]"),
    ("row_gradient", "rows[at + chunk_count].x;", "1.0;"),
    ("row_gradient", "let stride = lane_count * pairs_per_group;", "let stride = lane_count;"),
    ("row_gradient", "(*uses).bits &= (*uses).bits - 1u;", "(*uses).bits = 0u;"),
    ("row_gradient", "if touched[part] { project", "if touched[0] { project"),
    ("row_gradient", "sums += pairs[pair].sums;", "sums = pairs[pair].sums;"),
    ("triplet_loss", "select(0.0, 1.0, hinge > 0.0)", "1.0"),
    ("triplet_loss", "sums += pair_loss(pair, lane);", "sums = pair_loss(pair, lane);"),
    ("triplet_loss", "pairs[first].sums = sums;", "pairs[0].sums = sums;"),
    ("row_gradient", "gradients[at + lane + 3u * lane_count] = part.d;", ""),
    ("row_adam", "settings.learning_rate / plan.bias_1", "settings.learning_rate"),
    ("row_adam", "(sqrt(v) / plan.root_bias_2 + settings.epsilon)", "(sqrt(v) + settings.epsilon)"),
    ("row_adam", "m *= exp(f32(skipped) * settings.log_beta_1);", ""),
    ("row_adam", "v *= exp(f32(skipped) * settings.log_beta_2);", ""),
    ("row_adam", "(1.0 - settings.beta_2) * gradient * gradient", "(1.0 - settings.beta_2) * gradient"),
    ("row_adam", "if r2 != none { last_steps[r2] = plan.step; }", ""),
    ("row_adam", "if gradients[slot * (chunk_count + 1u) + chunk_count].x == 0.0 { return none; }", ""),
    ("row_sgd", "points[index] -= settings", "points[index] += settings"),
    ("row_sgd", "if gradients[at + chunk_count].x == 0.0 { return; }", ""),
    ("row_catch_up", "points[index] -= way.x", "points[index] += way.x"),
    (
        "row_catch_up",
        "variance[index] = v * exp(f32(skipped) * settings.log_beta_2);",
        "variance[index] = v;",
    ),
    ("row_catch_up", "last_steps[row] = shard.step;", ""),
];

/// The same in files that kernels include, against one kernel that does.
const INCLUDE_MUTANTS: &[(&str, &str, &str)] = &[
    ("row_adam", "settings.learning_rate * (start.x - rest)", "settings.learning_rate * start.x"),
    ("row_catch_up", "exp(f32(skipped) * settings.log_ratio)", "exp(f32(skipped) * settings.log_beta_1)"),
    ("negative_draw", "v.w += v.y * v.z;\n    v ^=", "v ^="),
    ("negative_draw", "1664525u", "1664521u"),
    ("triplet_loss", "total += lane_values[other];", "total = lane_values[other];"),
    ("row_gradient", "part.d = rows[at + chunk];", "part.d = rows[at + chunk - lane_count];"),
    ("row_load", "plan.words[plan.quads_at + begin + group]", "plan.words[plan.quads_at + group]"),
    ("triplet_loss", "plan.words[plan.negatives_at + pick]", "plan.words[plan.positives_at + pick]"),
];

fn caught(name: &str, text: &str) -> bool {
    let gpu = gpu();
    cases().iter().any(|case| {
        let outcome = check_kernel(&gpu, name, text, case).unwrap_or_else(|error| panic!("{name}: {error}"));
        outcome.is_some_and(|outcome| outcome.failure.is_some())
    })
}

#[test]
fn a_defect_in_a_kernel_is_seen() {
    for (name, from, to) in MUTANTS {
        let text = shader::kernel(name).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{name}: {from:?} must occur once");
        assert!(caught(name, &text.replace(from, to)), "{name}: {from:?} -> {to:?} went unseen");
    }
}

#[test]
fn a_defect_in_an_include_is_seen() {
    for (name, from, to) in INCLUDE_MUTANTS {
        let text = shader::compose(shader::kernel(name).unwrap(), &[]).unwrap();
        // Composed already: without its first line's directive it includes nothing more.
        let text = text.replace("// include:", "// includes:");
        assert_eq!(text.matches(from).count(), 1, "{name}: {from:?} must occur once");
        assert!(caught(name, &text.replace(from, to)), "{name}: {from:?} -> {to:?} went unseen");
    }
}
