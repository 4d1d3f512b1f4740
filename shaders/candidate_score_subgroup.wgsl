// include: plan block hole_scores
// `candidate_score` for drivers that run a subgroup as the lanes of a CPU's vectors. There a read costs more
// than arithmetic, and one value for all lanes as much as one for each. So a thread reads its quad of candidates
// once, for all pairs, and a pair's positive is read a vec4 a lane, which the lanes then tell one another.
// One workgroup, which is one subgroup, for lane_count quads. Lines with {b} or {i} stand for one copy for each
// block of lane_count vec4 and each lane (src/gpu/shader.rs): indices that are known keep `quads` in registers and
// on the stack. Rows longer than 128 numbers are taken in parts. Holes score -2: below any similarity.
@group(0) @binding(3) var<uniform> positives_a: array<vec4<f32>, 4096>;     // (window, D/4), from the block's first
@group(0) @binding(4) var<uniform> positives_b: array<vec4<f32>, 4096>;     // (window, D/4), the window after it
@group(0) @binding(5) var<storage, read> rows: array<vec4<f32>>;            // (R, D/4 + 1)
@group(0) @binding(6) var<storage, read_write> scores: array<vec4<f32>>;    // (pair capacity, C/4)
@group(0) @binding(7) var<storage, read_write> picked: array<u32>;          // (C, pair words), emptied here

override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;
override window_pairs: u32 = 128u;
override part_count: u32 = 1u;
override blocks_per_part: u32 = 4u;     // 32 vec4 at most
override pair_words: u32 = 8u;          // B / 32, rounded up

// Four numbers of each of four candidates, turned: the candidates' first numbers, their second ones, ...
fn turned_quad(quad: u32, chunk: u32) -> mat4x4<f32> {
    let stride = chunk_count + 1u;
    let at = quad * 4u * stride + chunk;
    return transpose(mat4x4<f32>(rows[at], rows[at + stride], rows[at + 2u * stride], rows[at + 3u * stride]));
}

@compute @workgroup_size(lane_count)
fn candidate_score_subgroup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // A thread that has no quad takes the last, and writes what its owner writes.
    let quad_count = plan.candidate_count / 4u;
    let own = group.x + group.y * group_count.x;
    let quad = min(own * lane_count + thread, quad_count - 1u);
    if block.first_pair == 0u {
        for (var word = 0u; word < 4u * pair_words; word += 1u) { picked[quad * 4u * pair_words + word] = 0u; }
    }
    let holes = hole_scores(quad);
    let pair_count = min(plan.pair_count - block.first_pair, block.pair_count);
    for (var part = 0u; part < part_count; part += 1u) {
        let first_chunk = part * blocks_per_part * lane_count;
        var quads: array<mat4x4<f32>, 32>;
        for (var chunk = 0u; chunk < blocks_per_part * lane_count; chunk += 1u) {
            quads[chunk] = mat4x4<f32>();
            if first_chunk + chunk < chunk_count { quads[chunk] = turned_quad(quad, first_chunk + chunk); }
        }
        for (var pair = 0u; pair < min(pair_count, window_pairs); pair += 1u) {
            let to = (block.first_row + pair) * quad_count + quad;
            var sum = holes;
            if part_count > 1u && part > 0u { sum = scores[to]; }
            let at = pair * chunk_count + first_chunk + lane;
            let positive_{b} = positives_a[at + {b}u * lane_count];
            sum += quads[{b}u * lane_count + {i}u] * subgroupBroadcast(positive_{b}, {i}u);
            scores[to] = sum;
        }
        for (var pair = window_pairs; pair < pair_count; pair += 1u) {
            let to = (block.first_row + pair) * quad_count + quad;
            var sum = holes;
            if part_count > 1u && part > 0u { sum = scores[to]; }
            let at = (pair - window_pairs) * chunk_count + first_chunk + lane;
            let positive_{b} = positives_b[at + {b}u * lane_count];
            sum += quads[{b}u * lane_count + {i}u] * subgroupBroadcast(positive_{b}, {i}u);
            scores[to] = sum;
        }
    }
}
