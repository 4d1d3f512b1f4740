// What a loss works on, if all pairs share the candidates as negatives (see pair_scores_own.wgsl): a block of pairs.
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;              // (B, 1) of the positives
@group(0) @binding(4) var<storage, read_write> pairs: array<PairSums>;          // (B)
@group(0) @binding(5) var<storage, read_write> candidate_scores: array<f32>;    // (pair capacity, C)

fn dispatch_pairs() -> u32 { return block_pairs(); }

fn pair_of(index: u32) -> u32 { return block.first_pair + index; }

fn exclude(index: u32, lane: u32) {
    let excluded_at = plan.excluded_at + own_user_of_pair(pair_of(index)) - plan.item_slot_count;
    let end = plan.words[excluded_at + 1u];
    for (var at = plan.words[excluded_at]; at < end; at += 1u) {
        let slot = plan.words[at];
        if slot % lane_count == lane { put_negative(index, slot, far); }
    }
}

fn score_count() -> u32 { return plan.candidate_count; }

fn negative_score(index: u32, k: u32) -> f32 {
    return candidate_scores[(block.first_row + index) * plan.candidate_count + k];
}

fn put_negative(index: u32, k: u32, value: f32) {
    candidate_scores[(block.first_row + index) * plan.candidate_count + k] = value;
}
