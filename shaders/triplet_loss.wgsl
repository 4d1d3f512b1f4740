// include: plan settings lanes parts row_parts negatives
// For each pair: squared distances, the nearest negative, the hinge (Tran et al. 2019, eq. 1) and its
// shares of the GOR moments (eq. 3). One workgroup for pairs_per_group pairs, one after another, whose sums it
// adds up: `row_gradient` has all of them to read.
struct PairLoss {
    // Over the workgroup's pairs, in the first of them; zero in the others: weight * hinge; 1 where the
    // hinge is positive; sum_k v_j.v_k; sum_k (v_j.v_k)^2.
    sums: vec4<f32>,
    hinge: f32,         // before weighting
    weight: f32,        // 0 where the pair has no negative
    nearest: u32,       // k of the nearest negative, or none
    unused_0: u32,
}

@group(0) @binding(3) var<storage, read> rows: array<vec4<f32>>;                // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> picks: array<u32>;                     // (B, N)
@group(0) @binding(5) var<storage, read_write> similarities: array<f32>;        // (B, N) v_j . v_k
@group(0) @binding(6) var<storage, read_write> pairs: array<PairLoss>;          // (B)

override pairs_per_group: u32 = 1u;

// Writes all of a pair's loss but the sums, which it returns.
fn pair_loss(pair: u32, lane: u32) -> vec4<f32> {
    let user = row_part(user_of_pair(pair), lane);
    let positive = row_part(positive_of_pair(pair), lane);
    let apart = part_difference(user, positive);
    let squared = part_dot(apart, apart);

    var positive_distance = 0.0;
    var nearest_distance = 1e30;
    var nearest = none;
    var moment_1 = 0.0;
    var moment_2 = 0.0;
    for (var k = 0u; k < negative_count; k += 1u) {
        let slot = negative_slot(pair * negative_count + k);
        let negative = row_part(slot, lane);
        let away = part_difference(user, negative);
        let sums = lane_sum(lane, vec4<f32>(squared, part_dot(away, away), part_dot(positive, negative), 0.0));
        positive_distance = sums.x;
        if slot != none {
            moment_1 += sums.z;
            moment_2 += sums.z * sums.z;
            if sums.y < nearest_distance {
                nearest_distance = sums.y;
                nearest = k;
            }
        }
        if lane == 0u { similarities[pair * negative_count + k] = sums.z; }
    }
    let weight = select(1.0, 0.0, nearest == none);
    let hinge = select(max(positive_distance - nearest_distance + settings.margin, 0.0), 0.0, nearest == none);
    if lane == 0u { pairs[pair] = PairLoss(vec4<f32>(0.0), hinge, weight, nearest, 0u); }
    return vec4<f32>(weight * hinge, select(0.0, 1.0, hinge > 0.0), moment_1, moment_2);
}

@compute @workgroup_size(lane_count)
fn triplet_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = (group.x + group.y * group_count.x) * pairs_per_group;
    if first >= plan.pair_count { return; }
    var sums = vec4<f32>(0.0);
    for (var pair = first; pair < min(first + pairs_per_group, plan.pair_count); pair += 1u) {
        sums += pair_loss(pair, lane);
    }
    if lane == 0u { pairs[first].sums = sums; }
}
