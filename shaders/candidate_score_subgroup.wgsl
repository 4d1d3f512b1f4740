// include: plan block candidates
// `candidate_score` for drivers that run a subgroup as the lanes of a CPU's vectors. There a read costs more
// than arithmetic, and one value for all lanes as much as one for each. So a thread reads its quad of candidates
// once, for all pairs; a pair's left row is read a vec4 a lane, and the lanes tell it to one another.
// One workgroup, which is one subgroup, for lane_count quads and a window of pairs whose left rows fit a uniform
// binding. Lines with {b} or {i} stand for one copy for each block of lane_count vec4 and each lane
// (src/gpu/shader.rs): constant indices keep `quads` in registers and on the stack. Rows longer than 128 numbers
// are taken in segments.
@group(0) @binding(3) var<uniform> left_rows: array<vec4<f32>, 4096>;               // (window, D/4)
@group(0) @binding(4) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(5) var<storage, read_write> candidate_scores: array<vec4<f32>>;      // (pair capacity, C/4)

override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;
override segment_count: u32 = 1u;
override blocks_per_segment: u32 = 4u;     // lane_count vec4 each, 32 vec4 in all at most

// Four numbers of each of four candidates, turned: the candidates' first numbers, their second ones, ...
fn turned_quad(quad: u32, chunk: u32) -> mat4x4<f32> {
    let stride = chunk_count + 1u;
    let at = quad * 4u * stride + chunk;
    return transpose(mat4x4<f32>(points[at], points[at + stride], points[at + 2u * stride], points[at + 3u * stride]));
}

@compute @workgroup_size(lane_count)
fn candidate_score_subgroup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // A thread without a quad takes the last one, for the broadcasts, and writes what its owner writes. Segments after
    // the first add to what was written: there it writes nothing.
    let quad_count = plan.candidate_count / 4u;
    let own = group.x + group.y * group_count.x;
    let own_quad = own * lane_count + thread;
    let quad = min(own_quad, quad_count - 1u);
    let offsets = candidate_offsets(quad);
    let pair_count = block_pairs();
    for (var segment = 0u; segment < segment_count; segment += 1u) {
        let first_chunk = segment * blocks_per_segment * lane_count;
        var quads: array<mat4x4<f32>, 32>;
        for (var chunk = 0u; chunk < blocks_per_segment * lane_count; chunk += 1u) {
            quads[chunk] = mat4x4<f32>();
            if first_chunk + chunk < chunk_count { quads[chunk] = turned_quad(quad, first_chunk + chunk); }
        }
        for (var pair = 0u; pair < pair_count; pair += 1u) {
            let to = (block.first_row + pair) * quad_count + quad;
            var sum = offsets + left_height(block.first_pair + pair);
            if segment_count > 1u && segment > 0u { sum = candidate_scores[to]; }
            let at = pair * chunk_count + first_chunk + lane;
            let left_{b} = left_rows[at + {b}u * lane_count];
            sum += quads[{b}u * lane_count + {i}u] * subgroupBroadcast(left_{b}, {i}u);
            if segment_count == 1u || own_quad < quad_count { candidate_scores[to] = sum; }
        }
    }
}
