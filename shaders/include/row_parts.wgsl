// A lane's part of the point in a row slot; zero if there is no slot.
fn row_part(slot: u32, lane: u32) -> Part {
    var part = no_part();
    if slot == none { return part; }
    let at = slot * (chunk_count + 1u) + lane * chunks_per_lane;
    if has_chunk(lane, 0u) { part.a = points[at]; }
    if has_chunk(lane, 1u) { part.b = points[at + 1u]; }
    if has_chunk(lane, 2u) { part.c = points[at + 2u]; }
    if has_chunk(lane, 3u) { part.d = points[at + 3u]; }
    return part;
}
