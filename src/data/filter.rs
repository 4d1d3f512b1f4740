//! Leaves out users and items with few interactions.

use super::report::{Counts, FilterStep};
use super::{Dataset, IdTable, Interactions, LoadOptions};

/// Which users and items are kept.
struct Alive {
    users: Vec<bool>,
    items: Vec<bool>,
}

impl Alive {
    fn has(&self, user: u32, item: u32) -> bool {
        self.users[user as usize] && self.items[item as usize]
    }

    /// How many kept interactions each user and each item has; 0 for those left out.
    fn degrees(&self, all: &Interactions) -> (Vec<usize>, Vec<usize>) {
        let (mut users, mut items) = (vec![0; self.users.len()], vec![0; self.items.len()]);
        for (user, item) in all.pairs().filter(|&(user, item)| self.has(user, item)) {
            users[user as usize] += 1;
            items[item as usize] += 1;
        }
        (users, items)
    }

    /// Counts what is kept; `rows` are the file's pairs with their repeats.
    fn counts(&self, all: &Interactions, rows: &[(u32, u32)]) -> Counts {
        let (users, items) = self.degrees(all);
        let some = |degrees: &[usize]| degrees.iter().filter(|&&degree| degree > 0).count();
        Counts {
            users: some(&users),
            items: some(&items),
            interactions: users.iter().sum(),
            rows: rows.iter().filter(|&&(user, item)| self.has(user, item)).count(),
        }
    }
}

/// Leaves out users and items as `options` say, and adds what each filter left to `steps`. `rows` are the
/// file's pairs with their repeats.
pub(super) fn apply(
    dataset: Dataset,
    options: &LoadOptions,
    rows: &[(u32, u32)],
    steps: &mut Vec<FilterStep>,
) -> Dataset {
    let all = &dataset.interactions;
    let mut alive = Alive { users: vec![true; all.user_count()], items: vec![true; all.item_count()] };
    let mut is_changed = false;
    let mut done = |filter: String, alive: &Alive| {
        steps.push(FilterStep { filter, left: alive.counts(all, rows) });
        is_changed = true;
    };
    if let Some(least) = options.min_user_interactions {
        let (degrees, _) = alive.degrees(all);
        alive.users = degrees.iter().map(|&degree| degree >= least).collect();
        done(format!("users with at least {least} interactions"), &alive);
    }
    if let Some(least) = options.min_item_interactions {
        let (_, degrees) = alive.degrees(all);
        alive.items = degrees.iter().map(|&degree| degree >= least).collect();
        done(format!("items with at least {least} interactions"), &alive);
    }
    if let Some(core) = options.k_core {
        peel(all, core, &mut alive);
        done(format!("{core}-core"), &alive);
    }
    if is_changed { compact(&dataset, &alive) } else { dataset }
}

/// Leaves out users and items with fewer than `core` interactions until none of them remain. The order
/// does not matter.
fn peel(all: &Interactions, core: usize, alive: &mut Alive) {
    let (mut users, mut items) = alive.degrees(all);
    let swapped: Vec<(u32, u32)> = all.pairs().map(|(user, item)| (item, user)).collect();
    let users_of = Interactions::from_pairs(all.item_count(), all.user_count(), &swapped);
    let (mut falling_users, mut falling_items) = (Vec::new(), Vec::new());
    for user in 0..all.user_count() as u32 {
        drop_if_few(&mut alive.users, &users, user, core, &mut falling_users);
    }
    for item in 0..all.item_count() as u32 {
        drop_if_few(&mut alive.items, &items, item, core, &mut falling_items);
    }
    loop {
        if let Some(user) = falling_users.pop() {
            for &item in all.items_of(user) {
                items[item as usize] = items[item as usize].saturating_sub(1);
                drop_if_few(&mut alive.items, &items, item, core, &mut falling_items);
            }
        } else if let Some(item) = falling_items.pop() {
            for &user in users_of.items_of(item) {
                users[user as usize] = users[user as usize].saturating_sub(1);
                drop_if_few(&mut alive.users, &users, user, core, &mut falling_users);
            }
        } else {
            return;
        }
    }
}

/// Drops a row with fewer than `core` interactions, and adds it to `falling`: the caller must still take
/// its interactions off the other side's counts.
fn drop_if_few(kept: &mut [bool], degrees: &[usize], row: u32, core: usize, falling: &mut Vec<u32>) {
    if kept[row as usize] && degrees[row as usize] < core {
        kept[row as usize] = false;
        falling.push(row);
    }
}

/// The data set without what is not kept, and without users and items that have nothing left. Keeps the
/// order.
fn compact(dataset: &Dataset, alive: &Alive) -> Dataset {
    let (user_degrees, item_degrees) = alive.degrees(&dataset.interactions);
    let (users, user_rows) = renumber(&dataset.users, &user_degrees);
    let (items, item_rows) = renumber(&dataset.items, &item_degrees);
    let pairs: Vec<(u32, u32)> = dataset
        .interactions
        .pairs()
        .filter(|&(user, item)| alive.has(user, item))
        .map(|(user, item)| (user_rows[user as usize], item_rows[item as usize]))
        .collect();
    let interactions = Interactions::from_pairs(users.len(), items.len(), &pairs);
    Dataset { users, items, interactions }
}

/// The ids that have interactions, and the new row of each old id (0 if it has none).
fn renumber(ids: &IdTable, degrees: &[usize]) -> (IdTable, Vec<u32>) {
    let mut kept = IdTable::default();
    let rows =
        ids.iter().zip(degrees).map(|(id, &degree)| if degree > 0 { kept.intern(id) } else { 0 }).collect();
    (kept, rows)
}

/// Leaves out ids without a pair. They come from rows below a threshold.
pub(super) fn drop_unused(dataset: Dataset) -> Dataset {
    let all = &dataset.interactions;
    let alive = Alive { users: vec![true; all.user_count()], items: vec![true; all.item_count()] };
    compact(&dataset, &alive)
}
