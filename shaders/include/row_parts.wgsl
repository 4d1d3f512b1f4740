// A lane's part of the unit vector in a row slot; zero where there is no slot.
fn row_part(slot: u32, lane: u32) -> Part {
    var part = no_part();
    if slot == none { return part; }
    let at = slot * (chunk_count + 1u);
    var chunk = lane;
    if chunk < chunk_count { part.a = rows[at + chunk]; }
    chunk += lane_count;
    if chunk < chunk_count { part.b = rows[at + chunk]; }
    chunk += lane_count;
    if chunk < chunk_count { part.c = rows[at + chunk]; }
    chunk += lane_count;
    if chunk < chunk_count { part.d = rows[at + chunk]; }
    return part;
}
