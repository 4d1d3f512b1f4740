// include: plan lanes net
// Takes f off the points again, since the optimizer gets each row back from its point; and puts the slopes dL/df = dL/de in
// the place of f. One workgroup for a projected row.
@group(0) @binding(1) var<storage, read_write> projected: array<vec4<f32>>;     // (P, D/4)
@group(0) @binding(2) var<storage, read_write> points: array<vec4<f32>>;        // (R, D/4 + 1)
@group(0) @binding(3) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

@compute @workgroup_size(lane_count)
fn feature_take(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    if own >= plan.projected_count { return; }
    let from_slot = plan.words[plan.projected_at + own] * (chunk_count + 1u);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        points[from_slot + chunk] -= projected[own * chunk_count + chunk];
        projected[own * chunk_count + chunk] = gradients[from_slot + chunk];
    }
}
