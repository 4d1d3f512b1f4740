//! What each slot is used for, as the plan lists it.

use crate::step::layout::NONE;
use std::ops::Range;

/// Where a plan's words have the slots of its pairs.
#[derive(Debug, Clone)]
pub(super) struct PairSlots {
    /// (B) users.
    pub(super) users: Range<usize>,
    /// (B) positives.
    pub(super) positives: Range<usize>,
    /// (B, N) negatives drawn on the CPU, or empty.
    pub(super) negatives: Range<usize>,
    /// N.
    pub(super) negative_count: usize,
}

/// Appends the uses of each of `slot_count` slots to `words`, in the order of the pairs, as compressed rows: where
/// each slot's list begins, then the lists. Returns where the beginnings are.
pub(super) fn list_uses(words: &mut Vec<u32>, slot_count: usize, pairs: &PairSlots) -> u32 {
    let begins_at = words.len();
    let lists_at = begins_at + slot_count + 1;
    let PairSlots { users, positives, negatives, negative_count } = pairs.clone();
    words.resize(lists_at + users.len() + positives.len() + negatives.len(), 0);
    // Count each slot's uses, one place to the right. The running sum of the counts is where each slot's list begins.
    let (slots, lists) = words.split_at_mut(begins_at);
    let (begins, _) = lists.split_at_mut(slot_count + 1);
    for &slot in slots[users.start..negatives.end].iter().filter(|&&slot| slot != NONE) {
        begins[slot as usize + 1] += 1;
    }
    begins[0] = lists_at as u32;
    for slot in 0..slot_count {
        begins[slot + 1] += begins[slot];
    }
    // Fill the lists. Each beginning moves on with its list, and so points at the next free word.
    for pair in 0..users.len() {
        for place in [users.start + pair, positives.start + pair] {
            let slot = words[place];
            put(words, begins_at, slot, pair as u32 * 2);
        }
        for k in 0..if negatives.is_empty() { 0 } else { negative_count } {
            let pick = pair * negative_count + k;
            let slot = words[negatives.start + pick];
            put(words, begins_at, slot, pick as u32 * 2 + 1);
        }
    }
    // Each beginning is now its list's end, which is the beginning of the next list: move them one place to the right.
    words.copy_within(begins_at..begins_at + slot_count, begins_at + 1);
    words[begins_at] = lists_at as u32;
    begins_at as u32
}

fn put(words: &mut [u32], begins_at: usize, slot: u32, code: u32) {
    if slot != NONE {
        let place = begins_at + slot as usize;
        let next = words[place] as usize;
        words[next] = code;
        words[place] += 1;
    }
}
