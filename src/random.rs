//! Counter-based random numbers, the only source of randomness. Rust and WGSL produce the same bits.
//!
//! PCG4D (Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020) hashes four words into
//! four. A [`Stream`] is keyed by (seed, purpose, index), so that any step of a run can be reproduced from
//! three integers, and no state has to be saved.

use rand::TryRng;
use std::convert::Infallible;

/// Hashes four words into four well-mixed words. Only their low bytes are uneven, so use the high bits. Twin
/// of `pcg4d` in `shaders/include/random.wgsl`.
#[inline(always)]
pub fn pcg4d(input: [u32; 4]) -> [u32; 4] {
    // On single words: of arrays the compiler makes vector code, which lacks a vector multiplication and is
    // four times slower.
    let first = |v: u32| v.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let (mut x, mut y, mut z, mut w) = (first(input[0]), first(input[1]), first(input[2]), first(input[3]));
    x = x.wrapping_add(y.wrapping_mul(w));
    y = y.wrapping_add(z.wrapping_mul(x));
    z = z.wrapping_add(x.wrapping_mul(y));
    w = w.wrapping_add(y.wrapping_mul(z));
    (x, y, z, w) = (x ^ (x >> 16), y ^ (y >> 16), z ^ (z >> 16), w ^ (w >> 16));
    x = x.wrapping_add(y.wrapping_mul(w));
    y = y.wrapping_add(z.wrapping_mul(x));
    z = z.wrapping_add(x.wrapping_mul(y));
    w = w.wrapping_add(y.wrapping_mul(z));
    [x, y, z, w]
}

/// What a stream is used for. Streams for different purposes are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial embeddings.
    Init = 1,
    /// Splits into training, validation and test parts.
    Split = 2,
    /// The order of the training pairs, one stream per epoch; of the items that CDL's network learns from, one per pass.
    Permutation = 3,
    /// Uniform and popularity negatives, one stream per step.
    Negatives = 4,
    /// Candidates of two-stage sampling, one stream per step.
    Candidates = 5,
    /// Keys for the draw on the GPU, one key per step.
    Draw = 6,
    /// Generated data.
    Generate = 7,
    /// Which rows of a step are projected from their features, one stream per step and side.
    Projected = 9,
    /// Keys for dropout, one key per step and side.
    Dropout = 10,
    /// Initial weights of the networks, one stream per row of each layer.
    Weights = 11,
    /// Choices made for a picture or a report, never for training.
    Display = 8,
}

/// The two-word key of (seed, purpose, index). The GPU hashes it with its own counters.
pub fn key(seed: u64, purpose: Purpose, index: u64) -> [u32; 2] {
    let first = pcg4d([seed as u32, (seed >> 32) as u32, purpose as u32, 0x5eed]);
    let second = pcg4d([first[0], first[1], index as u32, (index >> 32) as u32 ^ first[2]]);
    [second[0], second[1]]
}

/// A sequence of random words keyed by (seed, purpose, index). Implements [`rand::Rng`], so that the
/// distributions of `rand_distr` and the methods of [`rand::RngExt`] work on it.
#[derive(Debug, Clone)]
pub struct Stream {
    key: [u32; 2],
    counter: u64,
    block: [u32; 4],
    used: usize,
}

impl Stream {
    /// The stream of `(seed, purpose, index)`, from its beginning.
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Stream {
        Stream { key: key(seed, purpose, index), counter: 0, block: [0; 4], used: 4 }
    }

    #[inline(always)]
    fn word(&mut self) -> u32 {
        if self.used == 4 {
            self.block = pcg4d([self.key[0], self.key[1], self.counter as u32, (self.counter >> 32) as u32]);
            self.counter += 1;
            self.used = 0;
        }
        let word = self.block[self.used];
        self.used += 1;
        folded(word)
    }

    /// Fills `words` with the next words of the stream. This is faster than one word at a time.
    pub fn fill(&mut self, words: &mut [u32]) {
        let (first, rest) = words.split_at_mut(words.len().min(4 - self.used));
        first.iter_mut().for_each(|word| *word = self.word());
        let (blocks, last) = rest.as_chunks_mut::<4>();
        for (block, counter) in blocks.iter_mut().zip(self.counter..) {
            let [x, y, z, w] = pcg4d([self.key[0], self.key[1], counter as u32, (counter >> 32) as u32]);
            *block = [folded(x), folded(y), folded(z), folded(w)];
        }
        self.counter += blocks.len() as u64;
        last.iter_mut().for_each(|word| *word = self.word());
    }

    /// A random whole number below `bound`, which must be at least 1. Uses Lemire's multiplication; the bias
    /// is below `bound / 2^64`.
    #[inline(always)]
    pub fn below(&mut self, bound: u32) -> u32 {
        let words = [self.word(), self.word()];
        below(words, bound)
    }

    /// Shuffles `values`, of which there must be at most 2^32. Written out here, so that no new version of a
    /// library can change a split.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

/// Computes [`Stream::below`] from two words of a stream.
#[inline(always)]
pub fn below(words: [u32; 2], bound: u32) -> u32 {
    let wide = (u64::from(words[0]) << 32) | u64::from(words[1]);
    ((u128::from(wide) * u128::from(bound)) >> 64) as u32
}

/// Folds the high half of a word into the low half. PCG4D's last round leaves the low byte uneven, but
/// samplers use it on its own, for example to choose the layer of a ziggurat.
#[inline(always)]
fn folded(word: u32) -> u32 {
    word ^ (word >> 16)
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.word());
        Ok(low | (u64::from(self.word()) << 32))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
