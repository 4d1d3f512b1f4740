// include: plan covariance
// `covariance_sum` for drivers that run a subgroup as the lanes of a CPU's vectors (see candidate_score_subgroup.wgsl). A
// thread has one vec4 of the points and holds that of up to 8 lane_count slots, for all rows of the matrix; a quad of rows
// is read a slot a lane, and the lanes tell it to one another.
// One workgroup, which is one subgroup, for lane_count vec4 and a part of the slots.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> gradients: array<vec4<f32>>;               // (R, D/4 + 1), for the notes
@group(0) @binding(5) var<storage, read_write> covariance_parts: array<vec4<f32>>;  // (parts, D + 1, D/4 + 1)

override lane_count: u32 = 8u;
override chunk_count: u32 = 32u;
override part_count: u32 = 1u;
override blocks_per_segment: u32 = 8u;      // lane_count slots each, 64 in all at most

fn add(row: u32, chunk: u32, value: vec4<f32>, part_at: u32, is_first: bool) {
    let at = part_at + covariance_at(row, chunk);
    if is_first { covariance_parts[at] = value; } else { covariance_parts[at] += value; }
}

@compute @workgroup_size(lane_count)
fn covariance_sum_subgroup(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    // A thread without a vec4 takes the last one, for the broadcasts, and writes nothing.
    let stride = chunk_count + 1u;
    let own_chunk = group.x * lane_count + thread;
    let chunk = min(own_chunk, chunk_count - 1u);
    let part_slots = (plan.row_count + part_count - 1u) / part_count;
    let begin = group.y * part_slots;
    let end = min(begin + part_slots, plan.row_count);
    let part_at = group.y * covariance_at(4u * chunk_count + 1u, 0u);
    var own_count = 0.0;
    // A part without slots has sums, too.
    for (var first_slot = begin; first_slot == begin || first_slot < end; first_slot += blocks_per_segment * lane_count) {
        let is_first = first_slot == begin;
        var others: array<vec4<f32>, 64>;
        for (var index = 0u; index < blocks_per_segment * lane_count; index += 1u) {
            others[index] = points[min(first_slot + index, plan.row_count - 1u) * stride + chunk];
        }
        let slot_{b} = first_slot + {b}u * lane_count + lane;
        let from_{b} = min(slot_{b}, plan.row_count - 1u) * stride;
        let count_{b} = select(0.0, gradients[from_{b} + chunk_count].x, slot_{b} < end);
        own_count += count_{b};
        // The quad after the last has the row of ones, for the mean.
        for (var quad = 0u; quad <= chunk_count; quad += 1u) {
            let is_mean = quad == chunk_count;
            let from_quad = min(quad, chunk_count - 1u);
            var sum_0 = vec4<f32>(0.0);
            var sum_1 = vec4<f32>(0.0);
            var sum_2 = vec4<f32>(0.0);
            var sum_3 = vec4<f32>(0.0);
            let own_{b} = count_{b} * select(points[from_{b} + from_quad], vec4<f32>(1.0, 0.0, 0.0, 0.0), is_mean);
            let of_{b}_{i} = subgroupBroadcast(own_{b}, {i}u);
            sum_0 += of_{b}_{i}.x * others[{b}u * lane_count + {i}u];
            sum_1 += of_{b}_{i}.y * others[{b}u * lane_count + {i}u];
            sum_2 += of_{b}_{i}.z * others[{b}u * lane_count + {i}u];
            sum_3 += of_{b}_{i}.w * others[{b}u * lane_count + {i}u];
            if own_chunk < chunk_count {
                add(4u * quad, chunk, sum_0, part_at, is_first);
                if !is_mean {
                    add(4u * quad + 1u, chunk, sum_1, part_at, is_first);
                    add(4u * quad + 2u, chunk, sum_2, part_at, is_first);
                    add(4u * quad + 3u, chunk, sum_3, part_at, is_first);
                }
            }
        }
    }
    var all = 0.0;
    all += subgroupBroadcast(own_count, {i}u);
    if group.x == 0u && thread == 0u {
        covariance_parts[part_at + covariance_at(4u * chunk_count, chunk_count)] = vec4<f32>(all, 0.0, 0.0, 0.0);
    }
}
