// include: plan block
// `candidate_gradient` for drivers that run a subgroup as the lanes of a CPU's vectors (see
// candidate_score_subgroup.wgsl). A thread has one vec4 of the points and holds that of the users of up to 8 lane_count
// pairs, for all its candidates; the slopes of a quad of candidates are read a pair a lane, and the lanes tell them to
// one another.
// One workgroup, which is one subgroup, for lane_count vec4 and rows_per_group candidates.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> candidate_scores: array<vec4<f32>>;        // (pair capacity, C/4), slopes by now
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4<f32>>;         // (R, D/4 + 1), of the candidates

override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;
override rows_per_group: u32 = 128u;
override blocks_per_segment: u32 = 8u;      // lane_count pairs each, 64 in all at most

fn added(at: u32, value: vec4<f32>, is_first: bool) -> vec4<f32> {
    if is_first { return value; }
    return gradients[at] + value;
}

@compute @workgroup_size(lane_count)
fn candidate_gradient_subgroup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // A thread without a vec4 takes the last one, for the broadcasts, and writes nothing.
    let quad_count = plan.candidate_count / 4u;
    let pair_count = block_pairs();
    let stride = chunk_count + 1u;
    let own_chunk = group.y * lane_count + thread;
    let chunk = min(own_chunk, chunk_count - 1u);
    let end = min(quad_count, (group.x + 1u) * rows_per_group / 4u);
    for (var first_pair = 0u; first_pair < pair_count; first_pair += blocks_per_segment * lane_count) {
        let is_first = block.first_pair == 0u && first_pair == 0u;
        var users: array<vec4<f32>, 64>;
        for (var index = 0u; index < blocks_per_segment * lane_count; index += 1u) {
            let pair = min(first_pair + index, pair_count - 1u);
            users[index] = points[user_of_pair(block.first_pair + pair) * stride + chunk];
        }
        for (var quad = group.x * rows_per_group / 4u; quad < end; quad += 1u) {
            var sum_0 = vec4<f32>(0.0);
            var sum_1 = vec4<f32>(0.0);
            var sum_2 = vec4<f32>(0.0);
            var sum_3 = vec4<f32>(0.0);
            var slope_sums = vec4<f32>(0.0);
            let pair_{b} = first_pair + {b}u * lane_count + lane;
            let from_{b} = (block.first_row + min(pair_{b}, pair_count - 1u)) * quad_count + quad;
            let slopes_{b} = select(vec4<f32>(0.0), candidate_scores[from_{b}], pair_{b} < pair_count);
            slope_sums += slopes_{b};
            let of_{b}_{i} = subgroupBroadcast(slopes_{b}, {i}u);
            sum_0 += of_{b}_{i}.x * users[{b}u * lane_count + {i}u];
            sum_1 += of_{b}_{i}.y * users[{b}u * lane_count + {i}u];
            sum_2 += of_{b}_{i}.z * users[{b}u * lane_count + {i}u];
            sum_3 += of_{b}_{i}.w * users[{b}u * lane_count + {i}u];
            let to = quad * 4u * stride + chunk;
            if own_chunk < chunk_count {
                gradients[to] = added(to, sum_0, is_first);
                gradients[to + stride] = added(to + stride, sum_1, is_first);
                gradients[to + 2u * stride] = added(to + 2u * stride, sum_2, is_first);
                gradients[to + 3u * stride] = added(to + 3u * stride, sum_3, is_first);
            }
            // dL/do: the sums over the lanes, which the first four threads write.
            if group.y == 0u {
                var all = vec4<f32>(0.0);
                all += subgroupBroadcast(slope_sums, {i}u);
                if thread < 4u {
                    let note = (quad * 4u + thread) * stride + chunk_count;
                    gradients[note] = added(note, vec4<f32>(0.0, all[thread], 0.0, 0.0), is_first);
                }
            }
        }
    }
}
