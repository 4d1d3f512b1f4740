// include: plan settings block random
// Stage 2 (Tran et al. 2019, 3.2): for each pair the N candidates with the largest keys
//     key = log_weight(s) + Gumbel noise,   log_weight(s) = -hardness ln((1-s)(1+s))  for s >= 0,
// which is a draw without replacement with Pr(n) ~ exp(log_weight). Candidates with s < 0 come after all
// others; the user's own items never. One workgroup a pair.
@group(0) @binding(3) var<storage, read_write> similarities: array<vec4<f32>>;  // (pair capacity, C/4); keys afterwards
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
fn gumbel(bits: vec4<u32>) -> vec4<f32> {
    let v = (vec4<f32>(bits >> vec4<u32>(9u)) + 0.5) * 1.1920928955078125e-7;   // 2^-23, so that 0 < v < 1
    let series = v * (1.0 + v * (0.5 + v * (0.33333334 + v * 0.25)));
    return -log(select(-log(1.0 - v), series, v < vec4<f32>(0.02)));
}

fn draw_keys(s: vec4<f32>, bits: vec4<u32>) -> vec4<f32> {
    let noise = gumbel(bits);
    let log_weight = -settings.hardness * log(max((1.0 - s) * (1.0 + s), vec4<f32>(1e-12)));
    // Excluded, holes and what is not a number fail both tests.
    let keys = select(vec4<f32>(never), noise + negative_side, s > vec4<f32>(-1.5));
    return select(keys, noise + log_weight, s >= vec4<f32>(0.0));
}

struct Best {
    key: f32,
    part: u32,
}

fn best_of(keys: vec4<f32>) -> Best {
    var best = Best(keys.x, 0u);
    if keys.y > best.key { best = Best(keys.y, 1u); }
    if keys.z > best.key { best = Best(keys.z, 2u); }
    if keys.w > best.key { best = Best(keys.w, 3u); }
    return best;
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
    if local_pair >= block.pair_count || pair >= plan.pair_count { return; }
    let quad_count = plan.candidate_count / 4u;
    let base = (block.first_row + local_pair) * quad_count;

    // A quad belongs to one lane, which alone reads and writes it.
    let excluded_at = plan.excluded_at + user_of_pair(pair) - plan.item_slot_count;
    let excluded_end = plan.words[excluded_at + 1u];
    for (var at = plan.words[excluded_at]; at < excluded_end; at += 1u) {
        let slot = plan.words[at];
        if (slot / 4u) % lane_count == lane {
            let is_it = vec4<u32>(slot % 4u) == vec4<u32>(0u, 1u, 2u, 3u);
            similarities[base + slot / 4u] = select(similarities[base + slot / 4u], vec4<f32>(-2.0), is_it);
        }
    }

    var best_key = never;
    var best_slot = none;
    for (var quad = lane; quad < quad_count; quad += lane_count) {
        let keys = draw_keys(similarities[base + quad], pcg4d(vec4<u32>(plan.draw_key_0, plan.draw_key_1, pair, quad)));
        if negative_count > 1u { similarities[base + quad] = keys; }
        // The best of the four; among equals the first.
        let best = best_of(keys);
        if best.key > best_key {
            best_key = best.key;
            best_slot = quad * 4u + best.part;
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
            for (var quad = lane; quad < quad_count; quad += lane_count) {
                let keys = similarities[base + quad];
                let slots = quad * 4u + vec4<u32>(0u, 1u, 2u, 3u);
                let is_later = (keys < vec4<f32>(taken_key)) | ((keys == vec4<f32>(taken_key)) & (slots > vec4<u32>(taken_slot)));
                let best = best_of(select(vec4<f32>(never), keys, is_later));
                if best.key > best_key {
                    best_key = best.key;
                    best_slot = quad * 4u + best.part;
                }
            }
        }
    }
}
