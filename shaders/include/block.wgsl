// The scores of pairs against all candidates are made and used in blocks of pairs, so that they fit one binding.
struct Block {
    first_pair: u32,    // the first pair of this dispatch in the batch
    first_row: u32,     // its row in the candidate scores
    pair_count: u32,    // pairs of this dispatch at most
    unused_0: u32,
}

@group(0) @binding(2) var<uniform> block: Block;

// Pairs of this dispatch.
fn block_pairs() -> u32 { return min(block.pair_count, plan.pair_count - block.first_pair); }
