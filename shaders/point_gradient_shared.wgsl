// include: plan lanes parts row_parts scores gradient_parts gradient_writes slot_gradients
// Shared candidates: dL/de of every point of the step. A candidate has what candidate_gradient made of its uses as a
// negative; a user has the user_gradient of each of its pairs; and positives and users have one another. A fixed order,
// no atomics. One workgroup for slots_per_group slots, one after another.
@group(0) @binding(1) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(3) var<storage, read> scores: array<f32>;                    // (B, 1): slopes of the positives by now
@group(0) @binding(4) var<storage, read> user_gradients: array<vec4<f32>>;      // (B, D/4)
@group(0) @binding(5) var<storage, read> pairs: array<PairSums>;                // (B)
@group(0) @binding(7) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)

fn user_part(pair: u32, lane: u32) -> Part {
    var part = no_part();
    let at = pair * chunk_count + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { part.a = user_gradients[at]; }
    if has_chunk(lane, 1u) { part.b = user_gradients[at + 1u]; }
    if has_chunk(lane, 2u) { part.c = user_gradients[at + 2u]; }
    if has_chunk(lane, 3u) { part.d = user_gradients[at + 3u]; }
    return part;
}

// What candidate_gradient left; nothing if the slot is no candidate.
fn as_candidate(slot: u32, lane: u32) -> SlotGradient {
    var it = no_gradient();
    if slot >= plan.candidate_count { return it; }
    it.point = gradient_part(slot, lane);
    it.slopes = gradients[slot * (chunk_count + 1u) + chunk_count].y;
    it.count = 1.0;
    return it;
}

fn slot_gradient(slot: u32, lane: u32) -> SlotGradient {
    let is_user = slot >= plan.item_slot_count;
    var sum = as_candidate(slot, lane);
    let end = plan.words[plan.uses_at + slot + 1u];
    for (var at = plan.words[plan.uses_at + slot]; at < end; at += 1u) {
        let pair = plan.words[at] / 2u;
        let slope = scores[positive_at(pair)];
        sum.count += 1.0;
        if is_user {
            sum.point = plus_point(part_plus(sum.point, 1.0, user_part(pair, lane)), slope, positive_of_pair(pair), lane);
            sum.slopes += pairs[pair].slopes;
        } else {
            sum.point = plus_point(sum.point, slope, user_of_pair(pair), lane);
            sum.slopes += slope;
        }
    }
    return sum;
}

// Every row is used, and so is a slot without a row that is a pair's user; a hole is not.
fn is_used(slot: u32) -> bool {
    return row_of_slot(slot) != none || plan.words[plan.uses_at + slot] != plan.words[plan.uses_at + slot + 1u];
}

@compute @workgroup_size(lane_count)
fn point_gradient_shared(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    let stride = group_count.x * group_count.y;
    for (var index = 0u; index < slots_per_group; index += 1u) {
        let slot = own + index * stride;
        if slot >= plan.row_count { break; }
        if is_used(slot) { write_gradient(slot, lane, slot_gradient(slot, lane)); } else if lane == 0u { write_unused(slot); }
    }
}
