//! Distinct (user, item) pairs in compressed rows.

/// Who interacted with what: the items of each user, sorted and distinct. (U users, I items.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interactions {
    item_count: usize,
    offsets: Vec<usize>,
    items: Vec<u32>,
}

impl Default for Interactions {
    fn default() -> Self {
        Interactions { item_count: 0, offsets: vec![0], items: Vec::new() }
    }
}

impl Interactions {
    /// Builds the rows from (user, item) pairs in any order. Repeated pairs count once.
    ///
    /// # Panics
    /// If a pair names a user or item beyond the counts, which is a bug in the caller.
    pub fn from_pairs(user_count: usize, item_count: usize, pairs: &[(u32, u32)]) -> Interactions {
        let mut starts = vec![0usize; user_count + 1];
        for &(user, item) in pairs {
            assert!((item as usize) < item_count, "item {item} of {item_count}");
            starts[user as usize + 1] += 1;
        }
        for user in 0..user_count {
            starts[user + 1] += starts[user];
        }
        let mut next = starts.clone();
        let mut unsorted = vec![0u32; pairs.len()];
        for &(user, item) in pairs {
            unsorted[next[user as usize]] = item;
            next[user as usize] += 1;
        }
        let mut offsets = Vec::with_capacity(user_count + 1);
        offsets.push(0);
        let mut kept = 0;
        for user in 0..user_count {
            let (start, end) = (starts[user], starts[user + 1]);
            unsorted[start..end].sort_unstable();
            let first = kept;
            for position in start..end {
                let item = unsorted[position];
                if kept == first || unsorted[kept - 1] != item {
                    unsorted[kept] = item;
                    kept += 1;
                }
            }
            offsets.push(kept);
        }
        unsorted.truncate(kept);
        unsorted.shrink_to_fit();
        Interactions { item_count, offsets, items: unsorted }
    }

    /// As [`Interactions::from_pairs`], for distinct pairs that are sorted by user, then item: `users` and `items` are
    /// the two sides of the pairs. Needs no more memory than the result.
    pub(crate) fn from_sorted(
        user_count: usize,
        item_count: usize,
        users: impl Iterator<Item = u32>,
        items: Vec<u32>,
    ) -> Interactions {
        let mut offsets = vec![0usize; user_count + 1];
        users.for_each(|user| offsets[user as usize + 1] += 1);
        for user in 0..user_count {
            offsets[user + 1] += offsets[user];
        }
        Interactions { item_count, offsets, items }
    }

    /// Adds the pairs of `other`, which has the same users and items. Pairs that are there already count once.
    ///
    /// # Panics
    /// If the numbers of users or items differ, which is a bug in the caller.
    pub fn add(&mut self, other: &Interactions) {
        let sizes = |it: &Interactions| (it.user_count(), it.item_count);
        assert_eq!(sizes(self), sizes(other), "other users or items");
        let users = 0..self.user_count();
        let Some(first) = users.clone().find(|&user| !other.items_of(user as u32).is_empty()) else { return };
        // The rows before the first that grows stay where they are.
        let mut start = self.offsets[first];
        let later = self.items.split_off(start);
        let begin = start;
        for user in first..users.end {
            let end = self.offsets[user + 1];
            let (mut own, mut more) = (&later[start - begin..end - begin], other.items_of(user as u32));
            start = end;
            while let (Some(&left), Some(&right)) = (own.first(), more.first()) {
                self.items.push(left.min(right));
                own = &own[usize::from(left <= right)..];
                more = &more[usize::from(right <= left)..];
            }
            self.items.extend_from_slice(own);
            self.items.extend_from_slice(more);
            self.offsets[user + 1] = self.items.len();
        }
    }

    /// The pairs that `other`, which has the same users and items, does not have.
    #[must_use]
    pub fn without(&self, other: &Interactions) -> Interactions {
        let kept: Vec<(u32, u32)> =
            self.pairs().filter(|&(user, item)| !other.contains(user, item)).collect();
        Interactions::from_pairs(self.user_count(), self.item_count, &kept)
    }

    /// Makes room for more users and items, who have no pair.
    ///
    /// # Panics
    /// If there were more users or items than that, which is a bug in the caller.
    pub fn widen(&mut self, user_count: usize, item_count: usize) {
        assert!(user_count >= self.user_count() && item_count >= self.item_count, "fewer than there were");
        self.offsets.resize(user_count + 1, self.items.len());
        self.item_count = item_count;
    }

    /// Bytes that they take in memory.
    pub fn byte_count(&self) -> u64 {
        (self.offsets.len() * size_of::<usize>() + self.items.len() * size_of::<u32>()) as u64
    }

    /// U.
    pub fn user_count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// I.
    pub fn item_count(&self) -> usize {
        self.item_count
    }

    /// The number of distinct pairs.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items of `user`, sorted.
    pub fn items_of(&self, user: u32) -> &[u32] {
        &self.items[self.offsets[user as usize]..self.offsets[user as usize + 1]]
    }

    /// Reads an item of each user, so that the CPU fetches their memory in parallel, not one by one later.
    pub(crate) fn touch(&self, users: impl Iterator<Item = u32>) {
        let firsts = users.map(|user| self.items_of(user).first().copied().unwrap_or(0));
        std::hint::black_box(firsts.fold(0, |all, item| all ^ item));
    }

    /// Where each user's items begin in [`Interactions::items`], (U + 1).
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// All items, user by user.
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// Whether `user` has `item`.
    pub fn contains(&self, user: u32, item: u32) -> bool {
        self.items_of(user).binary_search(&item).is_ok()
    }

    /// All pairs, by user, then item.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.user_count() as u32)
            .flat_map(|user| self.items_of(user).iter().map(move |&item| (user, item)))
    }

    /// How many users have each item, (I): f(j) of Tran et al. 2019, eq. 4.
    pub fn item_frequencies(&self) -> Vec<u32> {
        let mut counts = vec![0; self.item_count];
        for &item in &self.items {
            counts[item as usize] += 1;
        }
        counts
    }
}
