// include: plan lanes finite scores pair_scores losses
// WARP (Weston et al., IJCAI 2011), in scores: the hinge on the first of the pair's draws that violates the margin,
//     L = w [ 2 x_k - 2 x_p + margin ]_+,   w = ln(1 + floor(I / K))
// if that is draw K (from 1): so the positive's rank among the I items is about I / K. Slopes -2 w and +2 w.
override margin: f32 = 1.0;
override item_count: u32 = 1u;      // I

const bad: f32 = 3e38;              // rank_key of what is not a number

fn pair_loss(index: u32, lane: u32) {
    exclude(index, lane);
    let positive = positive_score(index);
    var own_first = score_count();
    var own_score = far;
    for (var k = lane; k < score_count(); k += lane_count) {
        let value = 2.0 * negative_score(index, k) - 2.0 * positive + margin;
        if (value > 0.0 || !is_finite(value)) && own_first == score_count() {
            own_first = k;
            own_score = rank_key(negative_score(index, k));
        }
        // What is not a number is seen, on whichever draw.
        if !is_finite(negative_score(index, k)) { own_score = bad; }
    }
    let first = u32(-lane_max(lane, -f32(own_first)));
    let score = lane_max(lane, select(far, own_score, own_score == bad || own_first == first));
    var value = 0.0;
    var pull = 0.0;
    if first < score_count() {
        let weight = log(1.0 + floor(f32(item_count) / f32(first + 1u)));
        value = weight * hinge(2.0 * score - 2.0 * positive + margin);
        pull = 2.0 * weight;
    }
    for (var k = lane; k < score_count(); k += lane_count) { put_negative(index, k, select(0.0, pull, k == first)); }
    if lane == 0u { put_loss(index, -pull, pull, value); }
}

@compute @workgroup_size(lane_count)
fn warp_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_pairs(group, group_count);
    for (var index = own.first; index < own.end; index += 1u) { pair_loss(index, lane); }
}
