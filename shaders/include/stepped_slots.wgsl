// The row slots that one workgroup of an optimizer steps: of quads_per_group quads of a shard those with a
// gradient. Its quads are spread over all, since most candidates are not drawn and all users are stepped: so
// workgroups have much the same to do. Made of what optimizers do not write.
override quads_per_group: u32 = 1u;     // 8 at most

struct GroupQuads {
    all: ShardQuads,
    first: u32,         // of the workgroup's, in the list of all
    stride: u32,        // from one of them to the next: the workgroups
}

fn group_quads(group: vec3<u32>, group_count: vec3<u32>) -> GroupQuads {
    return GroupQuads(shard_quads(), group.x + group.y * group_count.x, group_count.x * group_count.y);
}

// Slot `index` of the workgroup's quads, or none.
fn group_slot(quads: GroupQuads, index: u32) -> u32 {
    let quad = shard_quad(quads.all, quads.first + index / 4u * quads.stride);
    if quad == none { return none; }
    return quad * 4u + index % 4u;
}

fn is_stepped(slot: u32) -> bool {
    if slot == none || row_of_slot(slot) == none { return false; }
    return gradients[slot * (chunk_count + 1u) + chunk_count].x != 0.0;
}

// A bit for each slot of the workgroup's quads that it steps.
fn stepped_slots(quads: GroupQuads, lane: u32) -> u32 {
    var stepped = 0u;
    for (var index = lane; index < 4u * quads_per_group; index += lane_count) {
        stepped |= u32(is_stepped(group_slot(quads, index))) << index;
    }
    return lane_or(lane, stepped);
}
