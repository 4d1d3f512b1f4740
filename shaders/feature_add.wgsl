// include: plan lanes net
// Adds f to the point of each projected row: all that scores points sees e = x + f. One workgroup for a projected row.
@group(0) @binding(1) var<storage, read> projected: array<vec4<f32>>;           // (P, D/4)
@group(0) @binding(2) var<storage, read_write> points: array<vec4<f32>>;        // (R, D/4 + 1)

@compute @workgroup_size(lane_count)
fn feature_add(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    if own >= plan.projected_count { return; }
    let to = plan.words[plan.projected_at + own] * (chunk_count + 1u);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        points[to + chunk] += projected[own * chunk_count + chunk];
    }
}
