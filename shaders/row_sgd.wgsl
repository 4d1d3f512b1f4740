// include: plan settings shard shard_quad lanes
// One step of plain gradient descent on each touched row. One workgroup a quad of slots of one shard.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

fn step_chunk(slot: u32, chunk: u32) {
    let row = row_of_slot(slot);
    if row == none { return; }
    let at = slot * (chunk_count + 1u);
    if gradients[at + chunk_count].x == 0.0 { return; }
    let index = (row - shard.first_row) * chunk_count + chunk;
    points[index] -= settings.learning_rate * gradients[at + chunk];
}

@compute @workgroup_size(lane_count)
fn row_sgd(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = shard_quad(group.x + group.y * group_count.x);
    if quad == none { return; }
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        step_chunk(quad * 4u, chunk);
        step_chunk(quad * 4u + 1u, chunk);
        step_chunk(quad * 4u + 2u, chunk);
        step_chunk(quad * 4u + 3u, chunk);
    }
}
