// include: settings shards row_states catch_up moments lanes
// Brings every row of the shards up to step `shards.step`, as dense Adam would have: before evaluation and
// before saving. One workgroup a row.
@group(0) @binding(1{s}) var<storage, read_write> rows_{s}: array<vec4<f32>>;         // (shard rows, D/4)
@group(0) @binding(2{s}) var<storage, read_write> drift_{s}: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(3{s}) var<storage, read_write> variance_{s}: array<vec4<f32>>;     // (shard rows, D/4)

// {s} begins
// The row's |x|^2, x . drift and |drift|^2 afterwards: the lane's shares.
fn move_row_{s}(row: u32, last: u32, skipped: u32, lane: u32) -> vec3<f32> {
    let distance = skipped_distance(last, skipped);
    var sums = vec3<f32>(0.0);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let index = row * chunk_count + chunk;
        let x = rows_{s}[index] - distance * drift_{s}[index];
        let moments = decayed(drift_{s}[index], variance_{s}[index], drift_epsilon(last), f32(skipped));
        let d = drift_of(moments, drift_epsilon(shards.step));
        rows_{s}[index] = x;
        drift_{s}[index] = d;
        variance_{s}[index] = moments.v;
        sums += vec3<f32>(dot(x, x), dot(x, d), dot(d, d));
    }
    return sums;
}
// {s} ends

// The row's state afterwards, from the sums of its numbers. Its item bias has missed the same steps.
fn moved_state(before: RowState, skipped: u32, sums: vec4<f32>) -> RowState {
    let distance = skipped_distance(before.last_step, skipped);
    let bias = before.bias - settings.item_bias_rate * distance * before.bias_drift;
    let moments = decayed(
        vec4<f32>(before.bias_drift), vec4<f32>(before.bias_variance), drift_epsilon(before.last_step), f32(skipped));
    let drift = drift_of(moments, drift_epsilon(shards.step));
    return RowState(sums.x, sums.y, sums.z, bias, drift.x, moments.v.x, 0.0, shards.step);
}

var<workgroup> last_step: u32;

@compute @workgroup_size(lane_count)
fn row_catch_up(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * group_count.x;
    if index >= shards.row_count { return; }
    let place = place_of_row(shards.first_row + index);
    // The lane that writes the state is the one that reads it.
    if lane == 0u { last_step = read_state(place).last_step; }
    let last = workgroupUniformLoad(&last_step);
    let skipped = shards.step - last;
    if last == 0u || skipped == 0u { return; }
    var shares = vec3<f32>(0.0);
    if place.shard == {s}u { shares = move_row_{s}(place.row, last, skipped, lane); }
    let sums = lane_sum(lane, vec4<f32>(shares, 0.0));
    if lane == 0u { write_state(place, moved_state(read_state(place), skipped, sums)); }
}
