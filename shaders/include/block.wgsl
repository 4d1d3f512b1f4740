// Score and draw work on blocks of pairs, so that the (B, C) scores fit one binding.
struct Block {
    first_pair: u32,
    pair_capacity: u32,
    unused_0: u32,
    unused_1: u32,
}

@group(0) @binding(2) var<uniform> block: Block;
