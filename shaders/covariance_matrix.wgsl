// include: lanes covariance
// The covariance of a step's points without its diagonal, from the sums over the parts: C = sum m y y^T / n - mean mean^T.
// Each row's note is its (|row|^2, 0, 0, 0), and that of the mean (n, 0, 0, 0). One workgroup a row.
@group(0) @binding(3) var<storage, read> covariance_parts: array<vec4<f32>>;        // (parts, D + 1, D/4 + 1)
@group(0) @binding(4) var<storage, read_write> covariance: array<vec4<f32>>;        // (D + 1, D/4 + 1)

override part_count: u32 = 1u;

// The sum over the parts, in their order.
fn whole(row: u32, chunk: u32) -> vec4<f32> {
    var sum = vec4<f32>(0.0);
    let part_size = covariance_at(4u * chunk_count + 1u, 0u);
    for (var part = 0u; part < part_count; part += 1u) { sum += covariance_parts[part * part_size + covariance_at(row, chunk)]; }
    return sum;
}

@compute @workgroup_size(lane_count)
fn covariance_matrix(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.x + group.y * group_count.x;
    let mean_row = 4u * chunk_count;
    if row > mean_row { return; }
    let count = whole(mean_row, chunk_count).x;
    let is_mean = row == mean_row;
    var mean = 0.0;
    if !is_mean { mean = whole(mean_row, row / 4u)[row % 4u] / count; }
    var squares = 0.0;
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        var c = whole(row, chunk) / count;
        if !is_mean {
            c -= mean * (whole(mean_row, chunk) / count);
            let is_diagonal = vec4<u32>(4u * chunk) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(row);
            c = select(c, vec4<f32>(0.0), is_diagonal);
            squares += dot(c, c);
        }
        covariance[covariance_at(row, chunk)] = c;
    }
    let sum = lane_sum(lane, vec4<f32>(squares, 0.0, 0.0, 0.0)).x;
    if lane == 0u { covariance[covariance_at(row, chunk_count)] = vec4<f32>(select(sum, count, is_mean), 0.0, 0.0, 0.0); }
}
