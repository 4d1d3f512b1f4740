// include: plan lanes finite scores pair_scores losses
// The contrastive loss of SimpleX (Mao et al., CIKM 2021), in scores:
//     L = (1 - x_p) + weight / N  sum_k [ x_k - margin ]_+
// slopes -1 on the positive, weight / N on each of the pair's N negatives that is above the margin.
override margin: f32 = 0.9;
override contrastive_weight: f32 = 100.0;

fn pair_loss(index: u32, lane: u32) {
    exclude(index, lane);
    var sums = vec4<f32>(0.0);      // negatives, sum of hinges, those above the margin
    for (var k = lane; k < score_count(); k += lane_count) {
        let score = negative_score(index, k);
        let is_above = select(0.0, 1.0, score > margin);
        sums += vec4<f32>(select(0.0, 1.0, is_there(score)), hinge(score - margin), is_above, 0.0);
    }
    sums = lane_sum(lane, sums);
    let share = contrastive_weight / max(sums.x, 1.0);
    for (var k = lane; k < score_count(); k += lane_count) {
        put_negative(index, k, select(0.0, share, negative_score(index, k) > margin));
    }
    let loss = 1.0 - positive_score(index) + share * sums.y;
    if lane == 0u { put_loss(index, -1.0, share * sums.z, loss); }
}

@compute @workgroup_size(lane_count)
fn contrastive_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_pairs(group, group_count);
    for (var index = own.first; index < own.end; index += 1u) { pair_loss(index, lane); }
}
