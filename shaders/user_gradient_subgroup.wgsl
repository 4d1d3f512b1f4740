// include: plan block
// `user_gradient` for drivers that run a subgroup as the lanes of a CPU's vectors (see candidate_score_subgroup.wgsl).
// A thread has one vec4 of the points and holds that of up to 4 lane_count quads of candidates, for all its pairs; a
// pair's slopes are read a vec4 a lane, and the lanes tell them to one another.
// One workgroup, which is one subgroup, for lane_count vec4 and rows_per_group pairs.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> candidate_scores: array<vec4<f32>>;        // (pair capacity, C/4), slopes by now
@group(0) @binding(5) var<storage, read_write> user_gradients: array<vec4<f32>>;    // (B, D/4)

override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;
override rows_per_group: u32 = 128u;
override blocks_per_segment: u32 = 4u;      // lane_count quads each, 32 in all at most

fn point_chunk(slot: u32, chunk: u32) -> vec4<f32> {
    return points[min(slot, plan.candidate_count - 1u) * (chunk_count + 1u) + chunk];
}

// Of four candidates, the thread's vec4 each.
fn quad_chunks(quad: u32, chunk: u32) -> mat4x4<f32> {
    let slot = quad * 4u;
    return mat4x4<f32>(
        point_chunk(slot, chunk), point_chunk(slot + 1u, chunk), point_chunk(slot + 2u, chunk), point_chunk(slot + 3u, chunk));
}

@compute @workgroup_size(lane_count)
fn user_gradient_subgroup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // A thread without a vec4 takes the last one, for the broadcasts, and writes nothing.
    let quad_count = plan.candidate_count / 4u;
    let own_chunk = group.y * lane_count + thread;
    let chunk = min(own_chunk, chunk_count - 1u);
    let end = min(block_pairs(), (group.x + 1u) * rows_per_group);
    for (var first_quad = 0u; first_quad < quad_count; first_quad += blocks_per_segment * lane_count) {
        var quads: array<mat4x4<f32>, 32>;
        for (var index = 0u; index < blocks_per_segment * lane_count; index += 1u) {
            quads[index] = quad_chunks(first_quad + index, chunk);
        }
        for (var pair = group.x * rows_per_group; pair < end; pair += 1u) {
            let from_row = (block.first_row + pair) * quad_count;
            let to = (block.first_pair + pair) * chunk_count + chunk;
            var sum = vec4<f32>(0.0);
            if first_quad > 0u { sum = user_gradients[to]; }
            let quad_{b} = first_quad + {b}u * lane_count + lane;
            let slopes_{b} = select(vec4<f32>(0.0), candidate_scores[from_row + min(quad_{b}, quad_count - 1u)], quad_{b} < quad_count);
            sum += quads[{b}u * lane_count + {i}u] * subgroupBroadcast(slopes_{b}, {i}u);
            if own_chunk < chunk_count { user_gradients[to] = sum; }
        }
    }
}
