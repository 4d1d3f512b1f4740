// Which rows are scored against the candidates, and what is added to a candidate's scores.
override scores_users: u32 = 0u;    // 1: the pairs' users, with item biases and heights; 0: their positives, without
override has_heights: u32 = 0u;     // 1: points have heights, so that users have something to add, too

// The row slot that is scored for a pair.
fn left_slot_of_pair(pair: u32) -> u32 {
    if scores_users != 0u { return user_of_pair(pair); }
    return positive_of_pair(pair);
}

// What the plan adds to the scores of a candidate: far for a hole, else a correction; and the item bias and
// the point's height.
fn candidate_offset(slot: u32) -> f32 {
    var offset = bitcast<f32>(plan.words[plan.offsets_at + slot]);
    if scores_users != 0u { offset += points[slot * (chunk_count + 1u) + chunk_count].w; }
    return offset;
}

fn candidate_offsets(quad: u32) -> vec4<f32> {
    let slot = quad * 4u;
    return vec4<f32>(
        candidate_offset(slot), candidate_offset(slot + 1u), candidate_offset(slot + 2u), candidate_offset(slot + 3u));
}

// What is added to all scores of a pair: its user's height.
fn left_height(pair: u32) -> f32 {
    if scores_users == 0u || has_heights == 0u { return 0.0; }
    return points[user_of_pair(pair) * (chunk_count + 1u) + chunk_count].w;
}
