// include: plan settings shard shard_quad catch_up lanes
// Tables -> working set: catch-up to the step before this one, then the unit vector x / |x|. The working
// set is one buffer of three parts:
//     rows       (R, D/4 + 1)   unit vectors, each followed by (1 / |x|, 0, 0, 0)
//     packed     (D, C/4)       the candidates transposed, four neighbours in a vec4, for candidate_score
//     positives  (B, D/4)       each pair's positive, for candidate_score
// One workgroup a quad of slots.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;          // (shard rows, D/4)
@group(0) @binding(4) var<storage, read> momentum: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(5) var<storage, read> variance: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(6) var<storage, read> last_steps: array<u32>;            // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read_write> working: array<vec4<f32>>;

override has_momentum: u32 = 1u;    // 0: an optimizer that leaves untouched rows where they are
override packed_at: u32 = 0u;       // where `packed` begins in the working set
override positives_at: u32 = 0u;    // where `positives` begins

// How far the row's missed steps take it, as skipped_distance has it; zero where it missed none.
fn missed_distance(row: u32) -> vec2<f32> {
    if row == none || has_momentum == 0u { return vec2<f32>(0.0); }
    let last = last_steps[row - shard.first_row];
    let skipped = plan.step - 1u - last;
    if last == 0u || skipped == 0u { return vec2<f32>(0.0); }
    return skipped_distance(last, skipped);
}

fn caught_up_point(row: u32, chunk: u32, way: vec2<f32>) -> vec4<f32> {
    if row == none { return vec4<f32>(0.0); }
    let index = (row - shard.first_row) * chunk_count + chunk;
    let x = points[index];
    if way.x == 0.0 { return x; }
    return x - way.x * momentum[index] / (sqrt(variance[index]) + way.y);
}

// Hands an item's vector to the pairs whose positive it is.
fn write_positives(slot: u32, chunk: u32, e: vec4<f32>) {
    let end = plan.words[plan.uses_at + slot + 1u];
    for (var at = plan.words[plan.uses_at + slot]; at < end; at += 1u) {
        working[positives_at + plan.words[at] / 2u * chunk_count + chunk] = e;
    }
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

    let way0 = missed_distance(row.x);
    let way1 = missed_distance(row.y);
    let way2 = missed_distance(row.z);
    let way3 = missed_distance(row.w);

    var squares = vec4<f32>(0.0);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let x0 = caught_up_point(row.x, chunk, way0);
        let x1 = caught_up_point(row.y, chunk, way1);
        let x2 = caught_up_point(row.z, chunk, way2);
        let x3 = caught_up_point(row.w, chunk, way3);
        squares += vec4<f32>(dot(x0, x0), dot(x1, x1), dot(x2, x2), dot(x3, x3));
        working[r0 + chunk] = x0;
        working[r1 + chunk] = x1;
        working[r2 + chunk] = x2;
        working[r3 + chunk] = x3;
    }
    let inverse_norm = vec4<f32>(1.0) / sqrt(max(lane_sum(lane, squares), vec4<f32>(1e-24)));
    if lane == 0u {
        working[r0 + chunk_count] = vec4<f32>(inverse_norm.x, 0.0, 0.0, 0.0);
        working[r1 + chunk_count] = vec4<f32>(inverse_norm.y, 0.0, 0.0, 0.0);
        working[r2 + chunk_count] = vec4<f32>(inverse_norm.z, 0.0, 0.0, 0.0);
        working[r3 + chunk_count] = vec4<f32>(inverse_norm.w, 0.0, 0.0, 0.0);
    }

    // Each lane reads back what it wrote itself.
    let quad_count = plan.candidate_count / 4u;
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let e0 = working[r0 + chunk] * inverse_norm.x;
        let e1 = working[r1 + chunk] * inverse_norm.y;
        let e2 = working[r2 + chunk] * inverse_norm.z;
        let e3 = working[r3 + chunk] * inverse_norm.w;
        working[r0 + chunk] = e0;
        working[r1 + chunk] = e1;
        working[r2 + chunk] = e2;
        working[r3 + chunk] = e3;
        if slot < plan.candidate_count {
            let at = packed_at + chunk * 4u * quad_count + quad;
            working[at] = vec4<f32>(e0.x, e1.x, e2.x, e3.x);
            working[at + quad_count] = vec4<f32>(e0.y, e1.y, e2.y, e3.y);
            working[at + 2u * quad_count] = vec4<f32>(e0.z, e1.z, e2.z, e3.z);
            working[at + 3u * quad_count] = vec4<f32>(e0.w, e1.w, e2.w, e3.w);
        }
        // Only stage 2 scores positives.
        if plan.candidate_count != 0u && slot < plan.item_slot_count {
            write_positives(slot, chunk, e0);
            write_positives(slot + 1u, chunk, e1);
            write_positives(slot + 2u, chunk, e2);
            write_positives(slot + 3u, chunk, e3);
        }
    }
}
