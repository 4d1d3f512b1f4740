// The row slots that one workgroup of an optimizer steps: of quads_per_group quads of a shard those with a
// gradient. Most candidates are not drawn. Made of what optimizers do not write.
override quads_per_group: u32 = 1u;     // 8 at most

// Slot `index` of the workgroup's quads, or none.
fn group_slot(group: u32, index: u32) -> u32 {
    let quad = shard_quad(group * quads_per_group + index / 4u);
    if quad == none { return none; }
    return quad * 4u + index % 4u;
}

fn is_stepped(slot: u32) -> bool {
    if slot == none || row_of_slot(slot) == none { return false; }
    return gradients[slot * (chunk_count + 1u) + chunk_count].x != 0.0;
}

// A bit for each slot of the workgroup's quads that it steps.
fn stepped_slots(group: u32, lane: u32) -> u32 {
    var stepped = 0u;
    for (var index = lane; index < 4u * quads_per_group; index += lane_count) {
        stepped |= u32(is_stepped(group_slot(group, index))) << index;
    }
    return lane_or(lane, stepped);
}
