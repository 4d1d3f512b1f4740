// include: plan settings block random
// Stage 2 (Tran et al. 2019, 3.2): for each pair the N candidates with the largest keys
//     key = log_weight(s) + Gumbel noise,   log_weight(s) = -hardness ln((1-s)(1+s))  for s >= 0,
// which is a draw without replacement with Pr(n) ~ exp(log_weight). Candidates with s < 0 come after all
// others; the user's own items never. One workgroup a pair. The picks of a pair are in the order of their slots.
@group(0) @binding(3) var<storage, read_write> candidate_scores: array<vec4<f32>>;  // (pair capacity, C/4); keys afterwards
@group(0) @binding(4) var<storage, read_write> picks: array<u32>;           // (B, N) candidate slots, or none
@group(0) @binding(5) var<storage, read_write> picked: array<atomic<u32>>;  // (C, pair words) a bit a pair

override lane_count: u32 = 64u;
override negative_count: u32 = 1u;
override pair_words: u32 = 8u;      // B / 32, rounded up

const never: f32 = -1e30;
const negative_side: f32 = -64.0;   // below any key of a candidate with s >= 0: Gumbel noise lies in (-3, 17)

var<workgroup> lane_keys: array<f32, lane_count>;
var<workgroup> lane_slots: array<u32, lane_count>;
var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> found: vec2<u32>;
var<workgroup> lane_counts: array<vec2<u32>, lane_count>;

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
    // Excluded, holes and what is not a number fail both tests; row_load tells of rows that are not finite.
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

fn pick(pair: u32, k: u32, slot: u32) {
    picks[pair * negative_count + k] = slot;
    if slot != none { atomicOr(&picked[slot * pair_words + pair / 32u], 1u << (pair % 32u)); }
}

// The place of a key among all f32, as a word: larger keys have larger words.
fn order_of(key: f32) -> u32 {
    let bits = bitcast<u32>(key);
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn orders_of(keys: vec4<f32>) -> vec4<u32> {
    return vec4<u32>(order_of(keys.x), order_of(keys.y), order_of(keys.z), order_of(keys.w));
}

// The N-th largest word of a pair's keys, and how many of those equal to it are among the N largest: by its bytes, the
// highest first. Four sweeps over the keys, whatever N is.
fn nth_largest(base: u32, quad_count: u32, lane: u32) -> vec2<u32> {
    var value = 0u;
    var rank = negative_count;      // counted among the keys that share the bytes found so far
    for (var shift = 32u; shift > 0u; shift -= 8u) {
        for (var bin = lane; bin < 256u; bin += lane_count) { atomicStore(&bins[bin], 0u); }
        workgroupBarrier();
        for (var quad = lane; quad < quad_count; quad += lane_count) {
            let words = orders_of(candidate_scores[base + quad]);
            for (var part = 0u; part < 4u; part += 1u) {
                let is_alike = shift == 32u || words[part] >> (shift % 32u) == value >> (shift % 32u);
                if is_alike { atomicAdd(&bins[(words[part] >> (shift - 8u)) & 255u], 1u); }
            }
        }
        workgroupBarrier();
        if lane == 0u {
            var bin = 255u;
            var count = atomicLoad(&bins[bin]);
            while rank > count && bin > 0u {
                rank -= count;
                bin -= 1u;
                count = atomicLoad(&bins[bin]);
            }
            found = vec2<u32>(value | (bin << (shift - 8u)), rank);
        }
        let so_far = workgroupUniformLoad(&found);
        value = so_far.x;
        rank = so_far.y;
    }
    return vec2<u32>(value, rank);
}

// Picks the candidates of the N largest keys, in the order of their slots; of equal keys those of the lower slots.
fn pick_largest(pair: u32, base: u32, quad_count: u32, lane: u32) {
    let nth = nth_largest(base, quad_count, lane);
    // Keys above the N-th, and equal to it, in the lane's part of the slots: neighbours this time.
    let lane_quads = (quad_count + lane_count - 1u) / lane_count;
    let first = min(lane * lane_quads, quad_count);
    let end = min(first + lane_quads, quad_count);
    var own = vec2<u32>(0u);
    for (var quad = first; quad < end; quad += 1u) {
        let words = orders_of(candidate_scores[base + quad]);
        for (var part = 0u; part < 4u; part += 1u) {
            own += vec2<u32>(u32(words[part] > nth.x), u32(words[part] == nth.x));
        }
    }
    lane_counts[lane] = own;
    workgroupBarrier();
    var before = vec2<u32>(0u);
    var all = vec2<u32>(0u);
    for (var other = 0u; other < lane_count; other += 1u) {
        if other < lane { before += lane_counts[other]; }
        all += lane_counts[other];
    }
    // A key of `never` is no pick: then there are fewer than N.
    let equal_count = select(0u, nth.y, nth.x > order_of(never));
    for (var quad = first; quad < end; quad += 1u) {
        let words = orders_of(candidate_scores[base + quad]);
        for (var part = 0u; part < 4u; part += 1u) {
            let is_equal = words[part] == nth.x;
            if words[part] > nth.x || (is_equal && before.y < equal_count) {
                pick(pair, before.x + min(before.y, equal_count), quad * 4u + part);
            }
            before += vec2<u32>(u32(words[part] > nth.x), u32(is_equal));
        }
    }
    for (var k = all.x + equal_count + lane; k < negative_count; k += lane_count) { pick(pair, k, none); }
}

@compute @workgroup_size(lane_count)
fn negative_draw(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let local_pair = group.x + group.y * group_count.x;
    let pair = block.first_pair + local_pair;
    if local_pair >= block_pairs() { return; }
    let quad_count = plan.candidate_count / 4u;
    let base = (block.first_row + local_pair) * quad_count;

    // A quad belongs to one lane, which alone reads and writes it until all keys are made.
    let excluded_at = plan.excluded_at + own_user_of_pair(pair) - plan.item_slot_count;
    let excluded_end = plan.words[excluded_at + 1u];
    for (var at = plan.words[excluded_at]; at < excluded_end; at += 1u) {
        let slot = plan.words[at];
        if (slot / 4u) % lane_count == lane {
            let is_it = vec4<u32>(slot % 4u) == vec4<u32>(0u, 1u, 2u, 3u);
            candidate_scores[base + slot / 4u] = select(candidate_scores[base + slot / 4u], vec4<f32>(-2.0), is_it);
        }
    }

    var best_key = never;
    var best_slot = none;
    for (var quad = lane; quad < quad_count; quad += lane_count) {
        let keys = draw_keys(candidate_scores[base + quad], pcg4d(vec4<u32>(plan.draw_key_0, plan.draw_key_1, pair, quad)));
        if negative_count > 1u { candidate_scores[base + quad] = keys; }
        // The best of the four; among equals the first.
        let best = best_of(keys);
        if best.key > best_key {
            best_key = best.key;
            best_slot = quad * 4u + best.part;
        }
    }
    if negative_count > 1u {
        storageBarrier();
        pick_largest(pair, base, quad_count, lane);
        return;
    }
    lane_keys[lane] = best_key;
    lane_slots[lane] = best_slot;
    workgroupBarrier();
    for (var other = 0u; other < lane_count; other += 1u) {
        if beats(lane_keys[other], lane_slots[other], best_key, best_slot) {
            best_key = lane_keys[other];
            best_slot = lane_slots[other];
        }
    }
    if lane == 0u { pick(pair, 0u, best_slot); }
}
