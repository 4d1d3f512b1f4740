// include: plan lanes parts history history_parts gradient_parts gradient_writes
// Adds to dL/de of each item what it gets as a part of histories: of each user whose history has it the sum that
// history_user_gradient left, less the share of the pairs of which it is the positive. A fixed order, no atomics. One
// workgroup for slots_per_group item slots, one after another.
@group(0) @binding(1) var<storage, read> histories: array<vec4<f32>>;           // (user slots, D/4)
@group(0) @binding(2) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)

override slots_per_group: u32 = 1u;

fn add_histories(slot: u32, lane: u32, begin: u32, end: u32) {
    let note_at = slot * (chunk_count + 1u) + chunk_count;
    var sum = no_part();
    // Of a slot without other uses there is no sum yet. The kernel changes no number that says so.
    if gradients[note_at].x != 0.0 { sum = gradient_part(slot, lane); }
    for (var at = begin; at < end; at += 1u) { sum = part_plus(sum, 1.0, history_part(plan.words[at], lane)); }
    let uses_end = plan.words[plan.uses_at + slot + 1u];
    for (var at = plan.words[plan.uses_at + slot]; at < uses_end; at += 1u) {
        let code = plan.words[at];
        let pair = code / 2u;
        if code % 2u == 0u && takes_out(pair) {
            sum = part_plus(sum, -item_weight(pair), gradient_part(user_of_pair(pair), lane));
        }
    }
    write_gradient_part(slot, lane, sum);
    if lane == 0u { gradients[note_at].w = f32(end - begin); }
}

@compute @workgroup_size(lane_count)
fn history_item_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    let stride = group_count.x * group_count.y;
    for (var index = 0u; index < slots_per_group; index += 1u) {
        let slot = own + index * stride;
        if slot >= plan.item_slot_count { break; }
        let begin = plan.words[plan.takers_at + slot];
        let end = plan.words[plan.takers_at + slot + 1u];
        if begin != end { add_histories(slot, lane, begin, end); }
    }
}
