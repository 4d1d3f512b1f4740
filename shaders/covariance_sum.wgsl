// include: plan tile covariance
// The sums that the covariance of a step's points is made of (covariance.wgsl): over a part of the row slots, sum of m y y^T,
// sum of m y, and sum of m, m being how often the batch has the point y. A product in tiles; a term is a slot.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;                  // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> gradients: array<vec4<f32>>;               // (R, D/4 + 1), for the notes
@group(0) @binding(5) var<storage, read_write> covariance_parts: array<vec4<f32>>;  // (parts, D + 1, D/4 + 1)

override chunk_count: u32 = 32u;
override part_count: u32 = 1u;

var<workgroup> counts: array<f32, depth>;

@compute @workgroup_size(256)
fn covariance_sum(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    // The workgroup's tile of the matrix, in vec4 of each side, and its slots.
    let tiles = (chunk_count + side - 1u) / side;
    let first_row_chunk = group.x / tiles * side;
    let first_chunk = group.x % tiles * side;
    let part_slots = (plan.row_count + part_count - 1u) / part_count;
    let begin = group.y * part_slots;
    let end = min(begin + part_slots, plan.row_count);
    // What the thread reads: vec4 x of either side, of slot `own_term`. What it makes: rows of vec4 y, columns of vec4 x.
    let own_term = thread / side;
    let x = thread % side;
    let y = thread / side;
    let sums_points = first_row_chunk == 0u && y == 0u;
    var sums = no_sums();
    var point_sum = vec4<f32>(0.0);
    var count = 0.0;
    for (var first_slot = begin; first_slot < end; first_slot += depth) {
        let slot = first_slot + own_term;
        var own_count = 0.0;
        if slot < end { own_count = gradients[slot * (chunk_count + 1u) + chunk_count].x; }
        var weighed = vec4<f32>(0.0);
        var point = vec4<f32>(0.0);
        if own_count > 0.0 {
            let from_slot = slot * (chunk_count + 1u);
            if first_row_chunk + x < chunk_count { weighed = own_count * points[from_slot + first_row_chunk + x]; }
            if first_chunk + x < chunk_count { point = points[from_slot + first_chunk + x]; }
        }
        workgroupBarrier();
        left[place_by_term(own_term, x)] = weighed;
        right[place_by_term(own_term, x)] = point;
        if x == 0u { counts[own_term] = own_count; }
        workgroupBarrier();
        sums = terms_by_terms(sums, x, y);
        if sums_points {
            for (var term = 0u; term < depth; term += 1u) {
                point_sum += counts[term] * right[place_by_term(term, x)];
                count += counts[term];
            }
        }
    }
    let chunk = first_chunk + x;
    let row = 4u * (first_row_chunk + y);
    if chunk >= chunk_count { return; }
    let to = group.y * covariance_at(4u * chunk_count + 1u, 0u);
    if first_row_chunk + y < chunk_count {
        covariance_parts[to + covariance_at(row, chunk)] = sums.a;
        covariance_parts[to + covariance_at(row + 1u, chunk)] = sums.b;
        covariance_parts[to + covariance_at(row + 2u, chunk)] = sums.c;
        covariance_parts[to + covariance_at(row + 3u, chunk)] = sums.d;
    }
    if sums_points {
        covariance_parts[to + covariance_at(4u * chunk_count, chunk)] = point_sum;
        if chunk == 0u { covariance_parts[to + covariance_at(4u * chunk_count, chunk_count)] = vec4<f32>(count, 0.0, 0.0, 0.0); }
    }
}
