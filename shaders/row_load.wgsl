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
    if row == none || chunk >= chunk_count { return vec4<f32>(0.0); }
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
    var x0 = caught_up_point(row_of_slot(slot), lane);
    var x1 = caught_up_point(row_of_slot(slot + 1u), lane);
    var x2 = caught_up_point(row_of_slot(slot + 2u), lane);
    var x3 = caught_up_point(row_of_slot(slot + 3u), lane);
    let squares = lane_sum(lane, vec4<f32>(dot(x0, x0), dot(x1, x1), dot(x2, x2), dot(x3, x3)));
    let inverse_norm = vec4<f32>(1.0) / sqrt(max(squares, vec4<f32>(1e-24)));
    x0 *= inverse_norm.x;
    x1 *= inverse_norm.y;
    x2 *= inverse_norm.z;
    x3 *= inverse_norm.w;
    let stride = chunk_count + 1u;
    if lane == 0u {
        rows[slot * stride + chunk_count] = vec4<f32>(inverse_norm.x, 0.0, 0.0, 0.0);
        rows[(slot + 1u) * stride + chunk_count] = vec4<f32>(inverse_norm.y, 0.0, 0.0, 0.0);
        rows[(slot + 2u) * stride + chunk_count] = vec4<f32>(inverse_norm.z, 0.0, 0.0, 0.0);
        rows[(slot + 3u) * stride + chunk_count] = vec4<f32>(inverse_norm.w, 0.0, 0.0, 0.0);
    }
    if lane >= chunk_count { return; }
    rows[slot * stride + lane] = x0;
    rows[(slot + 1u) * stride + lane] = x1;
    rows[(slot + 2u) * stride + lane] = x2;
    rows[(slot + 3u) * stride + lane] = x3;
    if slot < plan.candidate_count {
        let quad_count = plan.candidate_count / 4u;
        let at = lane * 4u * quad_count + quad;
        packed[at] = vec4<f32>(x0.x, x1.x, x2.x, x3.x);
        packed[at + quad_count] = vec4<f32>(x0.y, x1.y, x2.y, x3.y);
        packed[at + 2u * quad_count] = vec4<f32>(x0.z, x1.z, x2.z, x3.z);
        packed[at + 3u * quad_count] = vec4<f32>(x0.w, x1.w, x2.w, x3.w);
    }
}
