// include: plan settings shard shard_quad catch_up lanes
// One Adam step (Kingma and Ba, algorithm 1) on each touched row, after catching up the steps that the row
// missed. One workgroup a quad of slots of one shard.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> momentum: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(5) var<storage, read_write> variance: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(6) var<storage, read_write> last_steps: array<u32>;          // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// The shard's row that a slot steps, or none: a hole, or a row without gradient.
fn stepped_row(slot: u32) -> u32 {
    let row = row_of_slot(slot);
    if row == none { return none; }
    if gradients[slot * (chunk_count + 1u) + chunk_count].x == 0.0 { return none; }
    return row - shard.first_row;
}

fn last_step_of(local_row: u32) -> u32 {
    if local_row == none { return 0u; }
    return last_steps[local_row];
}

fn step_chunk(slot: u32, local_row: u32, last: u32, chunk: u32) {
    if local_row == none { return; }
    let index = local_row * chunk_count + chunk;
    let gradient = gradients[slot * (chunk_count + 1u) + chunk];
    var x = points[index];
    var m = momentum[index];
    var v = variance[index];
    let skipped = plan.step - 1u - last;
    if last != 0u && skipped != 0u {
        let way = skipped_distance(last, skipped);
        x -= way.x * m / (sqrt(v) + way.y);
        m *= exp(f32(skipped) * settings.log_beta_1);
        v *= exp(f32(skipped) * settings.log_beta_2);
    }
    m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
    v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
    points[index] = x - settings.learning_rate / plan.bias_1 * m / (sqrt(v) / plan.root_bias_2 + settings.epsilon);
    momentum[index] = m;
    variance[index] = v;
}

@compute @workgroup_size(lane_count)
fn row_adam(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quad = shard_quad(group.x + group.y * group_count.x);
    if quad == none { return; }
    let slot = quad * 4u;
    let r0 = stepped_row(slot);
    let r1 = stepped_row(slot + 1u);
    let r2 = stepped_row(slot + 2u);
    let r3 = stepped_row(slot + 3u);
    let last = vec4<u32>(last_step_of(r0), last_step_of(r1), last_step_of(r2), last_step_of(r3));
    storageBarrier();   // all lanes know the last steps before lane 0 writes the new ones
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        step_chunk(slot, r0, last.x, chunk);
        step_chunk(slot + 1u, r1, last.y, chunk);
        step_chunk(slot + 2u, r2, last.z, chunk);
        step_chunk(slot + 3u, r3, last.w, chunk);
    }
    if lane == 0u {
        if r0 != none { last_steps[r0] = plan.step; }
        if r1 != none { last_steps[r1] = plan.step; }
        if r2 != none { last_steps[r2] = plan.step; }
        if r3 != none { last_steps[r3] = plan.step; }
    }
}
