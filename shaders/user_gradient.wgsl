// include: plan block tile
// Shared candidates: what they add to dL/du of each pair's user, slopes (B, C) x candidates (C, D). A product in tiles; a
// term is a candidate.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> candidate_scores: array<vec4<f32>>;        // (pair capacity, C/4), slopes by now
@group(0) @binding(5) var<storage, read_write> user_gradients: array<vec4<f32>>;    // (B, D/4)

override chunk_count: u32 = 32u;

@compute @workgroup_size(256)
fn user_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let quad_count = plan.candidate_count / 4u;
    let pair_count = block_pairs();
    let first_pair = group.x * tile;
    let first_chunk = group.y * side;
    // What the thread reads: slopes of pair `own_line`, and `own_chunk` of candidate `own_term`.
    let own_line = thread / 4u;
    let own_quad = thread % 4u;
    let own_term = thread / side;
    let own_chunk = first_chunk + thread % side;
    // What it makes: pairs first_pair + 4 y ... + 3, vec4 first_chunk + x.
    let x = thread % side;
    let y = thread / side;
    var sums = no_sums();
    for (var first_quad = 0u; first_quad < quad_count; first_quad += depth / 4u) {
        var slopes = vec4<f32>(0.0);
        if first_pair + own_line < pair_count && first_quad + own_quad < quad_count {
            let row = block.first_row + first_pair + own_line;
            slopes = candidate_scores[row * quad_count + first_quad + own_quad];
        }
        var point = vec4<f32>(0.0);
        let slot = first_quad * 4u + own_term;
        if slot < plan.candidate_count && own_chunk < chunk_count { point = points[slot * (chunk_count + 1u) + own_chunk]; }
        workgroupBarrier();
        left[place_by_line(own_line, own_quad)] = slopes;
        right[place_by_term(own_term, thread % side)] = point;
        workgroupBarrier();
        sums = lines_by_terms(sums, x, y);
    }
    if own_chunk >= chunk_count { return; }
    let pair = first_pair + 4u * y;
    let to = (block.first_pair + pair) * chunk_count + first_chunk + x;
    if pair < pair_count { user_gradients[to] = sums.a; }
    if pair + 1u < pair_count { user_gradients[to + chunk_count] = sums.b; }
    if pair + 2u < pair_count { user_gradients[to + 2u * chunk_count] = sums.c; }
    if pair + 3u < pair_count { user_gradients[to + 3u * chunk_count] = sums.d; }
}
