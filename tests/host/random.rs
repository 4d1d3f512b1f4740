//! The counter-based random numbers: known words, even distributions, and no correlation between counters.

use crate::statistics::assert_law;
use rand::Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};
use spherec::random::{Purpose, Stream, key, pcg4d};
use std::collections::HashSet;

const PURPOSES: [Purpose; 8] = [
    Purpose::Init,
    Purpose::Split,
    Purpose::Permutation,
    Purpose::Negatives,
    Purpose::Candidates,
    Purpose::Draw,
    Purpose::Generate,
    Purpose::Display,
];

/// The words were computed in another language, by the formula of Jarzynski and Olano 2020.
#[test]
fn pcg4d_gives_known_words() {
    let known = [
        (
            [0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0000],
            [0x0f02_f829, 0x2d56_8769, 0x32b0_c43b, 0xd325_48ea],
        ),
        (
            [0x0000_0001, 0x0000_0002, 0x0000_0003, 0x0000_0004],
            [0x3622_cd16, 0xf114_71d8, 0xe110_9b3f, 0x02b9_4c2f],
        ),
        (
            [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff],
            [0x974e_d892, 0xc015_dc67, 0x9f95_5760, 0xa1bb_a208],
        ),
        (
            [0x0000_0000, 0x0000_0000, 0x0000_0000, 0x0000_0001],
            [0x8d9e_ffe2, 0xa833_f3dc, 0x8246_b1b2, 0x58ab_6650],
        ),
        (
            [0x0000_0001, 0x0000_0000, 0x0000_0000, 0x0000_0000],
            [0x0b3c_efc3, 0xa31d_c1d5, 0x5ffb_e5a5, 0x623d_099e],
        ),
        (
            [0xdead_beef, 0x1234_5678, 0x9abc_def0, 0x0000_002a],
            [0x4fc6_8287, 0x963f_5f49, 0xc2b1_8fbf, 0x97f5_7e84],
        ),
    ];
    for (input, output) in known {
        assert_eq!(pcg4d(input), output, "{input:x?}");
    }
}

/// Counts of the 256 values that `value` takes.
fn count(values: impl Iterator<Item = u32>) -> Vec<u64> {
    let mut counts = vec![0; 256];
    values.for_each(|value| counts[value as usize] += 1);
    counts
}

fn assert_even(what: &str, values: impl Iterator<Item = u32>) {
    assert_law(what, &count(values), &[1.0; 256]);
}

/// The draw on the GPU uses these bits of a word. (The low byte is uneven, also in the paper's code.)
#[test]
fn the_upper_bits_of_pcg4d_are_even_over_counters() {
    for lane in 0..4 {
        for shift in [9, 16, 24] {
            let words = (0..100_000).map(|counter| pcg4d([77, 5, counter, 0])[lane]);
            assert_even(&format!("lane {lane}, from bit {shift}"), words.map(|word| word >> shift & 255));
        }
    }
}

#[test]
fn every_byte_of_a_stream_is_even() {
    for lane in 0..4 {
        for shift in [0, 8, 16, 24] {
            let mut stream = Stream::new(1, Purpose::Init, lane);
            (0..lane).for_each(|_| _ = stream.next_u32());
            let words = (0..100_000).map(|_| {
                let word = stream.next_u32();
                (0..3).for_each(|_| _ = stream.next_u32());
                word
            });
            assert_even(&format!("lane {lane}, byte {shift}"), words.map(|word| word >> shift & 255));
        }
    }
}

/// The samplers of `rand_distr` choose a layer by the low byte and a place in it by the rest.
#[test]
fn normal_and_exponential_numbers_follow_their_laws() {
    for index in 0..4 {
        let mut stream = Stream::new(2, Purpose::Init, index);
        let exponential = (0..200_000).map(|_| {
            let value: f64 = Exp1.sample(&mut stream);
            ((1.0 - (-value).exp()) * 256.0) as u32
        });
        assert_even("exponential", exponential);
        // The squared length of two normal numbers is exponential, and their angle is even.
        let mut angles = Vec::new();
        let lengths = (0..100_000).map(|_| {
            let (x, y): (f64, f64) = (StandardNormal.sample(&mut stream), StandardNormal.sample(&mut stream));
            angles.push(((y.atan2(x) / std::f64::consts::TAU + 0.5) * 256.0).min(255.0) as u32);
            ((1.0 - (-(x * x + y * y) / 2.0).exp()) * 256.0) as u32
        });
        assert_even("normal, length", lengths);
        assert_even("normal, angle", angles.into_iter());
    }
}

/// Four top bits of one word and four of another: 256 cells.
fn joined(a: u32, b: u32) -> u32 {
    a >> 28 << 4 | b >> 28
}

#[test]
fn words_do_not_echo_in_later_words() {
    let mut stream = Stream::new(3, Purpose::Draw, 9);
    let words: Vec<u32> = (0..200_000).map(|_| stream.next_u32()).collect();
    for lag in [1, 2, 3, 4, 8, 64] {
        assert_even(
            &format!("lag {lag}"),
            words.windows(lag + 1).step_by(lag + 1).map(|w| joined(w[0], w[lag])),
        );
    }
}

#[test]
fn neighbouring_streams_do_not_echo() {
    let first = |seed, purpose, index| Stream::new(seed, purpose, index).next_u32();
    let pairs =
        |make: &dyn Fn(u64) -> u32| (0..60_000).map(|i| joined(make(2 * i), make(2 * i + 1))).collect();
    let by_index: Vec<u32> = pairs(&|index| first(1, Purpose::Negatives, index));
    let by_seed: Vec<u32> = pairs(&|seed| first(seed, Purpose::Negatives, 4));
    let by_high_word: Vec<u32> = pairs(&|index| first(1, Purpose::Negatives, index << 32));
    assert_even("index", by_index.into_iter());
    assert_even("seed", by_seed.into_iter());
    assert_even("high word of the index", by_high_word.into_iter());
}

/// As in the draw on the GPU: the step gives the key, (pair, candidate) the counters.
#[test]
fn the_grid_of_pairs_and_candidates_is_even() {
    let [a, b] = key(11, Purpose::Draw, 17);
    let cells = || (0..256u32).flat_map(|pair| (0..500u32).map(move |index| (pair, index)));
    assert_even("value", cells().map(|(pair, index)| pcg4d([a, b, pair, index])[0] >> 24));
    let next_index =
        |(pair, index)| joined(pcg4d([a, b, pair, 2 * index])[1], pcg4d([a, b, pair, 2 * index + 1])[1]);
    assert_even("next candidate", cells().map(next_index));
    let next_pair =
        |(pair, index)| joined(pcg4d([a, b, 2 * pair, index])[3], pcg4d([a, b, 2 * pair + 1, index])[3]);
    assert_even("next pair", cells().map(next_pair));
    let lanes = |(pair, index)| {
        let [x, y, _, _] = pcg4d([a, b, pair, index]);
        joined(x, y)
    };
    assert_even("two lanes", cells().map(lanes));
}

#[test]
fn keys_of_different_streams_differ() {
    let mut keys = HashSet::new();
    let indexes = [0, 1, 2, 3, 1_000, u64::from(u32::MAX), 1 << 32, u64::MAX];
    for seed in [0, 1, 2, 42, 1 << 32, u64::MAX] {
        for purpose in PURPOSES {
            for index in indexes {
                assert!(keys.insert(key(seed, purpose, index)), "{seed} {purpose:?} {index}");
            }
        }
    }
    assert_eq!(keys.len(), 6 * 8 * 8);
}

#[test]
fn a_stream_is_a_function_of_its_key_and_a_clone_goes_on_alike() {
    let mut stream = Stream::new(5, Purpose::Init, 6);
    let words: Vec<u32> = (0..11).map(|_| stream.next_u32()).collect();
    let mut again = Stream::new(5, Purpose::Init, 6);
    let wide: Vec<u64> = (0..5).map(|_| again.next_u64()).collect();
    for (pair, wide) in words.chunks_exact(2).zip(wide) {
        assert_eq!(wide, u64::from(pair[0]) | u64::from(pair[1]) << 32);
    }
    let mut bytes = [0; 10];
    Stream::new(5, Purpose::Init, 6).fill_bytes(&mut bytes);
    assert_eq!(bytes[..8], [words[0].to_le_bytes(), words[1].to_le_bytes()].concat());
    assert_eq!(bytes[8..], words[2].to_le_bytes()[..2]);
    let mut clone = stream.clone();
    assert_eq!(stream.next_u32(), clone.next_u32());
}

#[test]
fn below_is_in_range_and_even() {
    let mut stream = Stream::new(8, Purpose::Display, 0);
    for bound in [2, 3, 7, 100] {
        let mut counts = vec![0; bound as usize];
        (0..50_000).for_each(|_| counts[stream.below(bound) as usize] += 1);
        assert_law(&format!("below {bound}"), &counts, &vec![1.0; bound as usize]);
    }
    assert!((0..100).all(|_| stream.below(1) == 0));
    for bound in [u32::MAX, 3 << 30] {
        let parts = (0..50_000).map(|_| {
            let value = stream.below(bound);
            assert!(value < bound);
            (u64::from(value) * 256 / u64::from(bound)) as u32
        });
        assert_even(&format!("below {bound}"), parts);
    }
}

#[test]
fn a_stream_filled_in_pieces_is_the_stream() {
    let mut one_by_one = Stream::new(3, Purpose::Generate, 9);
    let mut pieces = one_by_one.clone();
    for length in [0, 1, 2, 3, 4, 5, 7, 8, 30, 1, 6] {
        let mut words = vec![0; length];
        pieces.fill(&mut words);
        let expected: Vec<u32> = (0..length).map(|_| one_by_one.next_u32()).collect();
        assert_eq!(words, expected, "{length}");
        assert_eq!(pieces.next_u32(), one_by_one.next_u32());
    }
}
