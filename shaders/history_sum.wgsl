// include: plan lanes parts row_parts history history_writes
// S of each user of the batch: the sum of the points of their history. One workgroup for slots_per_group user slots, one
// after another.
@group(0) @binding(1) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(2) var<storage, read_write> histories: array<vec4<f32>>;     // (user slots, D/4)

override slots_per_group: u32 = 1u;

@compute @workgroup_size(lane_count)
fn history_sum(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    let stride = group_count.x * group_count.y;
    for (var index = 0u; index < slots_per_group; index += 1u) {
        let user = own + index * stride;
        if user >= user_slot_count() { break; }
        var sum = no_part();
        let end = plan.words[plan.histories_at + user + 1u];
        for (var at = plan.words[plan.histories_at + user]; at < end; at += 1u) {
            sum = part_plus(sum, 1.0, row_part(plan.words[at], lane));
        }
        write_history(user, lane, sum);
    }
}
