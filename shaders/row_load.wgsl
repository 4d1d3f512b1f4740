// include: plan settings shards shard_quads row_states catch_up geometry finite step_log
// Tables -> working set: each row is caught up to the step before this one and becomes a point. The working
// set is one buffer of two parts:
//     points     (R, D/4 + 1)   each followed by a note for the optimizer:
//                               (scale, steps missed, drift_epsilon of the last step, what is added to its scores:
//                               the item bias and the point's height)
//     left_rows  (B, D/4)       of each pair the point that is scored against the candidates, if
//                               candidate_score_subgroup is to read it
// One workgroup for a quad of slots; after those, one for four pairs. A quarter of the lanes has a row.
@group(0) @binding(1{s}) var<storage, read> rows_{s}: array<vec4<f32>>;       // (shard rows, D/4)
@group(0) @binding(2{s}) var<storage, read> drift_{s}: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(5) var<storage, read_write> working: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> picked: array<u32>;            // (C, pair words), emptied here

override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;
override has_momentum: u32 = 1u;    // 0: the optimizer leaves untouched rows in place
override left_rows_at: u32 = 0u;    // where `left_rows` begins in the working set
override scores_users: u32 = 0u;    // 1: these are the pairs' users; 0: their positives
override pair_words: u32 = 8u;      // B / 32, rounded up

// A row of the tables on its way to the working set.
struct Source {
    place: Place,
    distance: f32,      // how many drifts it moves
    squares: f32,       // its |x|^2 once it has moved
    scale: f32,         // of the row once it has moved; 0 for a hole
    note: vec4<f32>,
}

fn source(row: u32) -> Source {
    var it = Source(place_of_row(row), 0.0, 0.0, 0.0, vec4<f32>(0.0));
    if row == none { return it; }
    let state = read_state(it.place);
    var epsilon = 0.0;
    var skipped = 0u;
    if has_momentum != 0u {
        skipped = plan.step - 1u - state.last_step;
        it.distance = skipped_distance(state.last_step, skipped);
        epsilon = drift_epsilon(state.last_step);
    }
    var squares = state.squares - it.distance * (2.0 * state.along - it.distance * state.drift_squares);
    // If two numbers nearly cancel, the rest has lost its digits: then add up the row itself.
    if !(squares >= 0.5 * state.squares) {
        squares = 0.0;
        for (var chunk = 0u; chunk < chunk_count; chunk += 1u) {
            let x = caught_up(it, chunk);
            squares += dot(x, x);
        }
    }
    it.squares = squares;
    it.scale = point_scale(squares);
    let bias = state.bias - settings.item_bias_rate * it.distance * state.bias_drift;
    it.note = vec4<f32>(it.scale, f32(skipped), epsilon, bias + point_height(squares));
    return it;
}

// {s} begins
fn caught_up_{s}(row: u32, distance: f32, chunk: u32) -> vec4<f32> {
    let index = row * chunk_count + chunk;
    let x = rows_{s}[index];
    if distance == 0.0 { return x; }
    return x - distance * drift_{s}[index];
}
// {s} ends

fn caught_up(it: Source, chunk: u32) -> vec4<f32> {
    var x = vec4<f32>(0.0);
    if it.place.shard == {s}u { x = caught_up_{s}(it.place.row, it.distance, chunk); }
    return x;
}

// The row of a pair's left row; none if another dispatch has it.
fn left_row(pair: u32) -> u32 {
    if pair >= plan.pair_count { return none; }
    var slot = positive_of_pair(pair);
    if scores_users != 0u { slot = user_of_pair(pair); }
    let row = row_of_slot(slot);
    // Rows before the first wrap around.
    return select(none, row, row - shards.first_row < shards.row_count);
}

@compute @workgroup_size(lane_count)
fn row_load(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group.x + group.y * group_count.x;
    let quads = shard_quads();
    let quad = shard_quad(quads, own);
    let row_lanes = lane_count / 4u;
    let of_four = lane / row_lanes;
    let first_chunk = lane % row_lanes;
    var slot = none;
    var row = none;
    var to = 0u;
    if quad != none {
        slot = quad * 4u + of_four;
        row = row_of_slot(slot);
        to = slot * (chunk_count + 1u);
    } else {
        let pair = (own - quads.count) * 4u + of_four;
        row = left_row(pair);
        if row == none { return; }
        to = left_rows_at + pair * chunk_count;
    }
    let it = source(row);
    for (var chunk = first_chunk; chunk < chunk_count; chunk += row_lanes) {
        var e = vec4<f32>(0.0);
        if row != none { e = caught_up(it, chunk) * it.scale; }
        working[to + chunk] = e;
    }
    if slot != none && first_chunk == 0u {
        working[to + chunk_count] = it.note;
        // All of the row is finite if the sum of its squares is. Whatever the step makes of it, the log tells.
        if !(is_finite(it.squares) && is_finite(it.note.w)) { atomicStore(&step_log[plan.log_slot].bad_rows, 1u); }
    }
    if slot < plan.candidate_count && scores_users == 0u {
        for (var word = first_chunk; word < pair_words; word += row_lanes) { picked[slot * pair_words + word] = 0u; }
    }
}
