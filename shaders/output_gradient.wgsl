// include: plan tile net
// dL/dW2: hidden^T (H, P) x slopes (P, D); and dL/db2, the sum of the slopes. A product in tiles; a term is a projected row.
@group(0) @binding(1) var<storage, read> hidden: array<vec4<f32>>;              // (P, H/4)
@group(0) @binding(2) var<storage, read> projected: array<vec4<f32>>;           // (P, D/4), slopes by now
@group(0) @binding(3) var<storage, read_write> output_gradients: array<vec4<f32>>;  // (H + 1, D/4 + 1)

override chunk_count: u32 = 32u;        // D / 4

fn put(unit: u32, chunk: u32, sum: vec4<f32>) {
    output_gradients[unit * (chunk_count + 1u) + chunk] = sum;
    // The optimizer steps every unit.
    if chunk == 0u { output_gradients[unit * (chunk_count + 1u) + chunk_count] = vec4<f32>(1.0, 0.0, 0.0, 0.0); }
}

@compute @workgroup_size(256)
fn output_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_quad = group.x * side;
    let first_chunk = group.y * side;
    // What the thread reads: quad x of the hidden units of row `own_term`, and vec4 x of that row's slopes. What it makes:
    // hidden units of quad y, vec4 x.
    let own_term = thread / side;
    let x = thread % side;
    let y = thread / side;
    let quad = first_quad + y;
    let chunk = first_chunk + x;
    let sums_slopes = y == 0u && first_quad == 0u;
    var sums = no_sums();
    var slope_sum = vec4<f32>(0.0);
    for (var first_row = 0u; first_row < plan.projected_count; first_row += depth) {
        let row = first_row + own_term;
        var units = vec4<f32>(0.0);
        var slopes = vec4<f32>(0.0);
        if row < plan.projected_count {
            if first_quad + x < hidden_chunks { units = hidden[row * hidden_chunks + first_quad + x]; }
            if chunk < chunk_count { slopes = projected[row * chunk_count + chunk]; }
        }
        workgroupBarrier();
        left[place_by_term(own_term, x)] = units;
        right[place_by_term(own_term, x)] = slopes;
        workgroupBarrier();
        sums = terms_by_terms(sums, x, y);
        if sums_slopes {
            for (var term = 0u; term < depth; term += 1u) { slope_sum += right[term * side + x]; }
        }
    }
    if chunk >= chunk_count { return; }
    if sums_slopes { put(hidden_chunks * 4u, chunk, slope_sum); }
    if quad >= hidden_chunks { return; }
    put(quad * 4u, chunk, sums.a);
    put(quad * 4u + 1u, chunk, sums.b);
    put(quad * 4u + 2u, chunk, sums.c);
    put(quad * 4u + 3u, chunk, sums.d);
}
