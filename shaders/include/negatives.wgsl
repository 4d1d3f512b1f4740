// Row slot of negative `pick` = pair * N + k: drawn on the GPU if there are candidates, else planned.
fn negative_slot(pick: u32) -> u32 {
    if plan.candidate_count == 0u {
        return plan.words[plan.negatives_at + pick];
    }
    return picks[pick];
}
