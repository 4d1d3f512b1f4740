// include: plan settings shards shard_quads row_states geometry lanes parts row_parts gradient_parts stepped_slots settled_rows finite step_log
// One AdaGrad step (Duchi et al. 2011) on each row that the step uses: G += g^2, x -= rate g / (sqrt(G) + epsilon).
// `variance` holds G. One workgroup for slots_per_group slots, one after another.
@group(0) @binding(3{s}) var<storage, read_write> variance_{s}: array<vec4<f32>>;     // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// {s} begins
// G of the row, with the step's gradient.
fn grown_variance_{s}(row: u32, gradient: Part, lane: u32) -> Part {
    var grown = Part(
        gradient.a * gradient.a, gradient.b * gradient.b, gradient.c * gradient.c, gradient.d * gradient.d);
    let index = row * chunk_count + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { grown.a += variance_{s}[index]; variance_{s}[index] = grown.a; }
    if has_chunk(lane, 1u) { grown.b += variance_{s}[index + 1u]; variance_{s}[index + 1u] = grown.b; }
    if has_chunk(lane, 2u) { grown.c += variance_{s}[index + 2u]; variance_{s}[index + 2u] = grown.c; }
    if has_chunk(lane, 3u) { grown.d += variance_{s}[index + 3u]; variance_{s}[index + 3u] = grown.d; }
    return grown;
}
// {s} ends

// Where four numbers of a row are after the step.
fn stepped_chunk(e: vec4<f32>, gradient: vec4<f32>, variance: vec4<f32>, scale: f32) -> vec4<f32> {
    return e / scale - plan.step_size * gradient / (sqrt(variance) + settings.epsilon);
}

@compute @workgroup_size(lane_count)
fn row_adagrad(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_slots(group, group_count);
    for (var stepped = stepped_slots(own, lane); stepped != 0u; stepped &= stepped - 1u) {
        let slot = group_slot(own, firstTrailingBit(stepped));
        let place = place_of_row(row_of_slot(slot));
        let it = stepped_row(slot, lane);
        var v = no_part();
        if place.shard == {s}u { v = grown_variance_{s}(place.row, it.gradient, lane); }
        let x = Part(
            stepped_chunk(it.point.a, it.gradient.a, v.a, it.scale),
            stepped_chunk(it.point.b, it.gradient.b, v.b, it.scale),
            stepped_chunk(it.point.c, it.gradient.c, v.c, it.scale),
            stepped_chunk(it.point.d, it.gradient.d, v.d, it.scale),
        );
        let one = vec4<f32>(1.0);
        let sums = lane_sum(lane, vec4<f32>(part_dot(x, x), part_dot(v, Part(one, one, one, one)), 0.0, 0.0));
        let written = write_settled(place, x, sums.x, lane);
        if lane == 0u {
            let before = read_state(place);
            let of_bias = before.bias_variance + it.bias_gradient * it.bias_gradient;
            let rate = settings.item_bias_rate * plan.step_size;
            let bias = before.bias - rate * it.bias_gradient / (sqrt(of_bias) + settings.epsilon);
            write_state(place, RowState(written, 0.0, 0.0, bias, 0.0, of_bias, 0.0, 0u));
            let is_sound = is_finite(sums.x) && is_finite(sums.y) && is_finite(bias) && is_finite(of_bias);
            if !is_sound { atomicStore(&step_log[plan.log_slot].bad_rows, 1u); }
        }
    }
}
