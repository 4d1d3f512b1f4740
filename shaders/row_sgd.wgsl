// include: plan settings shard shard_quad row_state lanes stepped_slots lane_chunks
// One step of plain gradient descent on each touched row. One workgroup for
// slots_per_group slots of one shard, one after another.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> row_states: array<RowState>;     // (shard rows)
@group(0) @binding(5) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

@compute @workgroup_size(lane_count)
fn row_sgd(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_slots(group, group_count);
    for (var stepped = stepped_slots(own, lane); stepped != 0u; stepped &= stepped - 1u) {
        let slot = group_slot(own, firstTrailingBit(stepped));
        let row = row_of_slot(slot) - shard.first_row;
        var squares = 0.0;
        for (var index = 0u; index < chunks_per_lane; index += 1u) {
            let chunk = lane_chunk(lane, index);
            if chunk >= chunk_count { continue; }
            let at = row * chunk_count + chunk;
            let x = points[at] - settings.learning_rate * gradients[slot * (chunk_count + 1u) + chunk];
            points[at] = x;
            squares += dot(x, x);
        }
        squares = lane_sum(lane, vec4<f32>(squares, 0.0, 0.0, 0.0)).x;
        if lane == 0u { row_states[row].squares = squares; }
    }
}
