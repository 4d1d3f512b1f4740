// include: plan lanes finite scores pair_scores losses
// Bayesian personalised ranking (Rendle et al., UAI 2009), a mean over the negatives, in scores:
//     L = 1 / N  sum_k ln( 1 + e^(x_k - x_p) )
// slopes sigma(x_k - x_p) / N on each negative, and minus their sum on the positive.

fn pair_loss(index: u32, lane: u32) {
    exclude(index, lane);
    let positive = positive_score(index);
    var sums = vec4<f32>(0.0);      // negatives, losses, slopes
    for (var k = lane; k < score_count(); k += lane_count) {
        let score = negative_score(index, k);
        let x = score - positive;
        let small = exp(-abs(x));
        // sigma(x), and softplus(x): by what is at most 1, so that nothing overflows.
        let slope = select(small, 1.0, x > 0.0) / (1.0 + small);
        let loss = hinge(x) + log(1.0 + small);
        put_negative(index, k, slope);
        sums += vec4<f32>(select(0.0, 1.0, is_there(score)), loss, slope, 0.0);
    }
    sums = lane_sum(lane, sums);
    let share = 1.0 / max(sums.x, 1.0);
    for (var k = lane; k < score_count(); k += lane_count) { put_negative(index, k, negative_score(index, k) * share); }
    if lane == 0u { put_loss(index, -sums.z * share, sums.z * share, sums.y * share); }
}

@compute @workgroup_size(lane_count)
fn bpr_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_pairs(group, group_count);
    for (var index = own.first; index < own.end; index += 1u) { pair_loss(index, lane); }
}
