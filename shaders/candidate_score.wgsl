// include: plan block
// Positives x candidates: the similarities s = v_j . v_n that stage 2 weighs (Tran et al. 2019, 3.2). A
// thread owns two quads of candidates and sixteen positives. The positives are the same for the whole
// workgroup and come through a uniform buffer, which is the fast way to hand all threads one value: a
// quarter of the time of storage loads on lavapipe, the constant cache on a GPU. Holes score -2: below any
// similarity.
@group(0) @binding(3) var<uniform> positives: array<vec4<f32>, 4096>;       // (window, D/4), from the block's first
@group(0) @binding(4) var<storage, read> packed: array<vec4<f32>>;          // (D, C/4)
@group(0) @binding(5) var<storage, read_write> scores: array<vec4<f32>>;    // (pair capacity, C/4)
@group(0) @binding(6) var<storage, read_write> picked: array<u32>;          // (C, pair words), emptied here

override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;
override pair_words: u32 = 8u;      // B / 32, rounded up

const positives_per_thread: u32 = 16u;
const quads_per_thread: u32 = 2u;

// 0 for a row, -2 for a hole, whose vector is zero.
fn hole_score(slot: u32) -> f32 { return select(0.0, -2.0, row_of_slot(slot) == none); }

fn hole_scores(quad: u32) -> vec4<f32> {
    let slot = quad * 4u;
    return vec4<f32>(hole_score(slot), hole_score(slot + 1u), hole_score(slot + 2u), hole_score(slot + 3u));
}

@compute @workgroup_size(lane_count)
fn candidate_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    // Groups of positives follow one another, so that a workgroup's candidates stay in the cache. A thread's
    // second quad is as far away as the workgroup is wide: neighbouring threads read neighbouring vec4.
    let quad_count = plan.candidate_count / 4u;
    let quad_a = group.y * lane_count * quads_per_thread + lane;
    let quad_b = min(quad_a + lane_count, quad_count - 1u);
    let first = group.x * positives_per_thread;
    if quad_a >= quad_count || block.first_pair + first >= plan.pair_count { return; }
    if block.first_pair + first == 0u {
        for (var word = 0u; word < 4u * pair_words; word += 1u) {
            picked[quad_a * 4u * pair_words + word] = 0u;
            picked[quad_b * 4u * pair_words + word] = 0u;
        }
    }
    let start_a = hole_scores(quad_a);
    let start_b = hole_scores(quad_b);
    var a0 = start_a;
    var b0 = start_b;
    var a1 = start_a;
    var b1 = start_b;
    var a2 = start_a;
    var b2 = start_b;
    var a3 = start_a;
    var b3 = start_b;
    var a4 = start_a;
    var b4 = start_b;
    var a5 = start_a;
    var b5 = start_b;
    var a6 = start_a;
    var b6 = start_b;
    var a7 = start_a;
    var b7 = start_b;
    var a8 = start_a;
    var b8 = start_b;
    var a9 = start_a;
    var b9 = start_b;
    var a10 = start_a;
    var b10 = start_b;
    var a11 = start_a;
    var b11 = start_b;
    var a12 = start_a;
    var b12 = start_b;
    var a13 = start_a;
    var b13 = start_b;
    var a14 = start_a;
    var b14 = start_b;
    var a15 = start_a;
    var b15 = start_b;
    for (var chunk = 0u; chunk < chunk_count; chunk += 1u) {
        let row = chunk * 4u * quad_count;
        let ca0 = packed[row + quad_a];
        let ca1 = packed[row + quad_count + quad_a];
        let ca2 = packed[row + 2u * quad_count + quad_a];
        let ca3 = packed[row + 3u * quad_count + quad_a];
        let cb0 = packed[row + quad_b];
        let cb1 = packed[row + quad_count + quad_b];
        let cb2 = packed[row + 2u * quad_count + quad_b];
        let cb3 = packed[row + 3u * quad_count + quad_b];
        let at = first * chunk_count + chunk;
        let e0 = positives[at];
        a0 += ca0 * e0.x + ca1 * e0.y + ca2 * e0.z + ca3 * e0.w;
        b0 += cb0 * e0.x + cb1 * e0.y + cb2 * e0.z + cb3 * e0.w;
        let e1 = positives[at + 1u * chunk_count];
        a1 += ca0 * e1.x + ca1 * e1.y + ca2 * e1.z + ca3 * e1.w;
        b1 += cb0 * e1.x + cb1 * e1.y + cb2 * e1.z + cb3 * e1.w;
        let e2 = positives[at + 2u * chunk_count];
        a2 += ca0 * e2.x + ca1 * e2.y + ca2 * e2.z + ca3 * e2.w;
        b2 += cb0 * e2.x + cb1 * e2.y + cb2 * e2.z + cb3 * e2.w;
        let e3 = positives[at + 3u * chunk_count];
        a3 += ca0 * e3.x + ca1 * e3.y + ca2 * e3.z + ca3 * e3.w;
        b3 += cb0 * e3.x + cb1 * e3.y + cb2 * e3.z + cb3 * e3.w;
        let e4 = positives[at + 4u * chunk_count];
        a4 += ca0 * e4.x + ca1 * e4.y + ca2 * e4.z + ca3 * e4.w;
        b4 += cb0 * e4.x + cb1 * e4.y + cb2 * e4.z + cb3 * e4.w;
        let e5 = positives[at + 5u * chunk_count];
        a5 += ca0 * e5.x + ca1 * e5.y + ca2 * e5.z + ca3 * e5.w;
        b5 += cb0 * e5.x + cb1 * e5.y + cb2 * e5.z + cb3 * e5.w;
        let e6 = positives[at + 6u * chunk_count];
        a6 += ca0 * e6.x + ca1 * e6.y + ca2 * e6.z + ca3 * e6.w;
        b6 += cb0 * e6.x + cb1 * e6.y + cb2 * e6.z + cb3 * e6.w;
        let e7 = positives[at + 7u * chunk_count];
        a7 += ca0 * e7.x + ca1 * e7.y + ca2 * e7.z + ca3 * e7.w;
        b7 += cb0 * e7.x + cb1 * e7.y + cb2 * e7.z + cb3 * e7.w;
        let e8 = positives[at + 8u * chunk_count];
        a8 += ca0 * e8.x + ca1 * e8.y + ca2 * e8.z + ca3 * e8.w;
        b8 += cb0 * e8.x + cb1 * e8.y + cb2 * e8.z + cb3 * e8.w;
        let e9 = positives[at + 9u * chunk_count];
        a9 += ca0 * e9.x + ca1 * e9.y + ca2 * e9.z + ca3 * e9.w;
        b9 += cb0 * e9.x + cb1 * e9.y + cb2 * e9.z + cb3 * e9.w;
        let e10 = positives[at + 10u * chunk_count];
        a10 += ca0 * e10.x + ca1 * e10.y + ca2 * e10.z + ca3 * e10.w;
        b10 += cb0 * e10.x + cb1 * e10.y + cb2 * e10.z + cb3 * e10.w;
        let e11 = positives[at + 11u * chunk_count];
        a11 += ca0 * e11.x + ca1 * e11.y + ca2 * e11.z + ca3 * e11.w;
        b11 += cb0 * e11.x + cb1 * e11.y + cb2 * e11.z + cb3 * e11.w;
        let e12 = positives[at + 12u * chunk_count];
        a12 += ca0 * e12.x + ca1 * e12.y + ca2 * e12.z + ca3 * e12.w;
        b12 += cb0 * e12.x + cb1 * e12.y + cb2 * e12.z + cb3 * e12.w;
        let e13 = positives[at + 13u * chunk_count];
        a13 += ca0 * e13.x + ca1 * e13.y + ca2 * e13.z + ca3 * e13.w;
        b13 += cb0 * e13.x + cb1 * e13.y + cb2 * e13.z + cb3 * e13.w;
        let e14 = positives[at + 14u * chunk_count];
        a14 += ca0 * e14.x + ca1 * e14.y + ca2 * e14.z + ca3 * e14.w;
        b14 += cb0 * e14.x + cb1 * e14.y + cb2 * e14.z + cb3 * e14.w;
        let e15 = positives[at + 15u * chunk_count];
        a15 += ca0 * e15.x + ca1 * e15.y + ca2 * e15.z + ca3 * e15.w;
        b15 += cb0 * e15.x + cb1 * e15.y + cb2 * e15.z + cb3 * e15.w;
    }
    // Rows of the block beyond the batch exist too, so the writes need no guard; where quad_b is the last quad
    // for want of one of its own, its owner writes the same.
    let out = (block.first_row + first) * quad_count;
    scores[out + 0u * quad_count + quad_a] = a0;
    scores[out + 0u * quad_count + quad_b] = b0;
    scores[out + 1u * quad_count + quad_a] = a1;
    scores[out + 1u * quad_count + quad_b] = b1;
    scores[out + 2u * quad_count + quad_a] = a2;
    scores[out + 2u * quad_count + quad_b] = b2;
    scores[out + 3u * quad_count + quad_a] = a3;
    scores[out + 3u * quad_count + quad_b] = b3;
    scores[out + 4u * quad_count + quad_a] = a4;
    scores[out + 4u * quad_count + quad_b] = b4;
    scores[out + 5u * quad_count + quad_a] = a5;
    scores[out + 5u * quad_count + quad_b] = b5;
    scores[out + 6u * quad_count + quad_a] = a6;
    scores[out + 6u * quad_count + quad_b] = b6;
    scores[out + 7u * quad_count + quad_a] = a7;
    scores[out + 7u * quad_count + quad_b] = b7;
    scores[out + 8u * quad_count + quad_a] = a8;
    scores[out + 8u * quad_count + quad_b] = b8;
    scores[out + 9u * quad_count + quad_a] = a9;
    scores[out + 9u * quad_count + quad_b] = b9;
    scores[out + 10u * quad_count + quad_a] = a10;
    scores[out + 10u * quad_count + quad_b] = b10;
    scores[out + 11u * quad_count + quad_a] = a11;
    scores[out + 11u * quad_count + quad_b] = b11;
    scores[out + 12u * quad_count + quad_a] = a12;
    scores[out + 12u * quad_count + quad_b] = b12;
    scores[out + 13u * quad_count + quad_a] = a13;
    scores[out + 13u * quad_count + quad_b] = b13;
    scores[out + 14u * quad_count + quad_a] = a14;
    scores[out + 14u * quad_count + quad_b] = b14;
    scores[out + 15u * quad_count + quad_a] = a15;
    scores[out + 15u * quad_count + quad_b] = b15;
}
