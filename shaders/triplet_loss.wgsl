// include: plan lanes finite scores pair_scores losses
// The hinge on the nearest negative (Tran et al. 2019, eq. 1), in scores:
//     L = w [ 2 max_k x_k - 2 x_p + margin ]_+
// slopes -2 w on the positive and +2 w on the nearest negative (the first of equals) if L > 0. w = 1, or with the rank
// weight ln(1 + floor(I M / N)), M of the pair's N negatives being nearer than the margin allows (Hsieh et al. 2017, 3.2).
override margin: f32 = 1.0;
override rank_weight: u32 = 0u;     // 1: with it
override item_count: u32 = 1u;      // I

fn pair_loss(index: u32, lane: u32) {
    exclude(index, lane);
    let positive = positive_score(index);
    var own_nearest = far;
    var own_place = score_count();
    var counts = vec4<f32>(0.0);    // negatives, impostors
    for (var k = lane; k < score_count(); k += lane_count) {
        let score = negative_score(index, k);
        if rank_key(score) > own_nearest {
            own_nearest = rank_key(score);
            own_place = k;
        }
        if rank_weight != 0u && is_there(score) {
            counts += vec4<f32>(1.0, select(0.0, 1.0, 2.0 * score - 2.0 * positive + margin > 0.0), 0.0, 0.0);
        }
    }
    let nearest = lane_max(lane, own_nearest);
    let place = u32(-lane_max(lane, select(-f32(score_count()), -f32(own_place), own_nearest == nearest)));
    var weight = 1.0;
    if rank_weight != 0u {
        counts = lane_sum(lane, counts);
        weight = log(1.0 + floor(f32(item_count) * counts.y / max(counts.x, 1.0)));
    }
    let value = weight * hinge(2.0 * nearest - 2.0 * positive + margin);
    let pull = select(0.0, 2.0 * weight, value > 0.0);
    for (var k = lane; k < score_count(); k += lane_count) { put_negative(index, k, select(0.0, pull, k == place)); }
    if lane == 0u { put_loss(index, -pull, pull, value); }
}

@compute @workgroup_size(lane_count)
fn triplet_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_pairs(group, group_count);
    for (var index = own.first; index < own.end; index += 1u) { pair_loss(index, lane); }
}
