// include: plan lanes parts row_parts negatives scores
// dL/de of every point of the step: the sum of slope x other point over its uses, in a fixed order. No atomics on
// floats: the plan lists a slot's uses as user, positive or planned negative; its uses as a drawn negative are the
// bits of `picked`.
// One workgroup for slots_per_group slots, one after another. They are spread over all slots: most candidates are
// not drawn and all users are in use, so workgroups get much the same to do.
// A gradient row is D/4 vec4 and one more that holds (1 if the step uses the slot, 0, 0, 0).
@group(0) @binding(1) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(2) var<storage, read> picks: array<u32>;                     // (B, N)
@group(0) @binding(3) var<storage, read> scores: array<f32>;                    // (B, 1 + N), slopes by now
@group(0) @binding(4) var<storage, read> spread: array<f32>;                    // (B, N)
@group(0) @binding(5) var<storage, read> spread_line: array<vec2<f32>>;         // (1)
@group(0) @binding(6) var<storage, read> picked: array<u32>;                    // (C, pair words)
@group(0) @binding(7) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)

override pair_words: u32 = 8u;          // B / 32, rounded up
override slots_per_group: u32 = 1u;     // 32 at most
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
    var k = 0u;
    while k + 1u < negative_count && picks[pair * negative_count + k] != slot { k += 1u; }
    return (pair * negative_count + k) * 2u + 1u;
}

// The sum with `slope` times the point in another slot.
fn plus_point(sum: Part, slope: f32, slot: u32, lane: u32) -> Part {
    if slope == 0.0 { return sum; }
    return part_plus(sum, slope, row_part(slot, lane));
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

fn slot_gradient(slot: u32, lane: u32) -> Part {
    let is_user = slot >= plan.item_slot_count;
    var sum = no_part();
    var uses = uses_of(slot);
    loop {
        let code = next_use(&uses, slot);
        if code == none { break; }
        if is_user {
            sum = user_use(sum, code / 2u, lane);
        } else if code % 2u == 0u {
            sum = positive_use(sum, code / 2u, lane);
        } else {
            sum = negative_use(sum, code / 2u, lane);
        }
    }
    return sum;
}

fn is_used(slot: u32) -> bool {
    var uses = uses_of(slot);
    return next_use(&uses, slot) != none;
}

fn write_gradient(slot: u32, lane: u32, part: Part) {
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { gradients[at] = part.a; }
    if has_chunk(lane, 1u) { gradients[at + 1u] = part.b; }
    if has_chunk(lane, 2u) { gradients[at + 2u] = part.c; }
    if has_chunk(lane, 3u) { gradients[at + 3u] = part.d; }
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
        gradients[slot * (chunk_count + 1u) + chunk_count] = vec4<f32>(f32(used), 0.0, 0.0, 0.0);
    }
    for (var used = lane_or(lane, own_used); used != 0u; used &= used - 1u) {
        let slot = own + firstTrailingBit(used) * stride;
        write_gradient(slot, lane, slot_gradient(slot, lane));
    }
}
