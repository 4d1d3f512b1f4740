// include: plan lanes parts row_parts negatives scores gradient_writes slot_gradients
// dL/de of every point of the step: the sum of slope x other point over its uses, in a fixed order. No atomics on
// floats: the plan lists a slot's uses as user, positive or planned negative; its uses as a drawn negative are the
// bits of `picked`.
// One workgroup for slots_per_group slots, one after another.
@group(0) @binding(1) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(2) var<storage, read> picks: array<u32>;                     // (B, N)
@group(0) @binding(3) var<storage, read> scores: array<f32>;                    // (B, 1 + N), slopes by now
@group(0) @binding(4) var<storage, read> spread: array<f32>;                    // (B, N)
@group(0) @binding(5) var<storage, read> spread_line: array<vec2<f32>>;         // (1)
@group(0) @binding(6) var<storage, read> picked: array<u32>;                    // (C, pair words)
@group(0) @binding(7) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)

override pair_words: u32 = 8u;          // B / 32, rounded up
override has_spread: u32 = 0u;          // 1: with GOR

// The slope of a spread score; 0 without GOR.
fn spread_slope(pick: u32) -> f32 {
    if has_spread == 0u { return 0.0; }
    return spread_line[0].x + spread_line[0].y * spread[pick];
}

// The uses of a slot, one after another: first those that the plan lists, then the bits of `picked`.
struct Uses {
    at: u32,        // the next that the plan lists
    end: u32,
    word: u32,      // the next word of the slot's bits
    bits: u32,      // what is left of the word before it
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
    return pick_of(pair, slot) * 2u + 1u;
}

// Which pick of the pair the slot is. A pair's picks are in the order of their slots.
fn pick_of(pair: u32, slot: u32) -> u32 {
    var begin = pair * negative_count;
    var end = begin + negative_count;
    while begin + 1u < end {
        let middle = (begin + end) / 2u;
        if picks[middle] <= slot { begin = middle; } else { end = middle; }
    }
    return begin;
}

fn user_use(sum: Part, pair: u32, lane: u32) -> Part {
    var total = plus_point(sum, scores[positive_at(pair)], positive_of_pair(pair), lane);
    for (var k = 0u; k < negative_count; k += 1u) {
        total = plus_point(total, scores[negative_at(pair, k)], negative_slot(pair * negative_count + k), lane);
    }
    return total;
}

fn positive_use(sum: Part, pair: u32, lane: u32) -> Part {
    var total = plus_point(sum, scores[positive_at(pair)], user_of_pair(pair), lane);
    if has_spread == 0u { return total; }
    for (var pick = pair * negative_count; pick < (pair + 1u) * negative_count; pick += 1u) {
        total = plus_point(total, spread_slope(pick), negative_slot(pick), lane);
    }
    return total;
}

fn negative_use(sum: Part, pick: u32, lane: u32) -> Part {
    let pair = pick / negative_count;
    let total = plus_point(sum, scores[negative_at(pair, pick % negative_count)], user_of_pair(pair), lane);
    return plus_point(total, spread_slope(pick), positive_of_pair(pair), lane);
}

// The sum of all slopes of a pair.
fn pair_slopes(pair: u32) -> f32 {
    var sum = scores[positive_at(pair)];
    for (var k = 0u; k < negative_count; k += 1u) { sum += scores[negative_at(pair, k)]; }
    return sum;
}

fn slot_gradient(slot: u32, lane: u32) -> SlotGradient {
    let is_user = slot >= plan.item_slot_count;
    var sum = no_gradient();
    var uses = uses_of(slot);
    loop {
        let code = next_use(&uses, slot);
        if code == none { break; }
        let index = code / 2u;
        sum.count += 1.0;
        if is_user {
            sum.point = user_use(sum.point, index, lane);
            sum.slopes += pair_slopes(index);
        } else if code % 2u == 0u {
            sum.point = positive_use(sum.point, index, lane);
            sum.slopes += scores[positive_at(index)];
        } else {
            sum.point = negative_use(sum.point, index, lane);
            sum.slopes += scores[negative_at(index / negative_count, index % negative_count)];
        }
    }
    return sum;
}

fn is_used(slot: u32) -> bool {
    var uses = uses_of(slot);
    return next_use(&uses, slot) != none;
}

@compute @workgroup_size(lane_count)
fn point_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    let stride = group_count.x * group_count.y;
    var own_used = 0u;
    for (var index = lane; index < slots_per_group; index += lane_count) {
        let slot = own + index * stride;
        if slot >= plan.row_count { break; }
        let used = is_used(slot);
        own_used |= u32(used) << index;
        if !used { write_unused(slot); }
    }
    for (var used = lane_or(lane, own_used); used != 0u; used &= used - 1u) {
        let slot = own + firstTrailingBit(used) * stride;
        write_gradient(slot, lane, slot_gradient(slot, lane));
    }
}
