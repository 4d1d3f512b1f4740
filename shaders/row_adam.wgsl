// include: plan settings shards shard_quads row_states moments geometry lanes parts row_parts gradient_parts stepped_slots finite step_log
// One Adam step (Kingma and Ba, algorithm 1) on each row that the step uses, after catching up the steps that the
// row missed. One workgroup for slots_per_group slots, one after another.
@group(0) @binding(1{s}) var<storage, read_write> rows_{s}: array<vec4<f32>>;         // (shard rows, D/4)
@group(0) @binding(2{s}) var<storage, read_write> drift_{s}: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(3{s}) var<storage, read_write> variance_{s}: array<vec4<f32>>;     // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// {s} begins
// Four numbers of a row; their shares of the row's |x|^2, x . drift, |drift|^2 and sum of variances afterwards.
fn step_chunk_{s}(index: u32, e: vec4<f32>, gradient: vec4<f32>, it: Stepped) -> vec4<f32> {
    var moments = decayed(drift_{s}[index], variance_{s}[index], it.epsilon, it.skipped);
    moments.m = settings.beta_1 * moments.m + (1.0 - settings.beta_1) * gradient;
    moments.v = settings.beta_2 * moments.v + (1.0 - settings.beta_2) * gradient * gradient;
    // The point is the row caught up to the step before this one, times its scale.
    let x = e / it.scale - plan.step_size * moments.m / (sqrt(moments.v) / plan.root_bias_2 + settings.epsilon);
    let d = drift_of(moments, plan.drift_epsilon);
    rows_{s}[index] = x;
    drift_{s}[index] = d;
    variance_{s}[index] = moments.v;
    return vec4<f32>(dot(x, x), dot(x, d), dot(d, d), dot(moments.v, vec4<f32>(1.0)));
}

fn step_row_{s}(row: u32, it: Stepped, lane: u32) -> vec4<f32> {
    let index = row * chunk_count + lane * chunks_per_lane;
    var sums = vec4<f32>(0.0);
    if has_chunk(lane, 0u) { sums += step_chunk_{s}(index, it.point.a, it.gradient.a, it); }
    if has_chunk(lane, 1u) { sums += step_chunk_{s}(index + 1u, it.point.b, it.gradient.b, it); }
    if has_chunk(lane, 2u) { sums += step_chunk_{s}(index + 2u, it.point.c, it.gradient.c, it); }
    if has_chunk(lane, 3u) { sums += step_chunk_{s}(index + 3u, it.point.d, it.gradient.d, it); }
    return sums;
}
// {s} ends

// The row's state after the step, from the sums of its numbers. The item bias takes the same step, at its own rate.
fn stepped_state(before: RowState, it: Stepped, sums: vec4<f32>) -> RowState {
    var moments = decayed(vec4<f32>(before.bias_drift), vec4<f32>(before.bias_variance), it.epsilon, it.skipped);
    moments.m = settings.beta_1 * moments.m + (1.0 - settings.beta_1) * it.bias_gradient;
    moments.v = settings.beta_2 * moments.v + (1.0 - settings.beta_2) * it.bias_gradient * it.bias_gradient;
    let rate = settings.item_bias_rate * plan.step_size;
    // Adam moves untouched rows, so no geometry with heights has it (`TrainConfig::check`): what is added is o alone.
    let bias = it.added - rate * moments.m.x / (sqrt(moments.v.x) / plan.root_bias_2 + settings.epsilon);
    let drift = drift_of(moments, plan.drift_epsilon);
    return RowState(sums.x, sums.y, sums.z, bias, drift.x, moments.v.x, 0.0, plan.step);
}

// Whether all numbers of a row and its moments are finite, by the sums over them.
fn is_sound(state: RowState, variances: f32) -> bool {
    return is_finite(state.squares) && is_finite(state.along) && is_finite(state.drift_squares) && is_finite(variances)
        && is_finite(state.bias) && is_finite(state.bias_drift) && is_finite(state.bias_variance);
}

@compute @workgroup_size(lane_count)
fn row_adam(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_slots(group, group_count);
    for (var stepped = stepped_slots(own, lane); stepped != 0u; stepped &= stepped - 1u) {
        let slot = group_slot(own, firstTrailingBit(stepped));
        let place = place_of_row(row_of_slot(slot));
        let it = stepped_row(slot, lane);
        var shares = vec4<f32>(0.0);
        if place.shard == {s}u { shares = step_row_{s}(place.row, it, lane); }
        let sums = lane_sum(lane, shares);
        if lane == 0u {
            let state = stepped_state(read_state(place), it, sums);
            write_state(place, state);
            if !is_sound(state, sums.w) { atomicStore(&step_log[plan.log_slot].bad_rows, 1u); }
        }
    }
}
