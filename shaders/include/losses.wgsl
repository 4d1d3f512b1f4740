// What all losses share. A workgroup has pairs_per_group pairs, one after another; its lanes share a pair's negatives,
// lane_count apart.
override pairs_per_group: u32 = 1u;

// The pairs of a workgroup, as indices of pair_of.
struct GroupPairs {
    first: u32,
    end: u32,
}

fn group_pairs(group: vec3<u32>, group_count: vec3<u32>) -> GroupPairs {
    let first = (group.x + group.y * group_count.x) * pairs_per_group;
    return GroupPairs(first, min(first + pairs_per_group, dispatch_pairs()));
}

fn positive_score(index: u32) -> f32 { return scores[positive_at(pair_of(index))]; }

// For the lane that writes the pair's results: the slope of the positive, the sum of the negatives' slopes, and the loss.
fn put_loss(index: u32, positive_slope: f32, negative_slopes: f32, loss: f32) {
    let pair = pair_of(index);
    scores[positive_at(pair)] = positive_slope;
    pairs[pair].loss = loss;
    pairs[pair].is_active = select(0.0, 1.0, positive_slope != 0.0);
    pairs[pair].slopes = positive_slope + negative_slopes;
}

// [x]_+, but what is not a number stays so, and stops the training.
fn hinge(x: f32) -> f32 { return select(x, max(x, 0.0), is_finite(x)); }

// To look for the largest score: what is not a number wins, so that it is seen.
fn rank_key(score: f32) -> f32 { return select(3e38, score, is_finite(score)); }
