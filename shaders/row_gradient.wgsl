// include: plan settings lanes negatives
// dL/dx of every row of the step: the sum of its uses in a fixed order, taken through x / |x| (DESIGN,
// section 1). No atomics on floats: a slot's uses as user, positive or planned negative are listed in the
// plan; its uses as a drawn negative are the bits of `picked`, which are cleared here for the next step.
// One workgroup a quad of slots. A gradient row is D/4 vec4 and one more that holds (touched, 0, 0, 0).
struct PairLoss {
    hinge: f32,
    weight: f32,
    moment_1: f32,
    moment_2: f32,
    nearest: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
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
@group(0) @binding(6) var<storage, read_write> picked: array<atomic<u32>>;      // (C, pair words)
@group(0) @binding(7) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)
@group(0) @binding(8) var<storage, read_write> step_log: array<StepSums>;       // (steps of a submission)

override pair_words: u32 = 8u;      // B / 32, rounded up

struct Gradient {
    value: vec4<f32>,
    touched: f32,
}

struct Moments {
    first: f32,
    second_is_large: f32,   // [ M2 > 1/D ]
    scale: f32,             // gor_weight / Q
}

fn chunk_of(slot: u32, lane: u32) -> vec4<f32> {
    if lane >= chunk_count { return vec4<f32>(0.0); }
    return rows[slot * (chunk_count + 1u) + lane];
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

fn as_user(pair: u32, lane: u32) -> vec4<f32> {
    let strength = pull(pair);
    if strength == 0.0 { return vec4<f32>(0.0); }
    let negative = negative_slot(pair * negative_count + pairs[pair].nearest);
    return strength * (chunk_of(negative, lane) - chunk_of(positive_of_pair(pair), lane));
}

fn as_positive(pair: u32, slot: u32, lane: u32, moments: Moments) -> vec4<f32> {
    let strength = pull(pair);
    var sum = vec4<f32>(0.0);
    if strength != 0.0 {
        sum = strength * (chunk_of(slot, lane) - chunk_of(user_of_pair(pair), lane));
    }
    for (var k = 0u; k < negative_count; k += 1u) {
        let pick = pair * negative_count + k;
        let negative = negative_slot(pick);
        if negative != none { sum += gor_coefficient(moments, pick) * chunk_of(negative, lane); }
    }
    return sum;
}

fn as_negative(pick: u32, slot: u32, lane: u32, moments: Moments) -> vec4<f32> {
    let pair = pick / negative_count;
    var sum = gor_coefficient(moments, pick) * chunk_of(positive_of_pair(pair), lane);
    let strength = pull(pair);
    if strength != 0.0 && pairs[pair].nearest == pick % negative_count {
        sum += strength * (chunk_of(user_of_pair(pair), lane) - chunk_of(slot, lane));
    }
    return sum;
}

// The uses of a slot that the plan lists: pair * 2 for a user or positive, pick * 2 + 1 for a negative.
fn planned_uses(slot: u32, lane: u32, moments: Moments) -> Gradient {
    let begin = plan.words[plan.uses_at + slot];
    let end = plan.words[plan.uses_at + slot + 1u];
    var sum = vec4<f32>(0.0);
    for (var at = begin; at < end; at += 1u) {
        let code = plan.words[at];
        if slot >= plan.item_slot_count {
            sum += as_user(code / 2u, lane);
        } else if code % 2u == 0u {
            sum += as_positive(code / 2u, slot, lane, moments);
        } else {
            sum += as_negative(code / 2u, slot, lane, moments);
        }
    }
    return Gradient(sum, select(0.0, 1.0, end > begin));
}

// The uses of a candidate that the draw made.
fn drawn_uses(slot: u32, lane: u32, moments: Moments) -> Gradient {
    var gradient = Gradient(vec4<f32>(0.0), 0.0);
    for (var word = 0u; word < pair_words; word += 1u) {
        var bits = atomicLoad(&picked[slot * pair_words + word]);
        while bits != 0u {
            let pair = word * 32u + firstTrailingBit(bits);
            bits &= bits - 1u;
            gradient.touched = 1.0;
            for (var k = 0u; k < negative_count; k += 1u) {
                let pick = pair * negative_count + k;
                if picks[pick] == slot { gradient.value += as_negative(pick, slot, lane, moments); }
            }
        }
    }
    return gradient;
}

fn slot_gradient(slot: u32, lane: u32, moments: Moments) -> Gradient {
    if row_of_slot(slot) == none { return Gradient(vec4<f32>(0.0), 0.0); }
    let planned = planned_uses(slot, lane, moments);
    if slot >= plan.candidate_count { return planned; }
    let drawn = drawn_uses(slot, lane, moments);
    return Gradient(planned.value + drawn.value, max(planned.touched, drawn.touched));
}

// g through e = x / |x|: ( g - (g.e) e ) / |x|.
fn write_gradient(slot: u32, lane: u32, gradient: Gradient, point: vec4<f32>, along: f32) {
    let at = slot * (chunk_count + 1u);
    if lane == 0u { gradients[at + chunk_count] = vec4<f32>(gradient.touched, 0.0, 0.0, 0.0); }
    if lane < chunk_count && gradient.touched != 0.0 {
        gradients[at + lane] = (gradient.value - along * point) * rows[at + chunk_count].x;
    }
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

    var sums = vec4<f32>(0.0);
    for (var pair = lane; pair < plan.pair_count; pair += lane_count) {
        let loss = pairs[pair];
        sums += vec4<f32>(loss.weight * loss.hinge, select(0.0, 1.0, loss.hinge > 0.0), loss.moment_1, loss.moment_2);
    }
    sums = lane_sum(lane, sums);
    let pick_count = f32(plan.pair_count * negative_count);
    let moment_1 = sums.z / pick_count;
    let moment_2 = sums.w / pick_count;
    let moments = Moments(moment_1, select(0.0, 1.0, moment_2 > settings.inverse_dim), settings.gor_weight / pick_count);
    if quad == 0u && lane == 0u {
        step_log[plan.log_slot] = StepSums(sums.x, sums.y, moment_1, moment_2);
    }

    let g0 = slot_gradient(slot, lane, moments);
    let g1 = slot_gradient(slot + 1u, lane, moments);
    let g2 = slot_gradient(slot + 2u, lane, moments);
    let g3 = slot_gradient(slot + 3u, lane, moments);
    let e0 = chunk_of(slot, lane);
    let e1 = chunk_of(slot + 1u, lane);
    let e2 = chunk_of(slot + 2u, lane);
    let e3 = chunk_of(slot + 3u, lane);
    let along = lane_sum(lane, vec4<f32>(dot(g0.value, e0), dot(g1.value, e1), dot(g2.value, e2), dot(g3.value, e3)));
    write_gradient(slot, lane, g0, e0, along.x);
    write_gradient(slot + 1u, lane, g1, e1, along.y);
    write_gradient(slot + 2u, lane, g2, e2, along.z);
    write_gradient(slot + 3u, lane, g3, e3, along.w);

    // Every lane has read its bits: clear them for the next step.
    storageBarrier();
    if slot < plan.candidate_count {
        for (var word = lane; word < 4u * pair_words; word += lane_count) {
            atomicStore(&picked[slot * pair_words + word], 0u);
        }
    }
}
