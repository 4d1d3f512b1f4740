// Users by what they did: the user of a pair is no row, but the point of
//     h = e_u + (g / n) sum of the points of n items
// with e_u the user's own point, if there is one, and the items those of the user's history but the pair's positive. S,
// the sum over all of the history, is made once for each user of the batch.
override history_weight: f32 = 1.0;     // g

// g / n of a pair; 0 if no item is left.
fn item_weight(pair: u32) -> f32 {
    let count = plan.words[plan.history_sizes_at + pair] / 2u;
    return select(history_weight / f32(max(count, 1u)), 0.0, count == 0u);
}

// Whether the pair's positive is in S.
fn takes_out(pair: u32) -> bool { return plan.words[plan.history_sizes_at + pair] % 2u == 1u; }

fn user_slot_count() -> u32 { return plan.pair_slots_at - plan.item_slot_count; }
