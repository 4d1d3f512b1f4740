// include: plan settings shard shard_quad row_state stepped_row lanes
// One step of plain gradient descent on each touched row. One workgroup a quad of slots of one shard.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> row_states: array<RowState>;     // (shard rows)
@group(0) @binding(5) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// The chunk's share of |x|^2 afterwards.
fn step_chunk(slot: u32, local_row: u32, chunk: u32) -> f32 {
    if local_row == none { return 0.0; }
    let index = local_row * chunk_count + chunk;
    let x = points[index] - settings.learning_rate * gradients[slot * (chunk_count + 1u) + chunk];
    points[index] = x;
    return dot(x, x);
}

@compute @workgroup_size(lane_count)
fn row_sgd(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = shard_quad(group.x + group.y * group_count.x);
    if quad == none { return; }
    let slot = quad * 4u;
    let r0 = stepped_row(slot);
    let r1 = stepped_row(slot + 1u);
    let r2 = stepped_row(slot + 2u);
    let r3 = stepped_row(slot + 3u);
    // Most candidates are not drawn.
    if min(min(r0, r1), min(r2, r3)) == none { return; }
    var squares = vec4<f32>(0.0);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let s0 = step_chunk(slot, r0, chunk);
        let s1 = step_chunk(slot + 1u, r1, chunk);
        let s2 = step_chunk(slot + 2u, r2, chunk);
        let s3 = step_chunk(slot + 3u, r3, chunk);
        squares += vec4<f32>(s0, s1, s2, s3);
    }
    squares = lane_sum(lane, squares);
    if lane == 0u {
        if r0 != none { row_states[r0].squares = squares.x; }
        if r1 != none { row_states[r1].squares = squares.y; }
        if r2 != none { row_states[r2].squares = squares.z; }
        if r3 != none { row_states[r3].squares = squares.w; }
    }
}
