// include: plan block
// Positives x candidates: the similarities s = v_j . v_n that stage 2 weighs (Tran et al. 2019, 3.2). A
// thread owns four neighbouring candidates (one vec4 of `packed`) and 16 positives; the positives are the
// same for the whole workgroup, so their loads are uniform. Holes score -2: below any similarity.
@group(0) @binding(3) var<storage, read> rows: array<vec4<f32>>;            // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> packed: array<vec4<f32>>;          // (D, C/4)
@group(0) @binding(5) var<storage, read_write> scores: array<vec4<f32>>;    // (pair capacity, C/4)
@group(0) @binding(6) var<storage, read_write> picked: array<u32>;          // (C, pair words), emptied here

override lane_count: u32 = 64u;
override chunk_count: u32 = 32u;
override pair_words: u32 = 8u;      // B / 32, rounded up

const positives_per_thread: u32 = 16u;

// Where a pair's positive begins in `rows`; pairs beyond the batch repeat its last one.
fn positive_at(pair: u32) -> u32 {
    return positive_of_pair(min(pair, plan.pair_count - 1u)) * (chunk_count + 1u);
}

// 0 for a row, -2 for a hole, whose vector is zero.
fn hole_score(slot: u32) -> f32 { return select(0.0, -2.0, row_of_slot(slot) == none); }

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
    let slot = quad * 4u;
    if pair == 0u {
        for (var word = 0u; word < 4u * pair_words; word += 1u) { picked[slot * pair_words + word] = 0u; }
    }
    let start = vec4<f32>(hole_score(slot), hole_score(slot + 1u), hole_score(slot + 2u), hole_score(slot + 3u));
    let p0 = positive_at(pair + 0u);
    let p1 = positive_at(pair + 1u);
    let p2 = positive_at(pair + 2u);
    let p3 = positive_at(pair + 3u);
    let p4 = positive_at(pair + 4u);
    let p5 = positive_at(pair + 5u);
    let p6 = positive_at(pair + 6u);
    let p7 = positive_at(pair + 7u);
    let p8 = positive_at(pair + 8u);
    let p9 = positive_at(pair + 9u);
    let p10 = positive_at(pair + 10u);
    let p11 = positive_at(pair + 11u);
    let p12 = positive_at(pair + 12u);
    let p13 = positive_at(pair + 13u);
    let p14 = positive_at(pair + 14u);
    let p15 = positive_at(pair + 15u);
    var s0 = start;
    var s1 = start;
    var s2 = start;
    var s3 = start;
    var s4 = start;
    var s5 = start;
    var s6 = start;
    var s7 = start;
    var s8 = start;
    var s9 = start;
    var s10 = start;
    var s11 = start;
    var s12 = start;
    var s13 = start;
    var s14 = start;
    var s15 = start;
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
        let e8 = rows[p8 + chunk];
        s8 += c0 * e8.x + c1 * e8.y + c2 * e8.z + c3 * e8.w;
        let e9 = rows[p9 + chunk];
        s9 += c0 * e9.x + c1 * e9.y + c2 * e9.z + c3 * e9.w;
        let e10 = rows[p10 + chunk];
        s10 += c0 * e10.x + c1 * e10.y + c2 * e10.z + c3 * e10.w;
        let e11 = rows[p11 + chunk];
        s11 += c0 * e11.x + c1 * e11.y + c2 * e11.z + c3 * e11.w;
        let e12 = rows[p12 + chunk];
        s12 += c0 * e12.x + c1 * e12.y + c2 * e12.z + c3 * e12.w;
        let e13 = rows[p13 + chunk];
        s13 += c0 * e13.x + c1 * e13.y + c2 * e13.z + c3 * e13.w;
        let e14 = rows[p14 + chunk];
        s14 += c0 * e14.x + c1 * e14.y + c2 * e14.z + c3 * e14.w;
        let e15 = rows[p15 + chunk];
        s15 += c0 * e15.x + c1 * e15.y + c2 * e15.z + c3 * e15.w;
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
    scores[out + 8u * quad_count] = s8;
    scores[out + 9u * quad_count] = s9;
    scores[out + 10u * quad_count] = s10;
    scores[out + 11u * quad_count] = s11;
    scores[out + 12u * quad_count] = s12;
    scores[out + 13u * quad_count] = s13;
    scores[out + 14u * quad_count] = s14;
    scores[out + 15u * quad_count] = s15;
}
