// The quads of row slots that the dispatch of this shard owns.
fn shard_quad_count() -> u32 {
    return plan.words[plan.shards_at + shard.index + 1u] - plan.words[plan.shards_at + shard.index];
}

// The one at `index`; none beyond the last.
fn shard_quad(index: u32) -> u32 {
    if index >= shard_quad_count() { return none; }
    return plan.words[plan.quads_at + plan.words[plan.shards_at + shard.index] + index];
}
