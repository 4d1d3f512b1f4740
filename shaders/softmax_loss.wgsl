// include: plan lanes finite scores pair_scores losses
// The softmax over a pair's positive and its negatives, in scores:
//     L = -x_p / t + ln( e^(x_p / t) + sum_k e^(x_k / t) )
// slopes (p_p - 1) / t and p_k / t, p the shares of the sum. If candidates are shared, the plan has added what corrects
// for how likely each was to be drawn.
override temperature: f32 = 0.1;    // t

fn pair_loss(index: u32, lane: u32) {
    exclude(index, lane);
    let positive = positive_score(index);
    var own_largest = rank_key(positive);
    for (var k = lane; k < score_count(); k += lane_count) {
        own_largest = max(own_largest, rank_key(negative_score(index, k)));
    }
    let largest = lane_max(lane, own_largest);
    var own_sum = 0.0;
    for (var k = lane; k < score_count(); k += lane_count) {
        let share = exp((negative_score(index, k) - largest) / temperature);
        put_negative(index, k, share);
        own_sum += share;
    }
    let negatives = lane_sum(lane, vec4<f32>(own_sum, 0.0, 0.0, 0.0)).x;
    let sum = exp((positive - largest) / temperature) + negatives;
    let scale = 1.0 / (sum * temperature);
    for (var k = lane; k < score_count(); k += lane_count) {
        put_negative(index, k, negative_score(index, k) * scale);
    }
    // 1 - p_p is the negatives' share: so it keeps its digits where p_p is near 1.
    if lane == 0u { put_loss(index, -negatives * scale, negatives * scale, (largest - positive) / temperature + log(sum)); }
}

@compute @workgroup_size(lane_count)
fn softmax_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_pairs(group, group_count);
    for (var index = own.first; index < own.end; index += 1u) { pair_loss(index, lane); }
}
