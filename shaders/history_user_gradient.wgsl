// include: plan lanes parts history history_writes gradient_parts gradient_writes
// Of each user of the batch dL/de_u, the sum of dL/dh over the user's pairs; and in the place of S what every item of the
// history gets of it, the sum of (g / n) dL/dh. One workgroup for slots_per_group user slots, one after another.
@group(0) @binding(1) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)
@group(0) @binding(2) var<storage, read_write> histories: array<vec4<f32>>;     // (user slots, D/4)

override slots_per_group: u32 = 1u;

@compute @workgroup_size(lane_count)
fn history_user_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    let stride = group_count.x * group_count.y;
    for (var index = 0u; index < slots_per_group; index += 1u) {
        let user = own + index * stride;
        if user >= user_slot_count() { break; }
        let begin = plan.words[plan.history_pairs_at + user];
        let end = plan.words[plan.history_pairs_at + user + 1u];
        var of_user = no_part();
        var of_items = no_part();
        for (var at = begin; at < end; at += 1u) {
            let pair = plan.words[at];
            let g = gradient_part(user_of_pair(pair), lane);
            of_user = part_plus(of_user, 1.0, g);
            of_items = part_plus(of_items, item_weight(pair), g);
        }
        let slot = plan.item_slot_count + user;
        write_gradient_part(slot, lane, of_user);
        // A hole has no pairs.
        let note = vec4<f32>(f32(end - begin), 0.0, 0.0, 0.0);
        if lane == 0u { gradients[slot * (chunk_count + 1u) + chunk_count] = note; }
        write_history(user, lane, of_items);
    }
}
