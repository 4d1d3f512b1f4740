// include: plan lanes net
// L_f = w sum |f - e|^2 over the projected rows (Hsieh et al. 2017, 3.3), w being feature_weight times the rows of the step
// that have features over those that are projected. The slopes dL/df = 2 w (f - e) take the place of f, and the points get
// their opposite. One workgroup for a projected row.
@group(0) @binding(1) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(2) var<storage, read_write> projected: array<vec4<f32>>;     // (P, D/4)
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read_write> feature_losses: array<f32>;      // (P)

@compute @workgroup_size(lane_count)
fn feature_slope(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    if own >= plan.projected_count { return; }
    let slot = plan.words[plan.projected_at + own];
    var share = 0.0;
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let at = slot * (chunk_count + 1u) + chunk;
        let apart = projected[own * chunk_count + chunk] - points[at];
        let slope = 2.0 * plan.projected_weight * apart;
        projected[own * chunk_count + chunk] = slope;
        gradients[at] -= slope;
        share += plan.projected_weight * dot(apart, apart);
    }
    let loss = lane_sum(lane, vec4<f32>(share, 0.0, 0.0, 0.0)).x;
    if lane == 0u { feature_losses[own] = loss; }
}
