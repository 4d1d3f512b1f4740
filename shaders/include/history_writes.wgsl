// Writes a lane's part of what `histories` has of a user, counted from the first user slot.
fn write_history(user: u32, lane: u32, part: Part) {
    let at = user * chunk_count + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { histories[at] = part.a; }
    if has_chunk(lane, 1u) { histories[at + 1u] = part.b; }
    if has_chunk(lane, 2u) { histories[at + 2u] = part.c; }
    if has_chunk(lane, 3u) { histories[at + 3u] = part.d; }
}
