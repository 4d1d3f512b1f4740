// include: plan settings lanes parts row_parts negatives
// For each pair: squared distances, the nearest negative, the hinge (Tran et al. 2019, eq. 1) and its
// shares of the GOR moments (eq. 3). One workgroup a pair.
struct PairLoss {
    sums: vec4<f32>,    // weight * hinge; 1 where the hinge is positive; sum_k v_j.v_k; sum_k (v_j.v_k)^2
    hinge: f32,         // before weighting
    weight: f32,        // 0 where the pair has no negative
    nearest: u32,       // k of the nearest negative, or none
    unused_0: u32,
}

@group(0) @binding(3) var<storage, read> rows: array<vec4<f32>>;                // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> picks: array<u32>;                     // (B, N)
@group(0) @binding(5) var<storage, read_write> similarities: array<f32>;        // (B, N) v_j . v_k
@group(0) @binding(6) var<storage, read_write> pairs: array<PairLoss>;          // (B)

@compute @workgroup_size(lane_count)
fn triplet_loss(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pair = group.x + group.y * group_count.x;
    if pair >= plan.pair_count { return; }
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
    if lane == 0u {
        var loss = PairLoss(vec4<f32>(0.0, 0.0, moment_1, moment_2), 0.0, 0.0, nearest, 0u);
        if nearest != none {
            loss.weight = 1.0;
            loss.hinge = max(positive_distance - nearest_distance + settings.margin, 0.0);
            loss.sums.x = loss.weight * loss.hinge;
            loss.sums.y = select(0.0, 1.0, loss.hinge > 0.0);
        }
        pairs[pair] = loss;
    }
}
