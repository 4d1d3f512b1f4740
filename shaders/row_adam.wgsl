// include: plan settings shard shard_quad row_state catch_up stepped_row
// One Adam step (Kingma and Ba, algorithm 1) on each touched row, after catching up the steps that the row
// missed. One workgroup a quad of slots of one shard.
@group(0) @binding(3) var<storage, read_write> points: array<vec4<f32>>;        // (shard rows, D/4)
@group(0) @binding(4) var<storage, read_write> drift: array<vec4<f32>>;         // (shard rows, D/4)
@group(0) @binding(5) var<storage, read_write> variance: array<vec4<f32>>;      // (shard rows, D/4)
@group(0) @binding(6) var<storage, read_write> row_states: array<RowState>;     // (shard rows)
@group(0) @binding(7) var<storage, read> catch_up: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read> gradients: array<vec4<f32>>;           // (R, D/4 + 1)

override lane_count: u32 = 32u;
override chunk_count: u32 = 32u;

// Each lane's shares of |x|^2, x . drift and |drift|^2 of the quad's rows.
var<workgroup> shares: array<array<vec4<f32>, 3>, lane_count>;

// A row that the step touches, and what the steps that it missed did to it.
struct Touched {
    row: u32,           // of the shard, or none
    distance: f32,      // how many drifts it moved
    epsilon: f32,       // drift_epsilon of its last step
    decay_1: f32,       // of the first moment
    decay_2: f32,       // of the second
}

fn touched(row: u32) -> Touched {
    var it = Touched(row, 0.0, 0.0, 1.0, 1.0);
    if row == none { return it; }
    let last = row_states[row].last_step;
    let skipped = plan.step - 1u - last;
    it.epsilon = drift_epsilon(last);
    if last != 0u {
        it.distance = skipped_distance(last, skipped);
        it.decay_1 = exp(f32(skipped) * settings.log_beta_1);
        it.decay_2 = exp(f32(skipped) * settings.log_beta_2);
    }
    return it;
}

// The chunk's shares of |x|^2, x . drift and |drift|^2 afterwards.
fn step_chunk(slot: u32, it: Touched, chunk: u32) -> vec3<f32> {
    if it.row == none { return vec3<f32>(0.0); }
    let index = it.row * chunk_count + chunk;
    let gradient = gradients[slot * (chunk_count + 1u) + chunk];
    var d = drift[index];
    var v = variance[index];
    var x = points[index] - it.distance * d;
    var m = d * (sqrt(v) + it.epsilon) * it.decay_1;
    v *= it.decay_2;
    m = settings.beta_1 * m + (1.0 - settings.beta_1) * gradient;
    v = settings.beta_2 * v + (1.0 - settings.beta_2) * gradient * gradient;
    x -= settings.learning_rate / plan.bias_1 * m / (sqrt(v) / plan.root_bias_2 + settings.epsilon);
    d = m / (sqrt(v) + drift_epsilon(plan.step));
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
    let quad = shard_quad(group.x + group.y * group_count.x);
    if quad == none { return; }
    let slot = quad * 4u;
    let r0 = stepped_row(slot);
    let r1 = stepped_row(slot + 1u);
    let r2 = stepped_row(slot + 2u);
    let r3 = stepped_row(slot + 3u);
    // Most candidates are not drawn.
    if min(min(r0, r1), min(r2, r3)) == none { return; }
    let t0 = touched(r0);
    let t1 = touched(r1);
    let t2 = touched(r2);
    let t3 = touched(r3);
    var squares = vec4<f32>(0.0);
    var along = vec4<f32>(0.0);
    var drift_squares = vec4<f32>(0.0);
    for (var chunk = lane; chunk < chunk_count; chunk += lane_count) {
        let s0 = step_chunk(slot, t0, chunk);
        let s1 = step_chunk(slot + 1u, t1, chunk);
        let s2 = step_chunk(slot + 2u, t2, chunk);
        let s3 = step_chunk(slot + 3u, t3, chunk);
        squares += vec4<f32>(s0.x, s1.x, s2.x, s3.x);
        along += vec4<f32>(s0.y, s1.y, s2.y, s3.y);
        drift_squares += vec4<f32>(s0.z, s1.z, s2.z, s3.z);
    }
    shares[lane] = array<vec4<f32>, 3>(squares, along, drift_squares);
    workgroupBarrier();
    storageBarrier();   // all lanes know the rows' states before new ones are written
    if lane == 0u {
        for (var other = 1u; other < lane_count; other += 1u) {
            squares += shares[other][0];
            along += shares[other][1];
            drift_squares += shares[other][2];
        }
        if r0 != none { row_states[r0] = RowState(squares.x, along.x, drift_squares.x, plan.step); }
        if r1 != none { row_states[r1] = RowState(squares.y, along.y, drift_squares.y, plan.step); }
        if r2 != none { row_states[r2] = RowState(squares.z, along.z, drift_squares.z, plan.step); }
        if r3 != none { row_states[r3] = RowState(squares.w, along.w, drift_squares.w, plan.step); }
    }
}
