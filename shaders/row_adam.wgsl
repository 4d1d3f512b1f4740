// include: plan settings shards shard_quads row_states catch_up lanes stepped_slots lane_chunks
// One Adam step (Kingma and Ba, algorithm 1) on each touched row, after catching up the steps that the row
// missed. One workgroup for slots_per_group slots, one after another.
@group(0) @binding(1{s}) var<storage, read_write> points_{s}: array<vec4<f32>>;       // (shard rows, D/4)
@group(0) @binding(2{s}) var<storage, read_write> drift_{s}: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(3{s}) var<storage, read_write> variance_{s}: array<vec4<f32>>;     // (shard rows, D/4)
@group(0) @binding(3) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

override reads_ahead: u32 = 0u;     // 1: see first_numbers

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

// {s} begins
// The first number of the lane's part of each table and of the gradient. Where a lane waits for memory by itself (a
// CPU), asking for these before anything else has their cache lines come together and not one after another.
fn first_numbers_{s}(slot: u32, row: u32, lane: u32) -> vec4<f32> {
    let chunk = min(lane_chunk(lane, 0u), chunk_count - 1u);
    let index = row * chunk_count + chunk;
    let gradient = gradients[slot * (chunk_count + 1u) + chunk].x;
    return vec4<f32>(drift_{s}[index].x, variance_{s}[index].x, points_{s}[index].x, gradient);
}

// The row's |x|^2, x . drift and |drift|^2 afterwards: the lane's shares.
fn step_row_{s}(slot: u32, row: u32, rates: Rates, it: Missed, first: vec4<f32>, lane: u32) -> vec3<f32> {
    var sums = vec3<f32>(0.0);
    for (var part = 0u; part < chunks_per_lane; part += 1u) {
        let chunk = lane_chunk(lane, part);
        if chunk >= chunk_count { continue; }
        let index = row * chunk_count + chunk;
        var gradient = gradients[slot * (chunk_count + 1u) + chunk];
        var d = drift_{s}[index];
        var v = variance_{s}[index];
        var x = points_{s}[index];
        if reads_ahead != 0u && part == 0u {
            d.x = first.x;
            v.x = first.y;
            x.x = first.z;
            gradient.x = first.w;
        }
        x -= it.distance * d;
        var m = d * (sqrt(v) + it.epsilon) * it.decay_1;
        v *= it.decay_2;
        m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
        v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
        x -= rates.step_size * m / (sqrt(v) / rates.root_bias_2 + settings.epsilon);
        d = m / (sqrt(v) + rates.epsilon);
        points_{s}[index] = x;
        drift_{s}[index] = d;
        variance_{s}[index] = v;
        sums += vec3<f32>(dot(x, x), dot(x, d), dot(d, d));
    }
    return sums;
}
// {s} ends

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
        let place = place_of_row(row_of_slot(slot));
        var first = vec4<f32>(0.0);
        if reads_ahead != 0u && place.shard == {s}u { first = first_numbers_{s}(slot, place.row, lane); }
        // Read by the lane that writes it below.
        var last = 0u;
        if lane == 0u { last = read_state(place).last_step; }
        let missed = missed_since(of_first_lane(lane, last));
        var shares = vec3<f32>(0.0);
        if place.shard == {s}u { shares = step_row_{s}(slot, place.row, rates, missed, first, lane); }
        let sums = lane_sum(lane, vec4<f32>(shares, 0.0));
        if lane == 0u { write_state(place, RowState(sums.x, sums.y, sums.z, plan.step)); }
    }
}
