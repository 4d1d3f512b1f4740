// include: plan settings block random
// Stage 2 (Tran et al. 2019, 3.2): for each pair the N candidates with the largest keys
//     key = log_weight(s) + Gumbel noise,   log_weight(s) = -hardness ln((1-s)(1+s))  for s >= 0,
// which is a draw without replacement with Pr(n) ~ exp(log_weight). Candidates with s < 0 come after all
// others; the user's own items never. One workgroup a pair.
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;          // (pair capacity, C); keys afterwards
@group(0) @binding(4) var<storage, read_write> picks: array<u32>;           // (B, N) candidate slots, or none
@group(0) @binding(5) var<storage, read_write> picked: array<atomic<u32>>;  // (C, pair words) a bit a pair

override lane_count: u32 = 64u;
override negative_count: u32 = 1u;
override pair_words: u32 = 8u;      // B / 32, rounded up

const never: f32 = -1e30;
const negative_side: f32 = -64.0;   // below any key of a candidate with s >= 0: Gumbel noise lies in (-3, 17)

var<workgroup> lane_keys: array<f32, lane_count>;
var<workgroup> lane_slots: array<u32, lane_count>;

// -ln(-ln(1 - v)), v uniform. Near v = 0 the inner logarithm is a series: `log` near 1 loses what decides
// among the largest keys.
fn gumbel(bits: u32) -> f32 {
    let v = (f32(bits >> 9u) + 0.5) * 1.1920928955078125e-7;    // 2^-23, so that 0 < v < 1
    var exponential = -log(1.0 - v);
    if v < 0.02 { exponential = v * (1.0 + v * (0.5 + v * (0.33333334 + v * 0.25))); }
    return -log(exponential);
}

fn draw_key(s: f32, bits: u32) -> f32 {
    if s >= 0.0 {
        return gumbel(bits) - settings.hardness * log(max((1.0 - s) * (1.0 + s), 1e-12));
    }
    if s > -1.5 { return gumbel(bits) + negative_side; }
    return never;       // excluded, a hole, or not a number
}

fn beats(key: f32, slot: u32, other_key: f32, other_slot: u32) -> bool {
    return key > other_key || (key == other_key && slot < other_slot);
}

@compute @workgroup_size(lane_count)
fn negative_draw(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let local_pair = group.x + group.y * group_count.x;
    let pair = block.first_pair + local_pair;
    if local_pair >= block.pair_capacity || pair >= plan.pair_count { return; }
    let base = local_pair * plan.candidate_count;
    let quarter = plan.candidate_count / 4u;

    let excluded_at = plan.excluded_at + user_of_pair(pair) - plan.item_slot_count;
    let excluded_end = plan.words[excluded_at + 1u];
    for (var at = plan.words[excluded_at] + lane; at < excluded_end; at += lane_count) {
        scores[base + plan.words[at]] = -2.0;
    }
    storageBarrier();

    // One hash gives the noise of four candidates, a quarter of the list apart.
    var best_key = never;
    var best_slot = none;
    for (var index = lane; index < quarter; index += lane_count) {
        let noise = pcg4d(vec4<u32>(plan.draw_key_0, plan.draw_key_1, pair, index));
        for (var part = 0u; part < 4u; part += 1u) {
            let slot = part * quarter + index;
            var bits = noise.x;
            if part == 1u { bits = noise.y; }
            if part == 2u { bits = noise.z; }
            if part == 3u { bits = noise.w; }
            let key = draw_key(scores[base + slot], bits);
            if negative_count > 1u { scores[base + slot] = key; }
            if key > never && beats(key, slot, best_key, best_slot) {
                best_key = key;
                best_slot = slot;
            }
        }
    }

    for (var k = 0u; k < negative_count; k += 1u) {
        lane_keys[lane] = best_key;
        lane_slots[lane] = best_slot;
        workgroupBarrier();
        for (var other = 0u; other < lane_count; other += 1u) {
            if beats(lane_keys[other], lane_slots[other], best_key, best_slot) {
                best_key = lane_keys[other];
                best_slot = lane_slots[other];
            }
        }
        workgroupBarrier();
        if lane == 0u {
            picks[pair * negative_count + k] = best_slot;
            if best_slot != none {
                atomicOr(&picked[best_slot * pair_words + pair / 32u], 1u << (pair % 32u));
            }
        }
        if k + 1u < negative_count {
            // The best of this lane's keys after the one just taken.
            let taken_key = best_key;
            let taken_slot = best_slot;
            best_key = never;
            best_slot = none;
            for (var index = lane; index < quarter; index += lane_count) {
                for (var part = 0u; part < 4u; part += 1u) {
                    let slot = part * quarter + index;
                    let key = scores[base + slot];
                    if key > never && beats(taken_key, taken_slot, key, slot) && beats(key, slot, best_key, best_slot) {
                        best_key = key;
                        best_slot = slot;
                    }
                }
            }
        }
    }
}
