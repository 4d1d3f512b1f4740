// include: plan settings shards shard_quads row_states geometry lanes parts row_parts gradient_parts stepped_slots settled_rows finite step_log
// One step of plain gradient descent on each row that the step uses. One workgroup for slots_per_group slots, one
// after another.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(5) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// Where four numbers of a row are after the step.
fn stepped_chunk(e: vec4<f32>, gradient: vec4<f32>, scale: f32) -> vec4<f32> {
    return e / scale - plan.step_size * gradient;
}

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
        let x = Part(
            stepped_chunk(it.point.a, it.gradient.a, it.scale),
            stepped_chunk(it.point.b, it.gradient.b, it.scale),
            stepped_chunk(it.point.c, it.gradient.c, it.scale),
            stepped_chunk(it.point.d, it.gradient.d, it.scale),
        );
        let squares = lane_sum(lane, vec4<f32>(part_dot(x, x), 0.0, 0.0, 0.0)).x;
        let written = write_settled(place, x, squares, lane);
        // Without moments the rest of the state is and stays zero.
        if lane == 0u {
            let bias = read_state(place).bias - settings.item_bias_rate * plan.step_size * it.bias_gradient;
            write_state(place, RowState(written, 0.0, 0.0, bias, 0.0, 0.0, 0.0, 0u));
            if !(is_finite(squares) && is_finite(bias)) { atomicStore(&step_log[plan.log_slot].bad_rows, 1u); }
        }
    }
}
