// include: settings shard catch_up
// Brings every row of a shard up to step `shard.step`, as dense Adam would have: before evaluation and
// before saving. One workgroup a row.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(5) var<storage, read_write> variance: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(6) var<storage, read_write> last_steps: array<u32>;          // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;

override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;

@compute @workgroup_size(lane_count)
fn row_catch_up(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.x + group.y * group_count.x;
    if row >= shard.row_count { return; }
    let last = last_steps[row];
    storageBarrier();   // all lanes know the last step before lane 0 writes the new one
    let skipped = shard.step - last;
    if last != 0u && skipped != 0u {
        let way = skipped_distance(last, skipped);
        for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
            let index = row * chunk_count + chunk;
            let m = momentum[index];
            let v = variance[index];
            points[index] -= way.x * m / (sqrt(v) + way.y);
            momentum[index] = m * exp(f32(skipped) * settings.log_beta_1);
            variance[index] = v * exp(f32(skipped) * settings.log_beta_2);
        }
        if lane == 0u { last_steps[row] = shard.step; }
    }
}
