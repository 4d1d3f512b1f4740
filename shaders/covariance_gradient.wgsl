// include: plan settings tile covariance step_log
// Adds the gradient of covariance_weight L_cov to dL/de of every point that the step uses:
//     covariance_weight 4 m / n^2  C (y - mean),   C without its diagonal, m how often the batch has y;
// and reports L_cov. A product in tiles; a term is a number of a row.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> covariance: array<vec4<f32>>;              // (D + 1, D/4 + 1)
@group(0) @binding(5) var<storage, read_write> gradients: array<vec4<f32>>;         // (R, D/4 + 1)

override chunk_count: u32 = 32u;

// The sum of the rows' notes, known to thread 0.
fn square_sum(thread: u32) -> f32 {
    var own = 0.0;
    for (var row = thread; row < 4u * chunk_count; row += 256u) { own += covariance[covariance_at(row, chunk_count)].x; }
    left[thread] = vec4<f32>(own, 0.0, 0.0, 0.0);
    workgroupBarrier();
    var sum = 0.0;
    if thread == 0u {
        for (var other = 0u; other < 256u; other += 1u) { sum += left[other].x; }
    }
    workgroupBarrier();
    return sum;
}

fn add(slot: u32, chunk: u32, scale: f32, value: vec4<f32>) {
    if slot >= plan.row_count { return; }
    let at = slot * (chunk_count + 1u);
    let count = gradients[at + chunk_count].x;
    if count > 0.0 { gradients[at + chunk] += scale * count * value; }
}

@compute @workgroup_size(256)
fn covariance_gradient(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let mean_row = 4u * chunk_count;
    let n = covariance[covariance_at(mean_row, chunk_count)].x;
    if group.x == 0u && group.y == 0u {
        let squares = square_sum(thread);
        if thread == 0u { step_log[plan.log_slot].covariance = squares / n; }
    }
    let first_slot = group.x * tile;
    let first_chunk = group.y * side;
    // What the thread reads: vec4 `own_chunk` of slot `own_line` without the mean, and vec4 x of row `own_term` of C.
    let own_line = thread / 4u;
    let own_chunk = thread % 4u;
    let own_term = thread / side;
    let x = thread % side;
    let y = thread / side;
    var sums = no_sums();
    for (var chunk = 0u; chunk < chunk_count; chunk += depth / 4u) {
        var point = vec4<f32>(0.0);
        let slot = first_slot + own_line;
        if slot < plan.row_count && chunk + own_chunk < chunk_count {
            point = points[slot * (chunk_count + 1u) + chunk + own_chunk] - covariance[covariance_at(mean_row, chunk + own_chunk)];
        }
        var row = vec4<f32>(0.0);
        let term = 4u * chunk + own_term;
        if term < mean_row && first_chunk + x < chunk_count { row = covariance[covariance_at(term, first_chunk + x)]; }
        workgroupBarrier();
        left[place_by_line(own_line, own_chunk)] = point;
        right[place_by_term(own_term, x)] = row;
        workgroupBarrier();
        sums = lines_by_terms(sums, x, y);
    }
    if first_chunk + x >= chunk_count { return; }
    let scale = 4.0 * settings.covariance_weight / (n * n);
    let slot = first_slot + 4u * y;
    add(slot, first_chunk + x, scale, sums.a);
    add(slot + 1u, first_chunk + x, scale, sums.b);
    add(slot + 2u, first_chunk + x, scale, sums.c);
    add(slot + 3u, first_chunk + x, scale, sums.d);
}
