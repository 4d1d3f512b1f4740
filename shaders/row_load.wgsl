// include: plan settings shard shard_quad catch_up lanes parts
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

fn caught_up_chunk(row: u32, chunk: u32, way: vec2<f32>) -> vec4<f32> {
    if chunk >= chunk_count { return vec4<f32>(0.0); }
    let index = (row - shard.first_row) * chunk_count + chunk;
    let x = points[index];
    if way.x == 0.0 { return x; }
    return x - way.x * momentum[index] / (sqrt(variance[index]) + way.y);
}

fn caught_up_part(row: u32, lane: u32) -> Part {
    if row == none { return no_part(); }
    let way = missed_distance(row);
    return Part(
        caught_up_chunk(row, lane, way),
        caught_up_chunk(row, lane + lane_count, way),
        caught_up_chunk(row, lane + 2u * lane_count, way),
        caught_up_chunk(row, lane + 3u * lane_count, way),
    );
}

fn write_part(at: u32, lane: u32, part: Part) {
    if lane < chunk_count { working[at + lane] = part.a; }
    if lane + lane_count < chunk_count { working[at + lane + lane_count] = part.b; }
    if lane + 2u * lane_count < chunk_count { working[at + lane + 2u * lane_count] = part.c; }
    if lane + 3u * lane_count < chunk_count { working[at + lane + 3u * lane_count] = part.d; }
}

// A row, and its copies for the pairs whose positive it is: only stage 2 scores positives.
fn write_row(slot: u32, lane: u32, part: Part, inverse_norm: f32) {
    let at = slot * (chunk_count + 1u);
    write_part(at, lane, part);
    if lane == 0u { working[at + chunk_count] = vec4<f32>(inverse_norm, 0.0, 0.0, 0.0); }
    if plan.candidate_count == 0u || slot >= plan.item_slot_count { return; }
    let end = plan.words[plan.uses_at + slot + 1u];
    for (var use_at = plan.words[plan.uses_at + slot]; use_at < end; use_at += 1u) {
        write_part(positives_at + plan.words[use_at] / 2u * chunk_count, lane, part);
    }
}

// Four candidates' vec4 of one chunk, transposed.
fn write_packed(quad: u32, chunk: u32, e0: vec4<f32>, e1: vec4<f32>, e2: vec4<f32>, e3: vec4<f32>) {
    if chunk >= chunk_count { return; }
    let quad_count = plan.candidate_count / 4u;
    let at = packed_at + chunk * 4u * quad_count + quad;
    working[at] = vec4<f32>(e0.x, e1.x, e2.x, e3.x);
    working[at + quad_count] = vec4<f32>(e0.y, e1.y, e2.y, e3.y);
    working[at + 2u * quad_count] = vec4<f32>(e0.z, e1.z, e2.z, e3.z);
    working[at + 3u * quad_count] = vec4<f32>(e0.w, e1.w, e2.w, e3.w);
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
    var p0 = caught_up_part(row_of_slot(slot), lane);
    var p1 = caught_up_part(row_of_slot(slot + 1u), lane);
    var p2 = caught_up_part(row_of_slot(slot + 2u), lane);
    var p3 = caught_up_part(row_of_slot(slot + 3u), lane);
    let squares = vec4<f32>(part_dot(p0, p0), part_dot(p1, p1), part_dot(p2, p2), part_dot(p3, p3));
    let inverse_norm = vec4<f32>(1.0) / sqrt(max(lane_sum(lane, squares), vec4<f32>(1e-24)));
    p0 = part_scaled(p0, inverse_norm.x);
    p1 = part_scaled(p1, inverse_norm.y);
    p2 = part_scaled(p2, inverse_norm.z);
    p3 = part_scaled(p3, inverse_norm.w);
    write_row(slot, lane, p0, inverse_norm.x);
    write_row(slot + 1u, lane, p1, inverse_norm.y);
    write_row(slot + 2u, lane, p2, inverse_norm.z);
    write_row(slot + 3u, lane, p3, inverse_norm.w);
    if slot < plan.candidate_count {
        write_packed(quad, lane, p0.a, p1.a, p2.a, p3.a);
        write_packed(quad, lane + lane_count, p0.b, p1.b, p2.b, p3.b);
        write_packed(quad, lane + 2u * lane_count, p0.c, p1.c, p2.c, p3.c);
        write_packed(quad, lane + 3u * lane_count, p0.d, p1.d, p2.d, p3.d);
    }
}
