// include: plan settings lanes parts row_parts negatives
// dL/dx of every row of the step: the sum of its uses in a fixed order, taken through x / |x|. No atomics on
// floats: a slot's uses as user, positive or planned negative are listed in the plan; its uses as a drawn
// negative are the bits of `picked`.
// One workgroup for slots_per_group slots, one after another. They are spread over all, since most candidates
// are not drawn and all users are in use: so workgroups have much the same to do.
// A gradient row is D/4 vec4 and one more that holds (touched, 0, 0, 0).
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
override pairs_per_group: u32 = 1u;
override slots_per_group: u32 = 1u;     // 32 at most

struct Moments {
    first: f32,
    second_is_large: f32,   // [ M2 > 1/D ]
    scale: f32,             // gor_weight / Q
}

// dL/ds of a pick's similarity s through L_GOR: gor_weight/Q (2 M1 + 2 s [M2 > 1/D]), Q all picks.
fn gor_coefficient(moments: Moments, pick: u32) -> f32 {
    return moments.scale * (2.0 * moments.first + 2.0 * similarities[pick] * moments.second_is_large);
}

// 2 w where the hinge is active, else 0.
fn pull(pair: u32) -> f32 {
    if pairs[pair].hinge > 0.0 { return 2.0 * pairs[pair].weight; }
    return 0.0;
}

// The uses of a slot, one after another: first those that the plan lists, then the bits of `picked`.
struct Uses {
    at: u32,        // the next that the plan lists
    end: u32,
    word: u32,      // the next word of the slot's bits
    bits: u32,      // those of the word before it that are left
}

fn uses_of(slot: u32) -> Uses {
    let word = select(pair_words, 0u, slot < plan.candidate_count);
    return Uses(plan.words[plan.uses_at + slot], plan.words[plan.uses_at + slot + 1u], word, 0u);
}

// pair * 2 for a user or positive, pick * 2 + 1 for a negative; none after the last.
fn next_use(uses: ptr<function, Uses>, slot: u32) -> u32 {
    if (*uses).at < (*uses).end {
        (*uses).at += 1u;
        return plan.words[(*uses).at - 1u];
    }
    while (*uses).bits == 0u && (*uses).word < pair_words {
        (*uses).bits = picked[slot * pair_words + (*uses).word];
        (*uses).word += 1u;
    }
    if (*uses).bits == 0u { return none; }
    let pair = ((*uses).word - 1u) * 32u + firstTrailingBit((*uses).bits);
    (*uses).bits &= (*uses).bits - 1u;
    var k = 0u;
    while k + 1u < negative_count && picks[pair * negative_count + k] != slot { k += 1u; }
    return (pair * negative_count + k) * 2u + 1u;
}

// Another row's weight in a slot's gradient.
struct Term {
    slot: u32,
    weight: f32,
}

// A user's terms: the positive and the nearest negative.
fn user_term(pair: u32, index: u32) -> Term {
    let strength = pull(pair);
    if index == 0u { return Term(positive_of_pair(pair), -strength); }
    if strength == 0.0 { return Term(none, 0.0); }
    return Term(negative_slot(pair * negative_count + pairs[pair].nearest), strength);
}

// A positive's terms: the user, and for GOR every negative.
fn positive_term(pair: u32, index: u32, moments: Moments) -> Term {
    if index == 0u { return Term(user_of_pair(pair), -pull(pair)); }
    let pick = pair * negative_count + index - 1u;
    return Term(negative_slot(pick), gor_coefficient(moments, pick));
}

// A negative's terms: the user if it is the nearest one, and for GOR the positive.
fn negative_term(pick: u32, index: u32, moments: Moments) -> Term {
    let pair = pick / negative_count;
    if index > 0u { return Term(positive_of_pair(pair), gor_coefficient(moments, pick)); }
    return Term(user_of_pair(pair), select(0.0, pull(pair), pairs[pair].nearest == pick % negative_count));
}

// dL/de of a slot, without what lies along e itself: the projection takes that away.
fn slot_sum(slot: u32, lane: u32, moments: Moments) -> Part {
    let is_user = slot >= plan.item_slot_count;
    var sum = no_part();
    var uses: Uses;
    if finds(lane) { uses = uses_of(slot); }
    loop {
        var code = none;
        if finds(lane) { code = next_use(&uses, slot); }
        code = found(lane, code);
        if code == none { break; }
        let is_positive = !is_user && code % 2u == 0u;
        let term_count = select(2u, 1u + negative_count, is_positive);
        for (var index = 0u; index < term_count; index += 1u) {
            var term = Term(none, 0.0);
            if finds(lane) {
                if is_user {
                    term = user_term(code / 2u, index);
                } else if is_positive {
                    term = positive_term(code / 2u, index, moments);
                } else {
                    term = negative_term(code / 2u, index, moments);
                }
            }
            let weight = bitcast<f32>(found(lane, bitcast<u32>(term.weight)));
            if weight != 0.0 { sum = part_plus(sum, weight, row_part(found(lane, term.slot), lane)); }
        }
    }
    return sum;
}

// Whether the step uses a slot at all.
fn is_touched(slot: u32) -> bool {
    var uses = uses_of(slot);
    return next_use(&uses, slot) != none;
}

// ( g - (g.e) e ) / |x|: the gradient g taken through e = x / |x|.
fn write_gradient(slot: u32, lane: u32, g: Part, e: Part, along: f32) {
    let at = slot * (chunk_count + 1u);
    let scale = rows[at + chunk_count].x;
    let part = part_scaled(part_plus(g, -along, e), scale);
    if lane < chunk_count { gradients[at + lane] = part.a; }
    if lane + lane_count < chunk_count { gradients[at + lane + lane_count] = part.b; }
    if lane + 2u * lane_count < chunk_count { gradients[at + lane + 2u * lane_count] = part.c; }
    if lane + 3u * lane_count < chunk_count { gradients[at + lane + 3u * lane_count] = part.d; }
}

// The step's sums over all pairs, in a fixed order.
fn step_sums(lane: u32) -> StepSums {
    var sums = vec4<f32>(0.0);
    let stride = lane_count * pairs_per_group;
    for (var pair = lane * pairs_per_group; pair < plan.pair_count; pair += stride) {
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
    let own = group.x + group.y * group_count.x;
    let stride = group_count.x * group_count.y;
    if own >= plan.row_count { return; }
    var own_used = 0u;
    for (var index = lane; index < slots_per_group; index += lane_count) {
        let slot = own + index * stride;
        if slot >= plan.row_count { break; }
        let is_used = is_touched(slot);
        own_used |= u32(is_used) << index;
        gradients[slot * (chunk_count + 1u) + chunk_count] = vec4<f32>(f32(is_used), 0.0, 0.0, 0.0);
    }
    var used = lane_or(lane, own_used);
    // Most candidates are not drawn. (The first group goes on: it writes the log.)
    if used == 0u && own != 0u { return; }

    let sums = step_sums(lane);
    if own == 0u && lane == 0u { step_log[plan.log_slot] = sums; }
    let is_large = select(0.0, 1.0, sums.moment_2 > settings.inverse_dim);
    let moments = Moments(sums.moment_1, is_large, settings.gor_weight / f32(plan.pair_count * negative_count));

    while used != 0u {
        let slot = own + firstTrailingBit(used) * stride;
        used &= used - 1u;
        let own = row_part(slot, lane);
        let gradient = slot_sum(slot, lane, moments);
        let along = lane_sum(lane, vec4<f32>(part_dot(gradient, own), 0.0, 0.0, 0.0)).x;
        write_gradient(slot, lane, gradient, own, along);
    }
}
