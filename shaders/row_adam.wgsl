// include: plan settings shard shard_quad row_state catch_up lanes stepped_slots lane_chunks
// One Adam step (Kingma and Ba, algorithm 1) on each touched row, after catching up the steps that the row
// missed. One workgroup for slots_per_group slots of one shard, one after another.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> drift: array<vec4<f32>>;         // (shard rows, D/4)
@group(0) @binding(5) var<storage, read_write> variance: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(6) var<storage, read_write> row_states: array<RowState>;     // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

// What is the same for all rows of a step.
struct Rates {
    step_size: f32,     // learning rate / (1 - beta_1^t)
    root_bias_2: f32,   // sqrt(1 - beta_2^t)
    epsilon: f32,       // drift_epsilon of this step
}

// The steps that a row missed, and what they did to it.
struct Missed {
    distance: f32,      // how many drifts it moved
    epsilon: f32,       // drift_epsilon of its last step
    decay_1: f32,       // of the first moment
    decay_2: f32,       // of the second
}

fn missed_since(last: u32) -> Missed {
    var it = Missed(0.0, drift_epsilon(last), 1.0, 1.0);
    let skipped = plan.step - 1u - last;
    if last != 0u {
        it.distance = skipped_distance(last, skipped);
        it.decay_1 = exp(f32(skipped) * settings.log_beta_1);
        it.decay_2 = exp(f32(skipped) * settings.log_beta_2);
    }
    return it;
}

// The chunk's shares of |x|^2, x . drift and |drift|^2 afterwards.
fn step_chunk(slot: u32, row: u32, rates: Rates, it: Missed, chunk: u32) -> vec3<f32> {
    let index = row * chunk_count + chunk;
    let gradient = gradients[slot * (chunk_count + 1u) + chunk];
    var d = drift[index];
    var v = variance[index];
    var x = points[index] - it.distance * d;
    var m = d * (sqrt(v) + it.epsilon) * it.decay_1;
    v *= it.decay_2;
    m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
    v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
    x -= rates.step_size * m / (sqrt(v) / rates.root_bias_2 + settings.epsilon);
    d = m / (sqrt(v) + rates.epsilon);
    points[index] = x;
    drift[index] = d;
    variance[index] = v;
    return vec3<f32>(dot(x, x), dot(x, d), dot(d, d));
}

@compute @workgroup_size(lane_count)
fn row_adam(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = group_slots(group, group_count);
    let rates = Rates(settings.learning_rate / plan.bias_1, plan.root_bias_2, drift_epsilon(plan.step));
    for (var stepped = stepped_slots(own, lane); stepped != 0u; stepped &= stepped - 1u) {
        let slot = group_slot(own, firstTrailingBit(stepped));
        let row = row_of_slot(slot) - shard.first_row;
        // Read by the lane that writes it below.
        var last = 0u;
        if lane == 0u { last = row_states[row].last_step; }
        let missed = missed_since(of_first_lane(lane, last));
        var sums = vec4<f32>(0.0);
        for (var index = 0u; index < chunks_per_lane; index += 1u) {
            let chunk = lane_chunk(lane, index);
            if chunk >= chunk_count { continue; }
            sums += vec4<f32>(step_chunk(slot, row, rates, missed, chunk), 0.0);
        }
        sums = lane_sum(lane, sums);
        if lane == 0u { row_states[row] = RowState(sums.x, sums.y, sums.z, plan.step); }
    }
}
