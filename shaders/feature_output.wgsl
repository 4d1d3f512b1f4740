// include: plan tile net
// f of each projected row: hidden (P, H) x W2 (H, D), and b2. A product in tiles; a term is a hidden unit.
@group(0) @binding(1) var<storage, read> hidden: array<vec4<f32>>;              // (P, H/4)
@group(0) @binding(2) var<storage, read> output_points: array<vec4<f32>>;       // (H + 1, D/4 + 1)
@group(0) @binding(3) var<storage, read_write> projected: array<vec4<f32>>;     // (P, D/4)

override chunk_count: u32 = 32u;        // D / 4

@compute @workgroup_size(256)
fn feature_output(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = group.x * tile;
    let first_chunk = group.y * side;
    // What the thread reads: `own_chunk` of the hidden layer of row `own_line`, and vec4 x of hidden unit `own_term`. What it
    // makes: rows first_row + 4 y ... + 3, vec4 first_chunk + x.
    let own_line = thread / 4u;
    let own_chunk = thread % 4u;
    let own_term = thread / side;
    let x = thread % side;
    let y = thread / side;
    let chunk = first_chunk + x;
    var sums = no_sums();
    for (var first_unit = 0u; first_unit < hidden_chunks; first_unit += depth / 4u) {
        var units = vec4<f32>(0.0);
        if first_row + own_line < plan.projected_count && first_unit + own_chunk < hidden_chunks {
            units = hidden[(first_row + own_line) * hidden_chunks + first_unit + own_chunk];
        }
        var weights = vec4<f32>(0.0);
        let unit = first_unit * 4u + own_term;
        if unit < hidden_chunks * 4u && chunk < chunk_count { weights = output_points[unit * (chunk_count + 1u) + chunk]; }
        workgroupBarrier();
        left[place_by_line(own_line, own_chunk)] = units;
        right[place_by_term(own_term, x)] = weights;
        workgroupBarrier();
        sums = lines_by_terms(sums, x, y);
    }
    if chunk >= chunk_count { return; }
    let bias = output_points[hidden_chunks * 4u * (chunk_count + 1u) + chunk];
    let row = first_row + 4u * y;
    let to = row * chunk_count + chunk;
    if row < plan.projected_count { projected[to] = bias + sums.a; }
    if row + 1u < plan.projected_count { projected[to + chunk_count] = bias + sums.b; }
    if row + 2u < plan.projected_count { projected[to + 2u * chunk_count] = bias + sums.c; }
    if row + 3u < plan.projected_count { projected[to + 3u * chunk_count] = bias + sums.d; }
}
