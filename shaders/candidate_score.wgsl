// include: plan block
// Positives x candidates: the similarities s = v_j . v_n that stage 2 weighs (Tran et al. 2019, 3.2). A product
// in tiles: a workgroup of 16 x 16 threads makes 64 pairs x 64 candidates, a thread four pairs x one quad. The
// workgroup reads 16 numbers of each of its rows at a time into workgroup memory. Holes score -2, below any
// similarity.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read_write> similarities: array<vec4<f32>>;      // (pair capacity, C/4)

override chunk_count: u32 = 32u;

const tile: u32 = 64u;          // pairs and candidates of a workgroup
const side: u32 = 16u;          // threads along each side
const tile_chunks: u32 = 4u;    // vec4 of a row in workgroup memory at a time

// (tile_chunks, 4, side): of a tile's rows in the order in which threads read them, neighbours side by side.
var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;

fn chunk_of_slot(slot: u32, chunk: u32) -> vec4<f32> {
    if slot == none || chunk >= chunk_count { return vec4<f32>(0.0); }
    return points[slot * (chunk_count + 1u) + chunk];
}

@compute @workgroup_size(256)
fn candidate_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let quad_count = plan.candidate_count / 4u;
    let pair_count = min(block.pair_count, plan.pair_count - block.first_pair);
    let first_pair = group.x * tile;
    let first_candidate = group.y * tile;
    // What the thread reads: vec4 `own_chunk` of row `own_row` of each side.
    let own_row = thread / tile_chunks;
    let own_chunk = thread % tile_chunks;
    let own_place = own_chunk * tile + (own_row % 4u) * side + own_row / 4u;
    var left_slot = none;
    if first_pair + own_row < pair_count { left_slot = positive_of_pair(block.first_pair + first_pair + own_row); }
    var right_slot = none;
    if first_candidate + own_row < plan.candidate_count { right_slot = first_candidate + own_row; }
    // What it makes: pairs first_pair + 4 y ... + 3, candidates first_candidate + 4 x ... + 3.
    let x = thread % side;
    let y = thread / side;
    var sum_0 = vec4<f32>(0.0);
    var sum_1 = vec4<f32>(0.0);
    var sum_2 = vec4<f32>(0.0);
    var sum_3 = vec4<f32>(0.0);
    for (var first_chunk = 0u; first_chunk < chunk_count; first_chunk += tile_chunks) {
        workgroupBarrier();
        left[own_place] = chunk_of_slot(left_slot, first_chunk + own_chunk);
        right[own_place] = chunk_of_slot(right_slot, first_chunk + own_chunk);
        workgroupBarrier();
        for (var chunk = 0u; chunk < tile_chunks; chunk += 1u) {
            let at = chunk * tile;
            let candidates = mat4x4<f32>(
                right[at + x], right[at + side + x], right[at + 2u * side + x], right[at + 3u * side + x]);
            // A row vector times a matrix: the dot product with each column.
            sum_0 += left[at + y] * candidates;
            sum_1 += left[at + side + y] * candidates;
            sum_2 += left[at + 2u * side + y] * candidates;
            sum_3 += left[at + 3u * side + y] * candidates;
        }
    }
    let quad = first_candidate / 4u + x;
    let pair = first_pair + 4u * y;
    if quad >= quad_count { return; }
    let holes = hole_scores(quad);
    let to = (block.first_row + pair) * quad_count + quad;
    if pair < pair_count { similarities[to] = holes + sum_0; }
    if pair + 1u < pair_count { similarities[to + quad_count] = holes + sum_1; }
    if pair + 2u < pair_count { similarities[to + 2u * quad_count] = holes + sum_2; }
    if pair + 3u < pair_count { similarities[to + 3u * quad_count] = holes + sum_3; }
}
