// The scores of a step, and what becomes of them. For each pair 1 + N numbers: the score of its positive,
// then those of its negatives. A loss puts the slopes dL/d(score) in their place.
struct PairSums {
    loss: f32,          // the pair's loss
    is_active: f32,     // 1 if any of the pair's slopes is not zero
    spread_1: f32,      // sum_k of the spread scores v_p . v_k (GOR)
    spread_2: f32,      // sum_k of their squares
    slopes: f32,        // sum of all slopes of the pair
}

override negative_count: u32 = 1u;

// The score of a negative that is not there: further away than anything.
const far: f32 = -1e30;

fn is_there(score: f32) -> bool { return !(score <= 0.5 * far); }

fn positive_at(pair: u32) -> u32 { return pair * (1u + negative_count); }
fn negative_at(pair: u32, k: u32) -> u32 { return pair * (1u + negative_count) + 1u + k; }
