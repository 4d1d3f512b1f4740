// include: plan lanes finite scores pair_scores losses
// A hinge on every negative, in scores:
//     L = sum_k [ 2 x_k - 2 x_p + margin ]_+
// slopes +2 on each negative that counts, -2 for each of these on the positive.
override margin: f32 = 1.0;

fn pair_loss(index: u32, lane: u32) {
    exclude(index, lane);
    let positive = positive_score(index);
    var sums = vec4<f32>(0.0);      // losses, pulls
    for (var k = lane; k < score_count(); k += lane_count) {
        let value = hinge(2.0 * negative_score(index, k) - 2.0 * positive + margin);
        let pull = select(0.0, 2.0, value > 0.0);
        put_negative(index, k, pull);
        sums += vec4<f32>(value, pull, 0.0, 0.0);
    }
    sums = lane_sum(lane, sums);
    if lane == 0u { put_loss(index, -sums.y, sums.y, sums.x); }
}

@compute @workgroup_size(lane_count)
fn hinge_sum_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_pairs(group, group_count);
    for (var index = own.first; index < own.end; index += 1u) { pair_loss(index, lane); }
}
