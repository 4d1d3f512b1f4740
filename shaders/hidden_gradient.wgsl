// include: plan tile net
// dL/d(b1 + W1 x) of each projected row: slopes (P, D) x W2^T (D, H) where the hidden number passes gradients. A product in
// tiles; a term is a number of the space.
@group(0) @binding(1) var<storage, read> projected: array<vec4<f32>>;           // (P, D/4), slopes by now
@group(0) @binding(2) var<storage, read> output_points: array<vec4<f32>>;       // (H + 1, D/4 + 1)
@group(0) @binding(3) var<storage, read> hidden: array<vec4<f32>>;              // (P, H/4)
@group(0) @binding(4) var<storage, read_write> hidden_gradients: array<vec4<f32>>;  // (P, H/4)

override chunk_count: u32 = 32u;        // D / 4

fn put(row: u32, quad: u32, sum: vec4<f32>) {
    if row >= plan.projected_count { return; }
    let at = row * hidden_chunks + quad;
    hidden_gradients[at] = select(vec4<f32>(0.0), keep_scale * sum, hidden[at] > vec4<f32>(0.0));
}

@compute @workgroup_size(256)
fn hidden_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = group.x * tile;
    let first_unit = group.y * tile;
    // What the thread reads: vec4 `own_chunk` of row `own_line` of each side. What it makes: rows first_row + 4 y ... + 3,
    // hidden units first_unit + 4 x ... + 3.
    let own_line = thread / 4u;
    let own_chunk = thread % 4u;
    let own_place = place_by_line(own_line, own_chunk);
    let x = thread % side;
    let y = thread / side;
    var sums = no_sums();
    for (var first_chunk = 0u; first_chunk < chunk_count; first_chunk += depth / 4u) {
        let chunk = first_chunk + own_chunk;
        var slopes = vec4<f32>(0.0);
        if first_row + own_line < plan.projected_count && chunk < chunk_count {
            slopes = projected[(first_row + own_line) * chunk_count + chunk];
        }
        var weights = vec4<f32>(0.0);
        if first_unit + own_line < hidden_chunks * 4u && chunk < chunk_count {
            weights = output_points[(first_unit + own_line) * (chunk_count + 1u) + chunk];
        }
        workgroupBarrier();
        left[own_place] = slopes;
        right[own_place] = weights;
        workgroupBarrier();
        sums = lines_by_lines(sums, x, y);
    }
    let quad = first_unit / 4u + x;
    if quad >= hidden_chunks { return; }
    let row = first_row + 4u * y;
    put(row, quad, sums.a);
    put(row + 1u, quad, sums.b);
    put(row + 2u, quad, sums.c);
    put(row + 3u, quad, sums.d);
}
