// include: plan settings lanes parts row_parts negatives
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

// c of DESIGN section 1: gor_weight/Q (2 M1 + 2 s [M2 > 1/D]).
fn gor_coefficient(moments: Moments, pick: u32) -> f32 {
    return moments.scale * (2.0 * moments.first + 2.0 * similarities[pick] * moments.second_is_large);
}

// 2 w where the hinge is active, else 0.
fn pull(pair: u32) -> f32 {
    if pairs[pair].hinge > 0.0 { return 2.0 * pairs[pair].weight; }
    return 0.0;
}

fn as_user(sum: Part, pair: u32, lane: u32) -> Part {
    let strength = pull(pair);
    if strength == 0.0 { return sum; }
    let negative = row_part(negative_slot(pair * negative_count + pairs[pair].nearest), lane);
    return part_plus(part_plus(sum, strength, negative), -strength, row_part(positive_of_pair(pair), lane));
}

fn as_positive(start: Part, pair: u32, own: Part, lane: u32, moments: Moments) -> Part {
    let strength = pull(pair);
    var sum = start;
    if strength != 0.0 {
        sum = part_plus(part_plus(sum, strength, own), -strength, row_part(user_of_pair(pair), lane));
    }
    if moments.scale == 0.0 { return sum; }
    for (var k = 0u; k < negative_count; k += 1u) {
        let pick = pair * negative_count + k;
        let negative = negative_slot(pick);
        if negative != none { sum = part_plus(sum, gor_coefficient(moments, pick), row_part(negative, lane)); }
    }
    return sum;
}

fn as_negative(start: Part, pick: u32, own: Part, lane: u32, moments: Moments) -> Part {
    let pair = pick / negative_count;
    var sum = start;
    if moments.scale != 0.0 {
        sum = part_plus(sum, gor_coefficient(moments, pick), row_part(positive_of_pair(pair), lane));
    }
    let strength = pull(pair);
    if strength != 0.0 && pairs[pair].nearest == pick % negative_count {
        sum = part_plus(part_plus(sum, strength, row_part(user_of_pair(pair), lane)), -strength, own);
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
fn planned_uses(slot: u32, own: Part, lane: u32, moments: Moments) -> Part {
    let end = plan.words[plan.uses_at + slot + 1u];
    var sum = no_part();
    for (var at = plan.words[plan.uses_at + slot]; at < end; at += 1u) {
        let code = plan.words[at];
        if slot >= plan.item_slot_count {
            sum = as_user(sum, code / 2u, lane);
        } else if code % 2u == 0u {
            sum = as_positive(sum, code / 2u, own, lane, moments);
        } else {
            sum = as_negative(sum, code / 2u, own, lane, moments);
        }
    }
    return sum;
}

// Adds the uses of a candidate that the draw made.
fn drawn_uses(start: Part, slot: u32, own: Part, lane: u32, moments: Moments) -> Part {
    var sum = start;
    for (var word = 0u; word < pair_words; word += 1u) {
        var bits = picked[slot * pair_words + word];
        while bits != 0u {
            let pair = word * 32u + firstTrailingBit(bits);
            bits &= bits - 1u;
            for (var k = 0u; k < negative_count; k += 1u) {
                let pick = pair * negative_count + k;
                if picks[pick] == slot { sum = as_negative(sum, pick, own, lane, moments); }
            }
        }
    }
    return sum;
}

// dL/de of a slot.
fn slot_sum(slot: u32, own: Part, lane: u32, moments: Moments) -> Part {
    let sum = planned_uses(slot, own, lane, moments);
    if slot >= plan.candidate_count { return sum; }
    return drawn_uses(sum, slot, own, lane, moments);
}

// g through e = x / |x|: ( g - (g.e) e ) / |x|.
fn write_projected(slot: u32, lane: u32, sum: Part, own: Part, along: f32) {
    let at = slot * (chunk_count + 1u);
    let gradient = part_scaled(part_plus(sum, -along, own), rows[at + chunk_count].x);
    if lane < chunk_count { gradients[at + lane] = gradient.a; }
    if lane + lane_count < chunk_count { gradients[at + lane + lane_count] = gradient.b; }
    if lane + 2u * lane_count < chunk_count { gradients[at + lane + 2u * lane_count] = gradient.c; }
    if lane + 3u * lane_count < chunk_count { gradients[at + lane + 3u * lane_count] = gradient.d; }
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

    var e0 = no_part();
    var e1 = no_part();
    var e2 = no_part();
    var e3 = no_part();
    var g0 = no_part();
    var g1 = no_part();
    var g2 = no_part();
    var g3 = no_part();
    if t0 { e0 = row_part(slot, lane); g0 = slot_sum(slot, e0, lane, moments); }
    if t1 { e1 = row_part(slot + 1u, lane); g1 = slot_sum(slot + 1u, e1, lane, moments); }
    if t2 { e2 = row_part(slot + 2u, lane); g2 = slot_sum(slot + 2u, e2, lane, moments); }
    if t3 { e3 = row_part(slot + 3u, lane); g3 = slot_sum(slot + 3u, e3, lane, moments); }
    let along = lane_sum(lane, vec4<f32>(part_dot(g0, e0), part_dot(g1, e1), part_dot(g2, e2), part_dot(g3, e3)));
    if t0 { write_projected(slot, lane, g0, e0, along.x); }
    if t1 { write_projected(slot + 1u, lane, g1, e1, along.y); }
    if t2 { write_projected(slot + 2u, lane, g2, e2, along.z); }
    if t3 { write_projected(slot + 3u, lane, g3, e3, along.w); }
}
