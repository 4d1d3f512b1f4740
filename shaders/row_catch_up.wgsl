// include: settings shards row_states catch_up lanes lane_chunks
// Brings every row of the shards up to step `shards.step`, as dense Adam would have: before evaluation and
// before saving. One workgroup a row.
@group(0) @binding(1{s}) var<storage, read_write> points_{s}: array<vec4<f32>>;       // (shard rows, D/4)
@group(0) @binding(2{s}) var<storage, read_write> drift_{s}: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(3{s}) var<storage, read_write> variance_{s}: array<vec4<f32>>;     // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> catch_up: array<vec2<f32>>;

// {s} begins
// The row's |x|^2, x . drift and |drift|^2 afterwards: the lane's shares.
fn move_row_{s}(row: u32, last: u32, skipped: u32, lane: u32) -> vec3<f32> {
    let distance = skipped_distance(last, skipped);
    var sums = vec3<f32>(0.0);
    for (var part = 0u; part < chunks_per_lane; part += 1u) {
        let chunk = lane_chunk(lane, part);
        if chunk >= chunk_count { continue; }
        let index = row * chunk_count + chunk;
        var d = drift_{s}[index];
        var v = variance_{s}[index];
        let m = d * (sqrt(v) + drift_epsilon(last)) * exp(f32(skipped) * settings.log_beta_1);
        let x = points_{s}[index] - distance * d;
        v *= exp(f32(skipped) * settings.log_beta_2);
        d = m / (sqrt(v) + drift_epsilon(shards.step));
        points_{s}[index] = x;
        drift_{s}[index] = d;
        variance_{s}[index] = v;
        sums += vec3<f32>(dot(x, x), dot(x, d), dot(d, d));
    }
    return sums;
}
// {s} ends

@compute @workgroup_size(lane_count)
fn row_catch_up(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.x + group.y * group_count.x;
    if index >= shards.row_count { return; }
    let place = place_of_row(shards.first_row + index);
    // Read by the lane that writes it below.
    var last = 0u;
    if lane == 0u { last = read_state(place).last_step; }
    last = of_first_lane(lane, last);
    let skipped = shards.step - last;
    let has_moved = last != 0u && skipped != 0u;
    var shares = vec3<f32>(0.0);
    if has_moved && place.shard == {s}u { shares = move_row_{s}(place.row, last, skipped, lane); }
    let sums = lane_sum(lane, vec4<f32>(shares, 0.0));
    if has_moved && lane == 0u { write_state(place, RowState(sums.x, sums.y, sums.z, shards.step)); }
}
