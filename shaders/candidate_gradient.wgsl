// include: plan block tile
// Shared candidates: dL/de of each candidate from the pairs that it is a negative of, slopes^T (C, B) x users (B, D), and
// dL/do, the sum of its slopes. A product in tiles; a term is a pair. Blocks of pairs after the first add to what is there.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> candidate_scores: array<vec4<f32>>;        // (pair capacity, C/4), slopes by now
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4<f32>>;         // (R, D/4 + 1), of the candidates

override chunk_count: u32 = 32u;

fn add(at: u32, value: vec4<f32>) {
    if block.first_pair == 0u { gradients[at] = value; } else { gradients[at] += value; }
}

fn add_bias(slot: u32, slopes: f32) { add(slot * (chunk_count + 1u) + chunk_count, vec4<f32>(0.0, slopes, 0.0, 0.0)); }

@compute @workgroup_size(256)
fn candidate_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let quad_count = plan.candidate_count / 4u;
    let pair_count = block_pairs();
    let first_quad = group.x * side;
    let first_chunk = group.y * side;
    // What the thread reads: slopes of pair `own_term` on quad x, and vec4 x of that pair's user. What it makes:
    // candidates of quad y, vec4 x.
    let own_term = thread / side;
    let x = thread % side;
    let y = thread / side;
    let quad = first_quad + y;
    let chunk = first_chunk + x;
    let sums_slopes = x == 0u && first_chunk == 0u;
    var sums = no_sums();
    var slope_sums = vec4<f32>(0.0);
    for (var first_pair = 0u; first_pair < pair_count; first_pair += depth) {
        let pair = first_pair + own_term;
        var slopes = vec4<f32>(0.0);
        var point = vec4<f32>(0.0);
        if pair < pair_count {
            if first_quad + x < quad_count {
                slopes = candidate_scores[(block.first_row + pair) * quad_count + first_quad + x];
            }
            if chunk < chunk_count {
                point = points[user_of_pair(block.first_pair + pair) * (chunk_count + 1u) + chunk];
            }
        }
        workgroupBarrier();
        left[place_by_term(own_term, x)] = slopes;
        right[place_by_term(own_term, x)] = point;
        workgroupBarrier();
        sums = terms_by_terms(sums, x, y);
        if sums_slopes {
            for (var term = 0u; term < depth; term += 1u) { slope_sums += left[term * side + y]; }
        }
    }
    if quad >= quad_count || chunk >= chunk_count { return; }
    let slot = quad * 4u;
    let to = slot * (chunk_count + 1u) + chunk;
    add(to, sums.a);
    add(to + (chunk_count + 1u), sums.b);
    add(to + 2u * (chunk_count + 1u), sums.c);
    add(to + 3u * (chunk_count + 1u), sums.d);
    if sums_slopes {
        add_bias(slot, slope_sums.x);
        add_bias(slot + 1u, slope_sums.y);
        add_bias(slot + 2u, slope_sums.z);
        add_bias(slot + 3u, slope_sums.w);
    }
}
