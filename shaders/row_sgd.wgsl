// include: plan settings shards shard_quads row_states lanes stepped_slots lane_chunks
// One step of plain gradient descent on each touched row. One workgroup for slots_per_group slots, one after another.
@group(0) @binding(1{s}) var<storage, read_write> points_{s}: array<vec4<f32>>;     // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// {s} begins
// The row's |x|^2 afterwards: the lane's share.
fn step_row_{s}(slot: u32, row: u32, lane: u32) -> f32 {
    var squares = 0.0;
    for (var part = 0u; part < chunks_per_lane; part += 1u) {
        let chunk = lane_chunk(lane, part);
        if chunk >= chunk_count { continue; }
        let index = row * chunk_count + chunk;
        let x = points_{s}[index] - settings.learning_rate * gradients[slot * (chunk_count + 1u) + chunk];
        points_{s}[index] = x;
        squares += dot(x, x);
    }
    return squares;
}
// {s} ends

@compute @workgroup_size(lane_count)
fn row_sgd(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_slots(group, group_count);
    for (var stepped = stepped_slots(own, lane); stepped != 0u; stepped &= stepped - 1u) {
        let slot = group_slot(own, firstTrailingBit(stepped));
        let place = place_of_row(row_of_slot(slot));
        var share = 0.0;
        if place.shard == {s}u { share = step_row_{s}(slot, place.row, lane); }
        let squares = lane_sum(lane, vec4<f32>(share, 0.0, 0.0, 0.0)).x;
        // Without momentum the rest of the state is and stays zero.
        if lane == 0u { write_state(place, RowState(squares, 0.0, 0.0, 0u)); }
    }
}
