// include: plan lanes parts row_parts negatives scores
// The scores of each pair: u . v and what is added for either point, of its positive and of its N negatives; with GOR also the spread scores
// v_p . v_k of the positive and each negative, and their sums. One workgroup for pairs_per_group pairs, one after
// another. With shared candidates N is 0: they are scored elsewhere.
@group(0) @binding(3) var<storage, read> points: array<vec4<f32>>;              // (R, D/4 + 1)
@group(0) @binding(4) var<storage, read> picks: array<u32>;                     // (B, N)
@group(0) @binding(5) var<storage, read_write> scores: array<f32>;              // (B, 1 + N)
@group(0) @binding(6) var<storage, read_write> spread: array<f32>;              // (B, N)
@group(0) @binding(7) var<storage, read_write> pairs: array<PairSums>;          // (B)

override pairs_per_group: u32 = 1u;
override has_spread: u32 = 0u;      // 1: with GOR

// What is added to the scores of the point in a slot: its item bias and height.
fn added_of(slot: u32) -> f32 { return points[min(slot, plan.row_count - 1u) * (chunk_count + 1u) + chunk_count].w; }

fn score_pair(pair: u32, lane: u32) {
    let user = row_part(user_of_pair(pair), lane);
    let positive = row_part(positive_of_pair(pair), lane);
    let toward = part_dot(user, positive);
    let of_user = added_of(user_of_pair(pair));
    var spread_1 = 0.0;
    var spread_2 = 0.0;
    for (var k = 0u; k < max(negative_count, 1u); k += 1u) {
        var slot = none;
        if k < negative_count { slot = negative_slot(pair * negative_count + k); }
        let negative = row_part(slot, lane);
        var aside = 0.0;
        if has_spread != 0u { aside = part_dot(positive, negative); }
        let sums = lane_sum(lane, vec4<f32>(toward, part_dot(user, negative), aside, 0.0));
        if lane == 0u {
            if k == 0u { scores[positive_at(pair)] = sums.x + of_user + added_of(positive_of_pair(pair)); }
            if k < negative_count { scores[negative_at(pair, k)] = select(sums.y + of_user + added_of(slot), far, slot == none); }
            if has_spread != 0u { spread[pair * negative_count + k] = sums.z; }
        }
        // A negative that is not there has the vector zero, and adds nothing.
        spread_1 += sums.z;
        spread_2 += sums.z * sums.z;
    }
    if lane == 0u {
        pairs[pair].spread_1 = spread_1;
        pairs[pair].spread_2 = spread_2;
    }
}

@compute @workgroup_size(lane_count)
fn pair_score(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = (group.x + group.y * group_count.x) * pairs_per_group;
    for (var pair = first; pair < min(first + pairs_per_group, plan.pair_count); pair += 1u) {
        score_pair(pair, lane);
    }
}
