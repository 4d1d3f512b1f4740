// include: plan settings shards shard_quads row_states geometry lanes parts row_parts stepped_slots finite step_log
// One step of plain gradient descent on each row that the step uses. One workgroup for slots_per_group slots, one
// after another.
@group(0) @binding(1{s}) var<storage, read_write> rows_{s}: array<vec4<f32>>;       // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(5) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// {s} begins
// Four numbers of a row; their share of |x|^2 afterwards.
fn step_chunk_{s}(index: u32, e: vec4<f32>, gradient: vec4<f32>, scale: f32) -> f32 {
    let x = e / scale - plan.step_size * gradient;
    rows_{s}[index] = x;
    return dot(x, x);
}

fn step_row_{s}(row: u32, it: Stepped, lane: u32) -> f32 {
    let index = row * chunk_count + lane * chunks_per_lane;
    var squares = 0.0;
    if has_chunk(lane, 0u) { squares += step_chunk_{s}(index, it.point.a, it.gradient.a, it.scale); }
    if has_chunk(lane, 1u) { squares += step_chunk_{s}(index + 1u, it.point.b, it.gradient.b, it.scale); }
    if has_chunk(lane, 2u) { squares += step_chunk_{s}(index + 2u, it.point.c, it.gradient.c, it.scale); }
    if has_chunk(lane, 3u) { squares += step_chunk_{s}(index + 3u, it.point.d, it.gradient.d, it.scale); }
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
        let it = stepped_row(slot, lane);
        var share = 0.0;
        if place.shard == {s}u { share = step_row_{s}(place.row, it, lane); }
        let squares = lane_sum(lane, vec4<f32>(share, 0.0, 0.0, 0.0)).x;
        // Without momentum the rest of the state is and stays zero.
        if lane == 0u {
            let bias = it.bias - settings.item_bias_rate * plan.step_size * it.bias_gradient;
            write_state(place, RowState(squares, 0.0, 0.0, bias, 0.0, 0.0, 0.0, 0u));
            if !(is_finite(squares) && is_finite(bias)) { atomicStore(&step_log[plan.log_slot].bad_rows, 1u); }
        }
    }
}
