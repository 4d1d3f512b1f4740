// The row slots that one workgroup of an optimizer steps: of slots_per_group slots those with a
// gradient. They are spread over all, since most candidates are not drawn and all users are stepped: so
// workgroups have much the same to do. Made of what optimizers do not write.
override slots_per_group: u32 = 1u;     // 32 at most

struct GroupSlots {
    quads: ShardQuads,  // whose slots are shared out
    first: u32,         // of the workgroup's, counted in slots
    stride: u32,        // from one of them to the next: the workgroups
}

fn group_slots(group: vec3<u32>, group_count: vec3<u32>) -> GroupSlots {
    return GroupSlots(shard_quads(), group.x + group.y * group_count.x, group_count.x * group_count.y);
}

// Slot `index` of the workgroup's, or none.
fn group_slot(own: GroupSlots, index: u32) -> u32 {
    let place = own.first + index * own.stride;
    let quad = shard_quad(own.quads, place / 4u);
    if quad == none { return none; }
    return quad * 4u + place % 4u;
}

fn is_stepped(slot: u32) -> bool {
    if slot == none || row_of_slot(slot) == none { return false; }
    return gradients[slot * (chunk_count + 1u) + chunk_count].x != 0.0;
}

// A bit for each of the workgroup's slots that it steps.
fn stepped_slots(own: GroupSlots, lane: u32) -> u32 {
    var stepped = 0u;
    for (var index = lane; index < slots_per_group; index += lane_count) {
        stepped |= u32(is_stepped(group_slot(own, index))) << index;
    }
    return lane_or(lane, stepped);
}
