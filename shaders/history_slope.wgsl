// include: plan geometry lanes parts row_parts
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
        let at = row + lane * chunks_per_lane;
        let e = row_part(slot, lane);
        var g = no_part();
        if has_chunk(lane, 0u) { g.a = gradients[at]; }
        if has_chunk(lane, 1u) { g.b = gradients[at + 1u]; }
        if has_chunk(lane, 2u) { g.c = gradients[at + 2u]; }
        if has_chunk(lane, 3u) { g.d = gradients[at + 3u]; }
        let along = lane_sum(lane, vec4<f32>(part_dot(g, e), 0.0, 0.0, 0.0)).x;
        let scale = points[row + chunk_count].x;
        let slopes = gradients[row + chunk_count].z;
        if has_chunk(lane, 0u) { gradients[at] = sum_gradient(g.a, e.a, along, scale, slopes); }
        if has_chunk(lane, 1u) { gradients[at + 1u] = sum_gradient(g.b, e.b, along, scale, slopes); }
        if has_chunk(lane, 2u) { gradients[at + 2u] = sum_gradient(g.c, e.c, along, scale, slopes); }
        if has_chunk(lane, 3u) { gradients[at + 3u] = sum_gradient(g.d, e.d, along, scale, slopes); }
    }
}
