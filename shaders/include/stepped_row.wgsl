// The shard's row that a slot steps, or none: a hole, or a row without gradient. Made of what optimizers do not
// write, so that all lanes are known to agree on it: barriers follow.
fn stepped_row(slot: u32) -> u32 {
    let row = row_of_slot(slot);
    if row == none { return none; }
    if gradients[slot * (chunk_count + 1u) + chunk_count].x == 0.0 { return none; }
    return row - shard.first_row;
}
