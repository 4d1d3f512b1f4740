// include: plan settings shards shard_quads row_states catch_up lanes lane_chunks
// Tables -> working set: catch-up to the step before this one, then the unit vector x / |x|. The working
// set is one buffer of three parts:
//     rows       (R, D/4 + 1)   unit vectors, each followed by (1 / |x|, 0, 0, 0)
//     packed     (D, C/4)       the candidates transposed, four neighbours in a vec4, for candidate_score
//     positives  (B, D/4)       each pair's positive, for stage 2
// One workgroup a quad of slots; after those, where there is a stage 2, one for each four pairs.
@group(0) @binding(1{s}) var<storage, read> points_{s}: array<vec4<f32>>;     // (shard rows, D/4)
@group(0) @binding(2{s}) var<storage, read> drift_{s}: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> working: array<vec4<f32>>;

override has_momentum: u32 = 1u;    // 0: an optimizer that leaves untouched rows where they are
override has_packed: u32 = 1u;      // 0: nothing reads `packed`
override packed_at: u32 = 0u;       // where `packed` begins in the working set
override positives_at: u32 = 0u;    // where `positives` begins

var<workgroup> four_sources: array<vec4<u32>, 4>;

// A row of the tables on its way to the working set.
struct Source {
    to: u32,            // where it goes, or none
    row: u32,           // of the tables, or none
    place: Place,       // where that is
    distance: f32,      // how many drifts it moves
    inverse_norm: f32,  // of where it comes to; 0 for a hole
}

fn source(row: u32, to: u32) -> Source {
    var it = Source(to, row, place_of_row(row), 0.0, 0.0);
    if row == none { return it; }
    let state = read_state(it.place);
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

// {s} begins
fn caught_up_{s}(row: u32, distance: f32, chunk: u32) -> vec4<f32> {
    let index = row * chunk_count + chunk;
    let x = points_{s}[index];
    if distance == 0.0 { return x; }
    return x - distance * drift_{s}[index];
}
// {s} ends

fn caught_up(it: Source, chunk: u32) -> vec4<f32> {
    var x = vec4<f32>(0.0);
    if it.row == none { return x; }
    if it.place.shard == {s}u { x = caught_up_{s}(it.place.row, it.distance, chunk); }
    return x;
}

fn unit_vector(it: Source, chunk: u32) -> vec4<f32> { return caught_up(it, chunk) * it.inverse_norm; }

// The row of a pair's positive; none where another dispatch has it.
fn positive_row(pair: u32) -> u32 {
    if pair >= plan.pair_count { return none; }
    let row = row_of_slot(positive_of_pair(pair));
    // Rows before the first wrap around.
    return select(none, row, row - shards.first_row < shards.row_count);
}

fn to_words(it: Source) -> vec4<u32> {
    return vec4<u32>(it.to, it.row, bitcast<u32>(it.distance), bitcast<u32>(it.inverse_norm));
}

fn from_words(words: vec4<u32>) -> Source {
    return Source(words.x, words.y, place_of_row(words.y), bitcast<f32>(words.z), bitcast<f32>(words.w));
}

fn write_chunk(it: Source, chunk: u32, e: vec4<f32>) {
    if it.to != none { working[it.to + chunk] = e; }
}

fn write_inverse_norm(it: Source) { working[it.to + chunk_count] = vec4<f32>(it.inverse_norm, 0.0, 0.0, 0.0); }

// A part of a row. Where nothing needs four rows in one lane, each has its own: so a CPU, whose lanes wait for
// memory by themselves, waits for four rows at once.
fn load_part(it: Source, has_slot: bool, part: u32) {
    let part_chunks = (chunk_count + lane_count / 4u - 1u) / (lane_count / 4u);
    for (var index = 0u; index < part_chunks; index += 1u) {
        let chunk = part * part_chunks + index;
        if chunk < chunk_count { write_chunk(it, chunk, unit_vector(it, chunk)); }
    }
    if has_slot && part == 0u { write_inverse_norm(it); }
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
    if quad == none && plan.candidate_count == 0u { return; }
    // A lane for each of the four rows.
    var row = none;
    var to = none;
    if quad != none {
        let slot = quad * 4u + lane % 4u;
        row = row_of_slot(slot);
        to = slot * (chunk_count + 1u);
    } else {
        let pair = (own - quads.count) * 4u + lane % 4u;
        row = positive_row(pair);
        to = select(positives_at + pair * chunk_count, none, row == none);
    }
    let it = source(row, to);
    if has_packed == 0u {
        load_part(it, quad != none, lane / 4u);
        return;
    }
    if lane < 4u { four_sources[lane] = to_words(it); }
    workgroupBarrier();
    let from_0 = from_words(four_sources[0]);
    let from_1 = from_words(four_sources[1]);
    let from_2 = from_words(four_sources[2]);
    let from_3 = from_words(four_sources[3]);
    let quad_count = plan.candidate_count / 4u;
    for (var index = 0u; index < chunks_per_lane; index += 1u) {
        let chunk = lane_chunk(lane, index);
        if chunk >= chunk_count { continue; }
        let e0 = unit_vector(from_0, chunk);
        let e1 = unit_vector(from_1, chunk);
        let e2 = unit_vector(from_2, chunk);
        let e3 = unit_vector(from_3, chunk);
        write_chunk(from_0, chunk, e0);
        write_chunk(from_1, chunk, e1);
        write_chunk(from_2, chunk, e2);
        write_chunk(from_3, chunk, e3);
        if quad < quad_count {
            let to = packed_at + chunk * 4u * quad_count + quad;
            working[to] = vec4<f32>(e0.x, e1.x, e2.x, e3.x);
            working[to + quad_count] = vec4<f32>(e0.y, e1.y, e2.y, e3.y);
            working[to + 2u * quad_count] = vec4<f32>(e0.z, e1.z, e2.z, e3.z);
            working[to + 3u * quad_count] = vec4<f32>(e0.w, e1.w, e2.w, e3.w);
        }
    }
    if quad != none && lane == 0u {
        write_inverse_norm(from_0);
        write_inverse_norm(from_1);
        write_inverse_norm(from_2);
        write_inverse_norm(from_3);
    }
}
