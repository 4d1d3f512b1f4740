// include: plan geometry lanes parts history history_parts
// The user of each pair: h = e_u + (g / n) (S - the pair's positive), and its point. One workgroup for pairs_per_group
// pairs, one after another.
@group(0) @binding(1) var<storage, read> histories: array<vec4<f32>>;           // (user slots, D/4)
@group(0) @binding(2) var<storage, read_write> working: array<vec4<f32>>;       // as row_load leaves it

override pairs_per_group: u32 = 1u;
override left_rows_at: u32 = 0u;        // where `left_rows` begins in the working set
override copies_users: u32 = 0u;        // 1: the left rows are the pairs' users

fn working_part(slot: u32, lane: u32) -> Part {
    var part = no_part();
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { part.a = working[at]; }
    if has_chunk(lane, 1u) { part.b = working[at + 1u]; }
    if has_chunk(lane, 2u) { part.c = working[at + 2u]; }
    if has_chunk(lane, 3u) { part.d = working[at + 3u]; }
    return part;
}

// Writes a row of the working set that begins at vec4 `begin`.
fn write_part(begin: u32, lane: u32, e: Part) {
    let at = begin + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { working[at] = e.a; }
    if has_chunk(lane, 1u) { working[at + 1u] = e.b; }
    if has_chunk(lane, 2u) { working[at + 2u] = e.c; }
    if has_chunk(lane, 3u) { working[at + 3u] = e.d; }
}

fn user_of(pair: u32, lane: u32) -> Part {
    let own = own_user_of_pair(pair);
    let weight = item_weight(pair);
    var h = no_part();
    if row_of_slot(own) != none { h = working_part(own, lane); }
    // What is no history must not be read: a number that is not finite would stay one times zero.
    if weight == 0.0 { return h; }
    var sum = history_part(own - plan.item_slot_count, lane);
    if takes_out(pair) { sum = part_plus(sum, -1.0, working_part(positive_of_pair(pair), lane)); }
    return part_plus(h, weight, sum);
}

@compute @workgroup_size(lane_count)
fn history_user(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) group_count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = (group.x + group.y * group_count.x) * pairs_per_group;
    for (var pair = first; pair < min(first + pairs_per_group, plan.pair_count); pair += 1u) {
        let h = user_of(pair, lane);
        let squares = lane_sum(lane, vec4<f32>(part_dot(h, h), 0.0, 0.0, 0.0)).x;
        let scale = sum_scale(squares);
        let e = part_plus(no_part(), scale, h);
        let to = user_of_pair(pair) * (chunk_count + 1u);
        write_part(to, lane, e);
        if lane == 0u { working[to + chunk_count] = vec4<f32>(scale, 0.0, 0.0, point_height(squares * scale * scale)); }
        if copies_users != 0u { write_part(left_rows_at + pair * chunk_count, lane, e); }
    }
}
