// include: plan settings covariance step_log
// `covariance_gradient` for drivers that run a subgroup as the lanes of a CPU's vectors (see candidate_score_subgroup.wgsl).
// A thread has one vec4 of the gradients and holds that of up to 4 lane_count quads of rows of C, for all its slots; a
// slot's point is read a vec4 a lane, and the lanes tell it to one another.
// One workgroup, which is one subgroup, for lane_count vec4 and rows_per_group slots.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> covariance: array<vec4<f32>>;              // (D + 1, D/4 + 1)
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4<f32>>;         // (R, D/4 + 1)

override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;
override rows_per_group: u32 = 128u;
override blocks_per_segment: u32 = 4u;      // lane_count quads each, 32 in all at most

// Of four rows of C, the thread's vec4 each.
fn quad_chunks(quad: u32, chunk: u32) -> mat4x4<f32> {
    let row = 4u * min(quad, chunk_count - 1u);
    return mat4x4<f32>(
        covariance[covariance_at(row, chunk)], covariance[covariance_at(row + 1u, chunk)],
        covariance[covariance_at(row + 2u, chunk)], covariance[covariance_at(row + 3u, chunk)]);
}

@compute @workgroup_size(lane_count)
fn covariance_gradient_subgroup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let mean_row = 4u * chunk_count;
    let n = covariance[covariance_at(mean_row, chunk_count)].x;
    if group.x == 0u && group.y == 0u {
        var own = 0.0;
        for (var row = thread; row < mean_row; row += lane_count) { own += covariance[covariance_at(row, chunk_count)].x; }
        var squares = 0.0;
        squares += subgroupBroadcast(own, {i}u);
        if thread == 0u { step_log[plan.log_slot].covariance = squares / n; }
    }
    // A thread without a vec4 takes the last one, for the broadcasts, and writes nothing.
    let stride = chunk_count + 1u;
    let own_chunk = group.y * lane_count + thread;
    let chunk = min(own_chunk, chunk_count - 1u);
    let scale = 4.0 * settings.covariance_weight / (n * n);
    let end = min(plan.row_count, (group.x + 1u) * rows_per_group);
    for (var first_quad = 0u; first_quad < chunk_count; first_quad += blocks_per_segment * lane_count) {
        var quads: array<mat4x4<f32>, 32>;
        for (var index = 0u; index < blocks_per_segment * lane_count; index += 1u) {
            quads[index] = quad_chunks(first_quad + index, chunk);
        }
        let quad_{b} = first_quad + {b}u * lane_count + lane;
        let from_{b} = min(quad_{b}, chunk_count - 1u);
        let mean_{b} = covariance[covariance_at(mean_row, from_{b})];
        for (var slot = group.x * rows_per_group; slot < end; slot += 1u) {
            let at = slot * stride;
            var sum = vec4<f32>(0.0);
            let point_{b} = select(vec4<f32>(0.0), points[at + from_{b}] - mean_{b}, quad_{b} < chunk_count);
            sum += quads[{b}u * lane_count + {i}u] * subgroupBroadcast(point_{b}, {i}u);
            let count = gradients[at + chunk_count].x;
            if own_chunk < chunk_count && count > 0.0 { gradients[at + chunk] += scale * count * sum; }
        }
    }
}
