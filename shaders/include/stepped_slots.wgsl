// The row slots that one workgroup of an optimizer steps: those of its slots_per_group slots that the step
// uses. A workgroup's slots are spread over all slots: most candidates are not drawn and all users are
// stepped, so workgroups get much the same to do.
override slots_per_group: u32 = 1u;     // 32 at most

struct GroupSlots {
    quads: ShardQuads,  // whose slots are shared out
    first: u32,         // the workgroup's first, counted in slots
    stride: u32,        // from one of them to the next
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
    let uses = gradients[slot * (chunk_count + 1u) + chunk_count];
    return uses.x != 0.0 || uses.w != 0.0;
}

// A bit for each of the workgroup's slots that it steps.
fn stepped_slots(own: GroupSlots, lane: u32) -> u32 {
    var stepped = 0u;
    for (var index = lane; index < slots_per_group; index += lane_count) {
        stepped |= u32(is_stepped(group_slot(own, index))) << index;
    }
    return lane_or(lane, stepped);
}

// A row on its way through the optimizer.
struct Stepped {
    point: Part,            // e
    gradient: Part,         // dL/dx
    scale: f32,             // e = scale x
    skipped: f32,           // steps that the row missed
    epsilon: f32,           // drift_epsilon of its last step
    added: f32,             // what its scores get beside products: o, if points have no height
    bias_gradient: f32,     // dL/do
}

fn stepped_row(slot: u32, lane: u32) -> Stepped {
    let e = row_part(slot, lane);
    let g = gradient_part(slot, lane);
    let note = points[slot * (chunk_count + 1u) + chunk_count];
    let uses = gradients[slot * (chunk_count + 1u) + chunk_count];
    var along = 0.0;
    if is_curved { along = lane_sum(lane, vec4<f32>(part_dot(g, e), 0.0, 0.0, 0.0)).x; }
    let gradient = Part(
        row_gradient(g.a, e.a, along, note.x, uses.z),
        row_gradient(g.b, e.b, along, note.x, uses.z),
        row_gradient(g.c, e.c, along, note.x, uses.z),
        row_gradient(g.d, e.d, along, note.x, uses.z),
    );
    return Stepped(e, gradient, note.x, note.y, note.z, note.w, uses.y);
}
