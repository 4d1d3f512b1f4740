// include: plan settings lanes negatives
// dL/dx of every row of the step: the sum of its uses in a fixed order, taken through x / |x| (DESIGN,
// section 1). No atomics on floats: a slot's uses as user, positive or planned negative are listed in the
// plan; its uses as a drawn negative are the bits of `picked`.
// One workgroup a quad of slots. A gradient row is D/4 vec4 and one more that holds (touched, 0, 0, 0).
struct PairLoss {
    sums: vec4<f32>,
    hinge: f32,
    weight: f32,
    nearest: u32,
    unused_0: u32,
}

struct StepSums {
    triplet: f32,       // sum of weight * hinge
    active_count: f32,  // pairs with a positive hinge
    moment_1: f32,      // M1 of Tran et al. 2019, eq. 3
    moment_2: f32,      // M2
}

@group(0) @binding(2) var<storage, read> rows: array<vec4<f32>>;                // (R, D/4 + 1)
@group(0) @binding(3) var<storage, read> picks: array<u32>;                     // (B, N)
@group(0) @binding(4) var<storage, read> similarities: array<f32>;              // (B, N)
@group(0) @binding(5) var<storage, read> pairs: array<PairLoss>;                // (B)
@group(0) @binding(6) var<storage, read> picked: array<u32>;                    // (C, pair words)
@group(0) @binding(7) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)
@group(0) @binding(8) var<storage, read_write> step_log: array<StepSums>;       // (steps of a submission)

override pair_words: u32 = 8u;      // B / 32, rounded up

struct Moments {
    first: f32,
    second_is_large: f32,   // [ M2 > 1/D ]
    scale: f32,             // gor_weight / Q
}

fn chunk_of(slot: u32, chunk: u32) -> vec4<f32> {
    return rows[slot * (chunk_count + 1u) + chunk];
}

// c of DESIGN section 1: gor_weight/Q (2 M1 + 2 s [M2 > 1/D]).
fn gor_coefficient(moments: Moments, pick: u32) -> f32 {
    return moments.scale * (2.0 * moments.first + 2.0 * similarities[pick] * moments.second_is_large);
}

// 2 w where the hinge is active, else 0.
fn pull(pair: u32) -> f32 {
    if pairs[pair].hinge > 0.0 { return 2.0 * pairs[pair].weight; }
    return 0.0;
}

fn as_user(pair: u32, chunk: u32) -> vec4<f32> {
    let strength = pull(pair);
    if strength == 0.0 { return vec4<f32>(0.0); }
    let negative = negative_slot(pair * negative_count + pairs[pair].nearest);
    return strength * (chunk_of(negative, chunk) - chunk_of(positive_of_pair(pair), chunk));
}

fn as_positive(pair: u32, slot: u32, chunk: u32, moments: Moments) -> vec4<f32> {
    let strength = pull(pair);
    var sum = vec4<f32>(0.0);
    if strength != 0.0 {
        sum = strength * (chunk_of(slot, chunk) - chunk_of(user_of_pair(pair), chunk));
    }
    for (var k = 0u; k < negative_count; k += 1u) {
        let pick = pair * negative_count + k;
        let negative = negative_slot(pick);
        if negative != none { sum += gor_coefficient(moments, pick) * chunk_of(negative, chunk); }
    }
    return sum;
}

fn as_negative(pick: u32, slot: u32, chunk: u32, moments: Moments) -> vec4<f32> {
    let pair = pick / negative_count;
    var sum = gor_coefficient(moments, pick) * chunk_of(positive_of_pair(pair), chunk);
    let strength = pull(pair);
    if strength != 0.0 && pairs[pair].nearest == pick % negative_count {
        sum += strength * (chunk_of(user_of_pair(pair), chunk) - chunk_of(slot, chunk));
    }
    return sum;
}

// Whether the step uses a slot at all.
fn is_touched(slot: u32) -> bool {
    if plan.words[plan.uses_at + slot] != plan.words[plan.uses_at + slot + 1u] { return true; }
    if slot >= plan.candidate_count { return false; }
    var any = 0u;
    for (var word = 0u; word < pair_words; word += 1u) { any |= picked[slot * pair_words + word]; }
    return any != 0u;
}

// The uses of a slot that the plan lists: pair * 2 for a user or positive, pick * 2 + 1 for a negative.
fn planned_uses(slot: u32, chunk: u32, moments: Moments) -> vec4<f32> {
    let end = plan.words[plan.uses_at + slot + 1u];
    var sum = vec4<f32>(0.0);
    for (var at = plan.words[plan.uses_at + slot]; at < end; at += 1u) {
        let code = plan.words[at];
        if slot >= plan.item_slot_count {
            sum += as_user(code / 2u, chunk);
        } else if code % 2u == 0u {
            sum += as_positive(code / 2u, slot, chunk, moments);
        } else {
            sum += as_negative(code / 2u, slot, chunk, moments);
        }
    }
    return sum;
}

// The uses of a candidate that the draw made.
fn drawn_uses(slot: u32, chunk: u32, moments: Moments) -> vec4<f32> {
    var sum = vec4<f32>(0.0);
    for (var word = 0u; word < pair_words; word += 1u) {
        var bits = picked[slot * pair_words + word];
        while bits != 0u {
            let pair = word * 32u + firstTrailingBit(bits);
            bits &= bits - 1u;
            for (var k = 0u; k < negative_count; k += 1u) {
                let pick = pair * negative_count + k;
                if picks[pick] == slot { sum += as_negative(pick, slot, chunk, moments); }
            }
        }
    }
    return sum;
}

// Writes dL/de of a slot's chunk; its part of (dL/de) . e.
fn write_sum(slot: u32, chunk: u32, moments: Moments) -> f32 {
    var sum = planned_uses(slot, chunk, moments);
    if slot < plan.candidate_count { sum += drawn_uses(slot, chunk, moments); }
    gradients[slot * (chunk_count + 1u) + chunk] = sum;
    return dot(sum, chunk_of(slot, chunk));
}

// g through e = x / |x|: ( g - (g.e) e ) / |x|.
fn project(slot: u32, chunk: u32, along: f32) {
    let at = slot * (chunk_count + 1u);
    gradients[at + chunk] = (gradients[at + chunk] - along * rows[at + chunk]) * rows[at + chunk_count].x;
}

// The step's sums over all pairs, in a fixed order.
fn step_sums(lane: u32) -> StepSums {
    var sums = vec4<f32>(0.0);
    for (var pair = lane; pair < plan.pair_count; pair += lane_count) {
        sums += pairs[pair].sums;
    }
    sums = lane_sum(lane, sums);
    let pick_count = f32(plan.pair_count * negative_count);
    return StepSums(sums.x, sums.y, sums.z / pick_count, sums.w / pick_count);
}

@compute @workgroup_size(lane_count)
fn row_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = group.x + group.y * group_count.x;
    let slot = quad * 4u;
    if slot >= plan.row_count { return; }
    let t0 = is_touched(slot);
    let t1 = is_touched(slot + 1u);
    let t2 = is_touched(slot + 2u);
    let t3 = is_touched(slot + 3u);
    if lane == 0u {
        let at = slot * (chunk_count + 1u) + chunk_count;
        gradients[at] = vec4<f32>(f32(t0), 0.0, 0.0, 0.0);
        gradients[at + chunk_count + 1u] = vec4<f32>(f32(t1), 0.0, 0.0, 0.0);
        gradients[at + 2u * (chunk_count + 1u)] = vec4<f32>(f32(t2), 0.0, 0.0, 0.0);
        gradients[at + 3u * (chunk_count + 1u)] = vec4<f32>(f32(t3), 0.0, 0.0, 0.0);
    }
    // Most candidates are not drawn. (Quad 0 goes on: it writes the log.)
    if !(t0 || t1 || t2 || t3) && quad != 0u { return; }

    let sums = step_sums(lane);
    if quad == 0u && lane == 0u { step_log[plan.log_slot] = sums; }
    let is_large = select(0.0, 1.0, sums.moment_2 > settings.inverse_dim);
    let moments = Moments(sums.moment_1, is_large, settings.gor_weight / f32(plan.pair_count * negative_count));

    var along = vec4<f32>(0.0);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        if t0 { along.x += write_sum(slot, chunk, moments); }
        if t1 { along.y += write_sum(slot + 1u, chunk, moments); }
        if t2 { along.z += write_sum(slot + 2u, chunk, moments); }
        if t3 { along.w += write_sum(slot + 3u, chunk, moments); }
    }
    along = lane_sum(lane, along);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        if t0 { project(slot, chunk, along.x); }
        if t1 { project(slot + 1u, chunk, along.y); }
        if t2 { project(slot + 2u, chunk, along.z); }
        if t3 { project(slot + 3u, chunk, along.w); }
    }
}
