// include: plan block candidates tile
// Pairs x candidates: the scores of each pair's user (shared), or of its positive, whose similarities s = v_j . v_n
// stage 2 weighs (Tran et al. 2019, 3.2). A product in tiles; a term is a number of a row.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read_write> candidate_scores: array<vec4<f32>>;  // (pair capacity, C/4)

override chunk_count: u32 = 32u;

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
    let pair_count = block_pairs();
    let first_pair = group.x * tile;
    let first_candidate = group.y * tile;
    // What the thread reads: vec4 `own_chunk` of row `own_line` of each side.
    let own_line = thread / 4u;
    let own_chunk = thread % 4u;
    let own_place = place_by_line(own_line, own_chunk);
    var left_slot = none;
    if first_pair + own_line < pair_count { left_slot = left_slot_of_pair(block.first_pair + first_pair + own_line); }
    var right_slot = none;
    if first_candidate + own_line < plan.candidate_count { right_slot = first_candidate + own_line; }
    // What it makes: pairs first_pair + 4 y ... + 3, candidates first_candidate + 4 x ... + 3.
    let x = thread % side;
    let y = thread / side;
    var sums = no_sums();
    for (var first_chunk = 0u; first_chunk < chunk_count; first_chunk += depth / 4u) {
        workgroupBarrier();
        left[own_place] = chunk_of_slot(left_slot, first_chunk + own_chunk);
        right[own_place] = chunk_of_slot(right_slot, first_chunk + own_chunk);
        workgroupBarrier();
        sums = lines_by_lines(sums, x, y);
    }
    let quad = first_candidate / 4u + x;
    let pair = first_pair + 4u * y;
    if quad >= quad_count { return; }
    let offsets = candidate_offsets(quad);
    let to = (block.first_row + pair) * quad_count + quad;
    let first = block.first_pair + pair;
    if pair < pair_count { candidate_scores[to] = offsets + left_height(first) + sums.a; }
    if pair + 1u < pair_count { candidate_scores[to + quad_count] = offsets + left_height(first + 1u) + sums.b; }
    if pair + 2u < pair_count { candidate_scores[to + 2u * quad_count] = offsets + left_height(first + 2u) + sums.c; }
    if pair + 3u < pair_count { candidate_scores[to + 3u * quad_count] = offsets + left_height(first + 3u) + sums.d; }
}
