// A lane's part of what `histories` has of a user, counted from the first user slot.
fn history_part(user: u32, lane: u32) -> Part {
    var part = no_part();
    let at = user * chunk_count + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { part.a = histories[at]; }
    if has_chunk(lane, 1u) { part.b = histories[at + 1u]; }
    if has_chunk(lane, 2u) { part.c = histories[at + 2u]; }
    if has_chunk(lane, 3u) { part.d = histories[at + 3u]; }
    return part;
}
