// include: plan settings lanes scores step_log
// The step's sums over its pairs, in a fixed order, and what GOR makes of them. One workgroup.
//     L_GOR = M1^2 + [ M2 - 1/D ]_+     M1, M2: means of s and s^2 over the spread scores s (Tran et al. 2019, eq. 3)
// so the slope of a spread score is a straight line in s: gor_weight/Q (2 M1 + 2 s [M2 > 1/D]), Q scores in all.
@group(0) @binding(3) var<storage, read> pairs: array<PairSums>;                // (B)
@group(0) @binding(4) var<storage, read_write> spread_line: array<vec2<f32>>;   // (1) slope = x + y s

@compute @workgroup_size(lane_count)
fn step_sum(@builtin(local_invocation_index) lane: u32) {
    var sums = vec4<f32>(0.0);
    for (var pair = lane; pair < plan.pair_count; pair += lane_count) {
        let it = pairs[pair];
        sums += vec4<f32>(it.loss, it.is_active, it.spread_1, it.spread_2);
    }
    sums = lane_sum(lane, sums);
    if lane != 0u { return; }
    // None if candidates are shared: then the moments are 0.
    let score_count = f32(max(plan.pair_count * negative_count, 1u));
    let moment_1 = sums.z / score_count;
    let moment_2 = sums.w / score_count;
    step_log[plan.log_slot].loss = sums.x;
    step_log[plan.log_slot].active_count = sums.y;
    step_log[plan.log_slot].moment_1 = moment_1;
    step_log[plan.log_slot].moment_2 = moment_2;
    let scale = 2.0 * settings.gor_weight / score_count;
    spread_line[0] = vec2<f32>(scale * moment_1, select(0.0, scale, moment_2 > settings.inverse_dim));
}
