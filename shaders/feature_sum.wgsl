// include: plan lanes step_log
// Adds L_f of the projected rows to the step's report, in a fixed order. One workgroup.
@group(0) @binding(1) var<storage, read> feature_losses: array<f32>;            // (P)

@compute @workgroup_size(lane_count)
fn feature_sum(@builtin(local_invocation_index) lane: u32) {
    var share = 0.0;
    for (var own = lane; own < plan.projected_count; own += lane_count) { share += feature_losses[own]; }
    let loss = lane_sum(lane, vec4<f32>(share, 0.0, 0.0, 0.0)).x;
    if lane == 0u { step_log[plan.log_slot].feature_loss += loss; }
}
