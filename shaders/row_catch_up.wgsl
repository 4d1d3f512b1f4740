// include: settings shard row_state catch_up lanes lane_chunks
// Brings every row of a shard up to step `shard.step`, as dense Adam would have: before evaluation and
// before saving. One workgroup a row.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> drift: array<vec4<f32>>;         // (shard rows, D/4)
@group(0) @binding(5) var<storage, read_write> variance: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(6) var<storage, read_write> row_states: array<RowState>;     // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;

@compute @workgroup_size(lane_count)
fn row_catch_up(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.x + group.y * group_count.x;
    if row >= shard.row_count { return; }
    // Read by the lane that writes it below.
    var last = 0u;
    if lane == 0u { last = row_states[row].last_step; }
    last = of_first_lane(lane, last);
    let skipped = shard.step - last;
    let has_moved = last != 0u && skipped != 0u;
    var sums = vec4<f32>(0.0);
    if has_moved {
        let distance = skipped_distance(last, skipped);
        for (var index = 0u; index < chunks_per_lane; index += 1u) {
            let chunk = lane_chunk(lane, index);
            if chunk >= chunk_count { continue; }
            let at = row * chunk_count + chunk;
            var d = drift[at];
            var v = variance[at];
            let m = d * (sqrt(v) + drift_epsilon(last)) * exp(f32(skipped) * settings.log_beta_1);
            let x = points[at] - distance * d;
            v *= exp(f32(skipped) * settings.log_beta_2);
            d = m / (sqrt(v) + drift_epsilon(shard.step));
            points[at] = x;
            drift[at] = d;
            variance[at] = v;
            sums += vec4<f32>(dot(x, x), dot(x, d), dot(d, d), 0.0);
        }
    }
    sums = lane_sum(lane, sums);
    if has_moved && lane == 0u { row_states[row] = RowState(sums.x, sums.y, sums.z, shard.step); }
}
