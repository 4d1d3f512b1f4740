//! What the users of a step did: of each the items, or a seeded sample of them.

use crate::data::Interactions;
use crate::random::{Purpose, Stream};
use crate::step::HistoryShape;
use crate::step::layout::{NONE, PlanHeader};

/// The histories of the users of one step; keeps its memory between steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Histories {
    /// Distinct users, in the order of their first pairs.
    users: Vec<u32>,
    /// Their items, user by user, sorted.
    items: Vec<u32>,
    /// Where each user's items end.
    ends: Vec<usize>,
}

impl Histories {
    /// Draws those of the distinct `users` from what they have in `train`.
    pub(super) fn draw(
        &mut self,
        users: &[u32],
        train: &Interactions,
        shape: &HistoryShape,
        seed: u64,
        step: u64,
    ) {
        self.users.clear();
        self.users.extend_from_slice(users);
        self.items.clear();
        self.ends.clear();
        train.touch(users.iter().copied());
        let mut stream = Stream::new(seed, Purpose::History, step);
        for &user in users {
            let all = train.items_of(user);
            match all.len() <= shape.cap {
                true => self.items.extend_from_slice(all),
                false => sample(all, shape.cap, &mut stream, &mut self.items),
            }
            self.ends.push(self.items.len());
        }
    }

    /// Every item of every history, some of them several times.
    pub(super) fn items(&self) -> &[u32] {
        &self.items
    }

    fn of(&self, index: usize) -> &[u32] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.items[begin..self.ends[index]]
    }

    /// Appends their sections to the `words` of a plan whose users have the slots `user_slot` and whose items have the
    /// slots `item_slot`; says in `header` where the sections are.
    pub(super) fn lay_out(
        &self,
        pairs: &[(u32, u32)],
        user_slot: impl Fn(u32) -> u32,
        item_slot: impl Fn(u32) -> u32,
        words: &mut Vec<u32>,
        header: &mut PlanHeader,
    ) {
        let user_slots = (header.pair_slots_at - header.item_slot_count) as usize;
        let place = |user: u32| (user_slot(user) - header.item_slot_count) as usize;
        // Which history each user slot has; none for a hole.
        let mut of_slot = vec![NONE; user_slots];
        (0..).zip(&self.users).for_each(|(index, &user)| of_slot[place(user)] = index);
        let of_slot = |slot: usize| (of_slot[slot] != NONE).then_some(of_slot[slot] as usize);
        header.histories_at = words.len() as u32;
        words.resize(words.len() + user_slots + 1, 0);
        for slot in 0..user_slots {
            words[header.histories_at as usize + slot] = words.len() as u32;
            if let Some(index) = of_slot(slot) {
                words.extend(self.of(index).iter().map(|&item| item_slot(item)));
            }
        }
        words[header.histories_at as usize + user_slots] = words.len() as u32;
        let of_pairs = (0..).zip(pairs).map(|(pair, &(user, _))| (place(user), pair));
        header.history_pairs_at = list(words, user_slots, of_pairs);
        let takers = (0..user_slots).filter_map(|slot| Some((slot, of_slot(slot)?)));
        let takers =
            takers.flat_map(|(slot, index)| self.of(index).iter().map(move |&item| (item, slot as u32)));
        let takers = takers.map(|(item, slot)| (item_slot(item) as usize, slot));
        header.takers_at = list(words, header.item_slot_count as usize, takers);
        header.history_sizes_at = words.len() as u32;
        for &(user, item) in pairs {
            let index = of_slot(place(user)).unwrap_or(0);
            let history = self.of(index);
            let takes_out = u32::from(history.binary_search(&item).is_ok());
            words.push(2 * (history.len() as u32 - takes_out) + takes_out);
        }
    }
}

/// Appends `count` of the items `all`, each with the same chance, in their order: Floyd's algorithm, so that the cost is
/// that of the sample.
fn sample(all: &[u32], count: usize, stream: &mut Stream, items: &mut Vec<u32>) {
    let mut chosen: Vec<usize> = Vec::with_capacity(count);
    for last in all.len() - count..all.len() {
        let drawn = stream.below(last as u32 + 1) as usize;
        // Few are chosen, and in order: the search costs less than a set.
        match chosen.binary_search(&drawn) {
            Err(place) => chosen.insert(place, drawn),
            // Whatever is chosen already is below `last`.
            Ok(_) => chosen.push(last),
        }
    }
    items.extend(chosen.into_iter().map(|place| all[place]));
}

/// Appends lists of `count` owners to `words`, of the (owner, word) that `entries` gives, in their order: where each list
/// begins, then the lists. Returns where the beginnings are.
fn list(words: &mut Vec<u32>, count: usize, entries: impl Iterator<Item = (usize, u32)> + Clone) -> u32 {
    let begins_at = words.len();
    let lists_at = begins_at + count + 1;
    let mut next = vec![0usize; count + 1];
    entries.clone().for_each(|(owner, _)| next[owner + 1] += 1);
    for owner in 0..count {
        next[owner + 1] += next[owner];
    }
    words.extend(next.iter().map(|&begin| (lists_at + begin) as u32));
    words.resize(lists_at + next[count], 0);
    for (owner, word) in entries {
        words[lists_at + next[owner]] = word;
        next[owner] += 1;
    }
    begins_at as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every item is in as many samples as any other, and a sample is sorted and distinct.
    #[test]
    fn a_sample_takes_each_item_equally_often() {
        let all: Vec<u32> = (0..12).map(|item| 3 * item).collect();
        let mut counts = [0usize; 12];
        let draws = 6_000;
        for step in 0..draws {
            let mut items = vec![999];
            sample(&all, 5, &mut Stream::new(3, Purpose::History, step), &mut items);
            assert_eq!((items.len(), items[0]), (6, 999));
            assert!(items[1..].windows(2).all(|two| two[0] < two[1]), "{items:?}");
            items[1..].iter().for_each(|item| counts[*item as usize / 3] += 1);
        }
        let expected = draws as f64 * 5.0 / 12.0;
        // Sampled without replacement, each count is binomial; together they have 11 degrees of freedom.
        let spread = expected * (1.0 - 5.0 / 12.0);
        let chi: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / spread).sum();
        assert!(chi < 31.0, "{counts:?}: {chi}");
    }
}
