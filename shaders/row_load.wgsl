// include: plan settings shard shard_quad catch_up lanes
// Tables -> working rows: catch-up to the step before this one, then the unit vector x / |x|.
// A working row is D/4 vec4 and one more that holds (1 / |x|, 0, 0, 0). Candidates are also packed
// transposed, four neighbours in a vec4, for candidate_score. One workgroup a quad of slots.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;          // (shard rows, D/4)
@group(0) @binding(4) var<storage, read> momentum: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(5) var<storage, read> variance: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(6) var<storage, read> last_steps: array<u32>;            // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read_write> rows: array<vec4<f32>>;      // (R, D/4 + 1)
@group(0) @binding(9) var<storage, read_write> packed: array<vec4<f32>>;    // (D, C/4)

override has_momentum: u32 = 1u;    // 0: an optimizer that leaves untouched rows where they are

fn caught_up_point(row: u32, chunk: u32) -> vec4<f32> {
    if row == none { return vec4<f32>(0.0); }
    let local_row = row - shard.first_row;
    let index = local_row * chunk_count + chunk;
    var x = points[index];
    if has_momentum != 0u {
        let last = last_steps[local_row];
        let skipped = plan.step - 1u - last;
        if last != 0u && skipped != 0u {
            let way = skipped_distance(last, skipped);
            x -= way.x * momentum[index] / (sqrt(variance[index]) + way.y);
        }
    }
    return x;
}

@compute @workgroup_size(lane_count)
fn row_load(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = shard_quad(group.x + group.y * group_count.x);
    if quad == none { return; }
    let slot = quad * 4u;
    let row = vec4<u32>(row_of_slot(slot), row_of_slot(slot + 1u), row_of_slot(slot + 2u), row_of_slot(slot + 3u));
    let stride = chunk_count + 1u;
    let r0 = slot * stride;
    let r1 = r0 + stride;
    let r2 = r1 + stride;
    let r3 = r2 + stride;

    var squares = vec4<f32>(0.0);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let x0 = caught_up_point(row.x, chunk);
        let x1 = caught_up_point(row.y, chunk);
        let x2 = caught_up_point(row.z, chunk);
        let x3 = caught_up_point(row.w, chunk);
        squares += vec4<f32>(dot(x0, x0), dot(x1, x1), dot(x2, x2), dot(x3, x3));
        rows[r0 + chunk] = x0;
        rows[r1 + chunk] = x1;
        rows[r2 + chunk] = x2;
        rows[r3 + chunk] = x3;
    }
    let inverse_norm = vec4<f32>(1.0) / sqrt(max(lane_sum(lane, squares), vec4<f32>(1e-24)));
    if lane == 0u {
        rows[r0 + chunk_count] = vec4<f32>(inverse_norm.x, 0.0, 0.0, 0.0);
        rows[r1 + chunk_count] = vec4<f32>(inverse_norm.y, 0.0, 0.0, 0.0);
        rows[r2 + chunk_count] = vec4<f32>(inverse_norm.z, 0.0, 0.0, 0.0);
        rows[r3 + chunk_count] = vec4<f32>(inverse_norm.w, 0.0, 0.0, 0.0);
    }

    // Each lane reads back what it wrote itself.
    let quad_count = plan.candidate_count / 4u;
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let e0 = rows[r0 + chunk] * inverse_norm.x;
        let e1 = rows[r1 + chunk] * inverse_norm.y;
        let e2 = rows[r2 + chunk] * inverse_norm.z;
        let e3 = rows[r3 + chunk] * inverse_norm.w;
        rows[r0 + chunk] = e0;
        rows[r1 + chunk] = e1;
        rows[r2 + chunk] = e2;
        rows[r3 + chunk] = e3;
        if slot < plan.candidate_count {
            let at = chunk * 4u * quad_count + quad;
            packed[at] = vec4<f32>(e0.x, e1.x, e2.x, e3.x);
            packed[at + quad_count] = vec4<f32>(e0.y, e1.y, e2.y, e3.y);
            packed[at + 2u * quad_count] = vec4<f32>(e0.z, e1.z, e2.z, e3.z);
            packed[at + 3u * quad_count] = vec4<f32>(e0.w, e1.w, e2.w, e3.w);
        }
    }
}
