// include: plan geometry lanes parts row_parts gradient_parts gradient_writes
// dL/dh of each pair's user, in the place of its dL/de. One workgroup for pairs_per_group pairs, one after another.
@group(0) @binding(1) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(2) var<storage, read_write> gradients: array<vec4<f32>>;     // (R, D/4 + 1)

override pairs_per_group: u32 = 1u;

@compute @workgroup_size(lane_count)
fn history_slope(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = (group.x + group.y * group_count.x) * pairs_per_group;
    for (var pair = first; pair < min(first + pairs_per_group, plan.pair_count); pair += 1u) {
        let slot = user_of_pair(pair);
        let row = slot * (chunk_count + 1u);
        let e = row_part(slot, lane);
        let g = gradient_part(slot, lane);
        let along = lane_sum(lane, vec4<f32>(part_dot(g, e), 0.0, 0.0, 0.0)).x;
        let scale = points[row + chunk_count].x;
        let slopes = gradients[row + chunk_count].z;
        write_gradient_part(slot, lane, Part(
            sum_gradient(g.a, e.a, along, scale, slopes),
            sum_gradient(g.b, e.b, along, scale, slopes),
            sum_gradient(g.c, e.c, along, scale, slopes),
            sum_gradient(g.d, e.d, along, scale, slopes),
        ));
    }
}
