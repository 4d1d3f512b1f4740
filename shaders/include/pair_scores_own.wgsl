// What a loss works on, if each pair has negatives of its own: the scores of its positive and of its N negatives. The
// slopes dL/d(score) take their places. pair_scores_shared.wgsl stands in for this file if negatives are shared.
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;              // (B, 1 + N)
@group(0) @binding(4) var<storage, read_write> pairs: array<PairSums>;          // (B)

// Pairs of this dispatch; `index` below counts them.
fn dispatch_pairs() -> u32 { return plan.pair_count; }

fn pair_of(index: u32) -> u32 { return index; }

// Puts far in the place of what is no negative of the pair. Each lane puts it where it alone reads afterwards.
fn exclude(index: u32, lane: u32) {}

fn score_count() -> u32 { return negative_count; }

fn negative_score(index: u32, k: u32) -> f32 { return scores[negative_at(index, k)]; }

fn put_negative(index: u32, k: u32, value: f32) { scores[negative_at(index, k)] = value; }
