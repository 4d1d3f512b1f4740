// include: plan block hole_scores
// Positives x candidates: the similarities s = v_j . v_n that stage 2 weighs (Tran et al. 2019, 3.2). A
// thread owns quads_per_thread quads of candidates, and pairs_per_thread positives in each of two windows:
// lines with {q} or {p} stand for one copy for each of these (src/gpu/shader.rs). The positives are the same
// for the whole workgroup and come through uniform buffers, where a value for all threads is read fastest: the
// constant cache of a GPU. Holes score -2: below any similarity.
@group(0) @binding(3) var<uniform> positives_a: array<vec4<f32>, 4096>;     // (window, D/4), from the block's first
@group(0) @binding(4) var<uniform> positives_b: array<vec4<f32>, 4096>;     // (window, D/4), the window after it
@group(0) @binding(5) var<storage, read> packed: array<vec4<f32>>;          // (D, C/4)
@group(0) @binding(6) var<storage, read_write> scores: array<vec4<f32>>;    // (pair capacity, C/4)
@group(0) @binding(7) var<storage, read_write> picked: array<u32>;          // (C, pair words), emptied here

override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;
override window_pairs: u32 = 128u;
override pairs_per_thread: u32 = 8u;
override quads_per_thread: u32 = 1u;
override pair_words: u32 = 8u;      // B / 32, rounded up

fn product(e: vec4<f32>, c0: vec4<f32>, c1: vec4<f32>, c2: vec4<f32>, c3: vec4<f32>) -> vec4<f32> {
    return c0 * e.x + c1 * e.y + c2 * e.z + c3 * e.w;
}

@compute @workgroup_size(lane_count)
fn candidate_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    // Groups of positives follow one another, so that a workgroup's candidates stay in the cache. A thread's
    // quads are as far apart as the workgroup is wide: neighbouring threads read neighbouring vec4. One that
    // has no further quad takes the last, and writes what its owner writes.
    let quad_count = plan.candidate_count / 4u;
    let first_quad = group.y * lane_count * quads_per_thread + lane;
    let first = group.x * pairs_per_thread;
    if first_quad >= quad_count || block.first_pair + first >= plan.pair_count { return; }
    let quad_{q} = min(first_quad + {q}u * lane_count, quad_count - 1u);
    if block.first_pair + first == 0u {
        for (var word = 0u; word < 4u * pair_words; word += 1u) {
            picked[quad_{q} * 4u * pair_words + word] = 0u;
        }
    }
    let hole_{q} = hole_scores(quad_{q});
    var a_{p}_{q} = hole_{q};
    var b_{p}_{q} = hole_{q};
    for (var chunk = 0u; chunk < chunk_count; chunk += 1u) {
        let row = chunk * 4u * quad_count;
        let c0_{q} = packed[row + quad_{q}];
        let c1_{q} = packed[row + quad_count + quad_{q}];
        let c2_{q} = packed[row + 2u * quad_count + quad_{q}];
        let c3_{q} = packed[row + 3u * quad_count + quad_{q}];
        let at = first * chunk_count + chunk;
        let a_{p} = positives_a[at + {p}u * chunk_count];
        a_{p}_{q} += product(a_{p}, c0_{q}, c1_{q}, c2_{q}, c3_{q});
        let b_{p} = positives_b[at + {p}u * chunk_count];
        b_{p}_{q} += product(b_{p}, c0_{q}, c1_{q}, c2_{q}, c3_{q});
    }
    // Rows of the block beyond the batch exist too, so the writes need no guard.
    let out_a = (block.first_row + first) * quad_count;
    let out_b = out_a + window_pairs * quad_count;
    scores[out_a + {p}u * quad_count + quad_{q}] = a_{p}_{q};
    scores[out_b + {p}u * quad_count + quad_{q}] = b_{p}_{q};
}
