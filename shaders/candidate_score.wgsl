// include: plan block
// Positives x candidates: the similarities s = v_j . v_n that stage 2 weighs (DESIGN: Tran et al. 2019, 3.2).
// A thread owns four neighbouring candidates (one vec4 of `packed`) and 8 positives; the positives are
// the same for the whole workgroup, so their loads are uniform.
@group(0) @binding(3) var<storage, read> rows: array<vec4<f32>>;            // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> packed: array<vec4<f32>>;          // (D, C/4)
@group(0) @binding(5) var<storage, read_write> scores: array<vec4<f32>>;    // (pair capacity, C/4)

override lane_count: u32 = 64u;
override chunk_count: u32 = 32u;

const positives_per_thread: u32 = 8u;

// Where a pair's positive begins in `rows`; pairs beyond the batch repeat its last one.
fn positive_at(pair: u32) -> u32 {
    return positive_of_pair(min(pair, plan.pair_count - 1u)) * (chunk_count + 1u);
}

@compute @workgroup_size(lane_count)
fn candidate_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad_count = plan.candidate_count / 4u;
    let quad = group.x * lane_count + lane;
    let first = group.y * positives_per_thread;
    let pair = block.first_pair + first;
    if quad >= quad_count || pair >= plan.pair_count { return; }
    let p0 = positive_at(pair + 0u);
    let p1 = positive_at(pair + 1u);
    let p2 = positive_at(pair + 2u);
    let p3 = positive_at(pair + 3u);
    let p4 = positive_at(pair + 4u);
    let p5 = positive_at(pair + 5u);
    let p6 = positive_at(pair + 6u);
    let p7 = positive_at(pair + 7u);
    var s0 = vec4<f32>(0.0);
    var s1 = vec4<f32>(0.0);
    var s2 = vec4<f32>(0.0);
    var s3 = vec4<f32>(0.0);
    var s4 = vec4<f32>(0.0);
    var s5 = vec4<f32>(0.0);
    var s6 = vec4<f32>(0.0);
    var s7 = vec4<f32>(0.0);
    for (var chunk = 0u; chunk < chunk_count; chunk += 1u) {
        let at = chunk * 4u * quad_count + quad;
        let c0 = packed[at];
        let c1 = packed[at + quad_count];
        let c2 = packed[at + 2u * quad_count];
        let c3 = packed[at + 3u * quad_count];
        let e0 = rows[p0 + chunk];
        s0 += c0 * e0.x + c1 * e0.y + c2 * e0.z + c3 * e0.w;
        let e1 = rows[p1 + chunk];
        s1 += c0 * e1.x + c1 * e1.y + c2 * e1.z + c3 * e1.w;
        let e2 = rows[p2 + chunk];
        s2 += c0 * e2.x + c1 * e2.y + c2 * e2.z + c3 * e2.w;
        let e3 = rows[p3 + chunk];
        s3 += c0 * e3.x + c1 * e3.y + c2 * e3.z + c3 * e3.w;
        let e4 = rows[p4 + chunk];
        s4 += c0 * e4.x + c1 * e4.y + c2 * e4.z + c3 * e4.w;
        let e5 = rows[p5 + chunk];
        s5 += c0 * e5.x + c1 * e5.y + c2 * e5.z + c3 * e5.w;
        let e6 = rows[p6 + chunk];
        s6 += c0 * e6.x + c1 * e6.y + c2 * e6.z + c3 * e6.w;
        let e7 = rows[p7 + chunk];
        s7 += c0 * e7.x + c1 * e7.y + c2 * e7.z + c3 * e7.w;
    }
    // Rows of the block beyond the batch exist too, so the writes need no guard.
    let out = first * quad_count + quad;
    scores[out + 0u * quad_count] = s0;
    scores[out + 1u * quad_count] = s1;
    scores[out + 2u * quad_count] = s2;
    scores[out + 3u * quad_count] = s3;
    scores[out + 4u * quad_count] = s4;
    scores[out + 5u * quad_count] = s5;
    scores[out + 6u * quad_count] = s6;
    scores[out + 7u * quad_count] = s7;
}
