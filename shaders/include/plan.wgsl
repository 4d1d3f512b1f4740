// One step as data. The CPU's planner writes it (src/step/plan.rs); every kernel of the step reads it.
// Letters: B pairs, N negatives a pair, C candidate slots, R row slots, Q = R / 4 quads, S shards.
struct Plan {
    step: u32,              // t, from 1
    log_slot: u32,          // where this step's sums go in step_log
    pair_count: u32,        // B of this batch
    candidate_count: u32,   // C with holes, a multiple of 4; 0: the plan lists the negatives
    item_slot_count: u32,   // slots below are items, the others users; a multiple of 4
    row_count: u32,         // R with holes, a multiple of 4
    draw_key_0: u32,
    draw_key_1: u32,
    step_size: f32,         // Adam: learning rate / (1 - beta_1^t); SGD: learning rate
    root_bias_2: f32,       // sqrt(1 - beta_2^t)
    drift_epsilon: f32,     // epsilon sqrt(1 - beta_2^(t+1)), see catch_up.wgsl
    rows_at: u32,           // (R)      table row of each slot, or none
    users_at: u32,          // (B)      row slot of each pair's user
    positives_at: u32,      // (B)      row slot of each pair's positive
    negatives_at: u32,      // (B, N)   row slots of negatives drawn on the CPU
    uses_at: u32,           // (R + 1)  where each slot's uses begin, counted in words
    excluded_at: u32,       // (user slots + 1)  where each user's excluded candidate slots begin
    quads_at: u32,          // (Q)      quads, shard by shard
    shards_at: u32,         // (S + 1)  where each shard's quads begin in that list
    offsets_at: u32,        // (C)      what is added to each candidate's scores, f32 bits: far for a hole
    // Of a network's first layer (net.wgsl):
    projected_count: u32,   // P
    projected_weight: f32,  // feature_weight, times the step's rows with features over P
    bias_slot: u32,         // the slot of b1
    projected_at: u32,      // (P)      row slot, among the step's, of each projected row
    entries_at: u32,        // (P + 1)  where each projected row's (feature slot, value) begin; a slot's uses are
                            //          (projected row, value)
    // Of histories (history.wgsl). Without them own_users_at is users_at, and pair_slots_at is row_count:
    own_users_at: u32,      // (B)      slot of each pair's user before its history is added
    pair_slots_at: u32,     // slots from here on hold no table rows: slot pair_slots_at + p is the user of pair p
    histories_at: u32,      // (user slots + 1)  where each user's history begins, item slots
    history_pairs_at: u32,  // (user slots + 1)  where each user's pairs begin
    takers_at: u32,         // (item slots + 1)  where those begin whose history has the item, counted from the first user slot
    history_sizes_at: u32,  // (B)      2 x the items of the pair's history without its positive, + 1 if the positive was in it
    words: array<u32>,
}

@group(0) @binding(0) var<storage, read> plan: Plan;

const none: u32 = 0xffffffffu;

fn row_of_slot(slot: u32) -> u32 { return plan.words[plan.rows_at + slot]; }
fn user_of_pair(pair: u32) -> u32 { return plan.words[plan.users_at + pair]; }
fn own_user_of_pair(pair: u32) -> u32 { return plan.words[plan.own_users_at + pair]; }
fn positive_of_pair(pair: u32) -> u32 { return plan.words[plan.positives_at + pair]; }
