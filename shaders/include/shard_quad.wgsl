// The quad of row slots that workgroup `group` of this shard's dispatch owns; none beyond the last.
fn shard_quad(group: u32) -> u32 {
    let begin = plan.words[plan.shards_at + shard.index];
    let end = plan.words[plan.shards_at + shard.index + 1u];
    if group >= end - begin { return none; }
    return plan.words[plan.quads_at + begin + group];
}
