// include: plan scores
// The hinge on the nearest negative (Tran et al. 2019, eq. 1), in scores:
//     L = [ 2 max_k x_k - 2 x_p + margin ]_+
// slopes -2 on the positive and +2 on the nearest negative (the first of equals) if L > 0. One thread a pair.
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;              // (B, 1 + N), slopes afterwards
@group(0) @binding(4) var<storage, read_write> pairs: array<PairSums>;          // (B)

override lane_count: u32 = 32u;
override margin: f32 = 1.0;

@compute @workgroup_size(lane_count)
fn triplet_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pair = (group.x + group.y * group_count.x) * lane_count + lane;
    if pair >= plan.pair_count { return; }
    var nearest = none;
    var nearest_score = far;
    for (var k = 0u; k < negative_count; k += 1u) {
        let score = scores[negative_at(pair, k)];
        // What is not a number wins, so that it is seen.
        if score > nearest_score || !is_finite(score) {
            nearest = k;
            nearest_score = score;
        }
    }
    let difference = 2.0 * nearest_score - 2.0 * scores[positive_at(pair)] + margin;
    // What is not a number stays so, and stops the training.
    let hinge = select(difference, max(difference, 0.0), is_finite(difference));
    let pull = select(0.0, 2.0, hinge > 0.0);
    scores[positive_at(pair)] = -pull;
    for (var k = 0u; k < negative_count; k += 1u) { scores[negative_at(pair, k)] = select(0.0, pull, k == nearest); }
    pairs[pair].loss = hinge;
    pairs[pair].is_active = select(0.0, 1.0, hinge > 0.0);
}
