//! Counter-based random numbers: the one source of randomness, with the same bits in Rust and WGSL.
//!
//! PCG4D (Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020) hashes four words
//! into four. A [`Stream`] is keyed by (seed, purpose, index), so that any step of a run can be
//! reproduced from three integers and no state is ever saved.

use rand::TryRng;
use std::convert::Infallible;

/// Four words in, four well-mixed words out, but for the low byte, which is uneven: take high bits.
/// Twin of `pcg4d` in `shaders/include/random.wgsl`.
#[inline(always)]
pub fn pcg4d(input: [u32; 4]) -> [u32; 4] {
    // By single words: over arrays it becomes vector code without a vector multiplication, four times slower.
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

/// What a stream is used for: streams of different purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Starting embeddings.
    Init = 1,
    /// Splits into train, validation and test.
    Split = 2,
    /// The order of the training pairs, one stream an epoch.
    Permutation = 3,
    /// Uniform and popularity negatives, one stream a step.
    Negatives = 4,
    /// Candidates of two-stage sampling, one stream a step.
    Candidates = 5,
    /// Keys of the draw on the GPU, one key a step.
    Draw = 6,
    /// Generated data.
    Generate = 7,
    /// Choices made for a picture or a report, never for training.
    Display = 8,
}

/// The two-word key of (seed, purpose, index); what the GPU hashes with its own counters.
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
    /// The stream of `(seed, purpose, index)`, at its beginning.
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

    /// The next words of the stream, as many as `words` has: whole blocks at a time, which is faster.
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

    /// A whole number below `bound` (at least 1), by Lemire's multiplication; the bias is below
    /// `bound / 2^64`.
    #[inline(always)]
    pub fn below(&mut self, bound: u32) -> u32 {
        let words = [self.word(), self.word()];
        below(words, bound)
    }
}

/// [`Stream::below`] from two of a stream's words.
#[inline(always)]
pub fn below(words: [u32; 2], bound: u32) -> u32 {
    let wide = (u64::from(words[0]) << 32) | u64::from(words[1]);
    ((u128::from(wide) * u128::from(bound)) >> 64) as u32
}

/// PCG4D's last round leaves the low byte uneven, and samplers take a choice of their own from it (the layer
/// of a ziggurat, say): the high half is folded in.
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
