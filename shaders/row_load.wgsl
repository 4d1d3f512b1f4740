// include: plan settings shard shard_quad row_state catch_up
// Tables -> working set: catch-up to the step before this one, then the unit vector x / |x|. The working
// set is one buffer of three parts:
//     rows       (R, D/4 + 1)   unit vectors, each followed by (1 / |x|, 0, 0, 0)
//     packed     (D, C/4)       the candidates transposed, four neighbours in a vec4, for candidate_score
//     positives  (B, D/4)       each pair's positive, for candidate_score
// One workgroup a quad of slots.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;          // (shard rows, D/4)
@group(0) @binding(4) var<storage, read> drift: array<vec4<f32>>;           // (shard rows, D/4)
@group(0) @binding(5) var<storage, read> row_states: array<RowState>;       // (shard rows)
@group(0) @binding(6) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read_write> working: array<vec4<f32>>;

override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;
override has_momentum: u32 = 1u;    // 0: an optimizer that leaves untouched rows where they are
override packed_at: u32 = 0u;       // where `packed` begins in the working set
override positives_at: u32 = 0u;    // where `positives` begins

// A row of the tables on its way to a slot.
struct Source {
    at: u32,            // where the row begins in the tables, or none
    distance: f32,      // how many drifts it moves
    inverse_norm: f32,  // of where it comes to; 0 for a hole
}

fn source(slot: u32) -> Source {
    let row = row_of_slot(slot);
    if row == none { return Source(none, 0.0, 0.0); }
    let state = row_states[row - shard.first_row];
    var it = Source((row - shard.first_row) * chunk_count, 0.0, 0.0);
    if has_momentum != 0u { it.distance = skipped_distance(state.last_step, plan.step - 1u - state.last_step); }
    var squares = state.squares - it.distance * (2.0 * state.along - it.distance * state.drift_squares);
    // What is left of two numbers that nearly cancel has lost its digits.
    if !(squares >= 0.5 * state.squares) {
        squares = 0.0;
        for (var chunk = 0u; chunk < chunk_count; chunk += 1u) {
            let x = caught_up(it, chunk);
            squares += dot(x, x);
        }
    }
    it.inverse_norm = 1.0 / sqrt(max(squares, 1e-24));
    return it;
}

fn caught_up(it: Source, chunk: u32) -> vec4<f32> {
    if it.at == none { return vec4<f32>(0.0); }
    let x = points[it.at + chunk];
    if it.distance == 0.0 { return x; }
    return x - it.distance * drift[it.at + chunk];
}

fn unit_vector(it: Source, chunk: u32) -> vec4<f32> { return caught_up(it, chunk) * it.inverse_norm; }

// Copies for the pairs whose positive the slot is: only stage 2 scores positives.
fn write_positives(slot: u32, chunk: u32, e: vec4<f32>) {
    let end = plan.words[plan.uses_at + slot + 1u];
    for (var use_at = plan.words[plan.uses_at + slot]; use_at < end; use_at += 1u) {
        working[positives_at + plan.words[use_at] / 2u * chunk_count + chunk] = e;
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
    let from_0 = source(slot);
    let from_1 = source(slot + 1u);
    let from_2 = source(slot + 2u);
    let from_3 = source(slot + 3u);
    let stride = chunk_count + 1u;
    let quad_count = plan.candidate_count / 4u;
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let e0 = unit_vector(from_0, chunk);
        let e1 = unit_vector(from_1, chunk);
        let e2 = unit_vector(from_2, chunk);
        let e3 = unit_vector(from_3, chunk);
        let at = slot * stride + chunk;
        working[at] = e0;
        working[at + stride] = e1;
        working[at + 2u * stride] = e2;
        working[at + 3u * stride] = e3;
        if slot < plan.candidate_count {
            let to = packed_at + chunk * 4u * quad_count + quad;
            working[to] = vec4<f32>(e0.x, e1.x, e2.x, e3.x);
            working[to + quad_count] = vec4<f32>(e0.y, e1.y, e2.y, e3.y);
            working[to + 2u * quad_count] = vec4<f32>(e0.z, e1.z, e2.z, e3.z);
            working[to + 3u * quad_count] = vec4<f32>(e0.w, e1.w, e2.w, e3.w);
        }
        if plan.candidate_count != 0u && slot < plan.item_slot_count {
            write_positives(slot, chunk, e0);
            write_positives(slot + 1u, chunk, e1);
            write_positives(slot + 2u, chunk, e2);
            write_positives(slot + 3u, chunk, e3);
        }
    }
    if lane == 0u {
        let at = slot * stride + chunk_count;
        working[at] = vec4<f32>(from_0.inverse_norm, 0.0, 0.0, 0.0);
        working[at + stride] = vec4<f32>(from_1.inverse_norm, 0.0, 0.0, 0.0);
        working[at + 2u * stride] = vec4<f32>(from_2.inverse_norm, 0.0, 0.0, 0.0);
        working[at + 3u * stride] = vec4<f32>(from_3.inverse_norm, 0.0, 0.0, 0.0);
    }
}
