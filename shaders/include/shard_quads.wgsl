// The quads of row slots that the dispatch owns: a part of the plan's list.
struct ShardQuads {
    begin: u32,
    count: u32,
}

fn shard_quads() -> ShardQuads {
    let begin = plan.words[plan.shards_at + shards.first];
    return ShardQuads(plan.quads_at + begin, plan.words[plan.shards_at + shards.end] - begin);
}

// The quad at `index`; none beyond the last.
fn shard_quad(quads: ShardQuads, index: u32) -> u32 {
    if index >= quads.count { return none; }
    return plan.words[quads.begin + index];
}
