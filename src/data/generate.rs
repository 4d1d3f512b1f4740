//! Generates interactions with a known right answer: items in planted clusters, each at an angle within its cluster;
//! popularity by a power law, whatever the cluster and the angle; and users with one or two favourite clusters and an
//! angle that they prefer in both. Items and users have tags that tell of their cluster and angle, with noise.
//!
//! Without angles, popularity would be all that tells the items of a cluster apart: the most accurate list would be the
//! most popular one, and popular negatives would only do harm.

use super::{Dataset, IdTable, Interactions};
use crate::random::{Purpose, Stream};
use crate::{Error, Result, memory};
use rand::RngExt;
use rand_distr::weighted::WeightedAliasIndex;
use rand_distr::{Binomial, Distribution, Poisson};
use rustc_hash::FxHashSet;
use std::f64::consts::TAU;
use std::fmt;

/// How many tags each cluster has of its own, how many parts of the circle of angles have one, and how many mean nothing.
const CLUSTER_TAGS: u32 = 8;
const ANGLE_TAGS: u32 = 12;
const IDLE_TAGS: u32 = 60;

/// The mean number of tags of an item or a user, less the first one.
const MORE_TAGS: f64 = 4.0;

/// The shares of tags that tell the cluster and the angle. The others mean nothing.
const CLUSTER_SHARE: f64 = 0.5;
const ANGLE_SHARE: f64 = 0.25;

/// The share of the second favourite cluster in what a user takes from its two favourites.
const SECOND_SHARE: f64 = 1.0 / 3.0;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GenerateOptions {
    /// `--users`.
    pub user_count: usize,
    /// `--items`. Items that nobody takes are not in the result.
    pub item_count: usize,
    /// `--clusters`, all of the same size, give or take one item.
    pub cluster_count: usize,
    /// `--interactions-per-user`: the mean of 1 + a Poisson number, at most the size of a cluster. A user
    /// never takes more items than its clusters hold, so small clusters lower the mean.
    pub interactions_per_user: f64,
    /// `--popularity-exponent`, 0 to 4: the item of rank r is drawn with weight r^-exponent.
    pub popularity_exponent: f64,
    /// `--noise`, 0 to 1: the share of interactions outside the user's clusters.
    pub noise: f64,
    /// `--focus` F, 0 to 100: a user takes an item of its clusters with e^(F (cos a - 1)) of the item's weight, a the
    /// angle between the two; 0: whatever the angle.
    pub focus: f64,
    /// `--seed`.
    pub seed: u64,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        GenerateOptions {
            user_count: 2000,
            item_count: 1000,
            cluster_count: 20,
            interactions_per_user: 20.0,
            popularity_exponent: 0.8,
            noise: 0.1,
            focus: 2.0,
            seed: 0,
        }
    }
}

impl GenerateOptions {
    fn check(&self) -> Result<()> {
        for (flag, count) in [("--users", self.user_count), ("--items", self.item_count)] {
            if count == 0 || count > IdTable::MAX_COUNT {
                let message = format!("must be 1 to {}, but is {count}", IdTable::MAX_COUNT);
                return Err(Error::setting(flag, message));
            }
        }
        if self.cluster_count == 0 || self.cluster_count > self.item_count {
            let message = format!("must be 1 to --items {}, but is {}", self.item_count, self.cluster_count);
            return Err(Error::setting("--clusters", message));
        }
        let cluster_size = self.item_count / self.cluster_count;
        check_range("--interactions-per-user", self.interactions_per_user, cluster_size as f64, 1.0)?;
        check_range("--popularity-exponent", self.popularity_exponent, 4.0, 0.0)?;
        check_range("--noise", self.noise, 1.0, 0.0)?;
        check_range("--focus", self.focus, 100.0, 0.0)?;
        self.check_memory()
    }

    /// Checks that the machine has the memory: the pairs are held three times at most while they are sorted, 8 bytes
    /// each, and an id, its place in the index and the rest take about 100 bytes a user or item, its tags 100.
    fn check_memory(&self) -> Result<()> {
        let [users, items] = [self.user_count, self.item_count].map(|count| count as f64);
        let needed = 24.0 * users * self.interactions_per_user + 200.0 * (users + items);
        let (flag, value) = if items > users * (1.0 + 0.12 * self.interactions_per_user) {
            ("--items", self.item_count.to_string())
        } else {
            let each = self.interactions_per_user;
            ("--users", format!("{} with --interactions-per-user {each}", self.user_count))
        };
        // Rounded to the nearest, and at most the largest u64.
        memory::check(flag, &value, needed as u64)
    }
}

fn check_range(flag: &'static str, value: f64, most: f64, least: f64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::setting(flag, format!("must be {least} to {most}, but is {value}")))
}

/// A data set and the truth behind it.
#[derive(Debug, Clone, Default)]
pub struct Generated {
    /// Ids are `u0`, `u1`, ... and `i0`, `i1`, ...
    pub dataset: Dataset,
    /// The favourite cluster of each user, (U).
    pub user_clusters: Vec<u32>,
    /// The cluster of each item, (I).
    pub item_clusters: Vec<u32>,
    /// The angle that each user prefers, 0 to 2 pi, (U).
    pub user_angles: Vec<f64>,
    /// The angle of each item, 0 to 2 pi, (I).
    pub item_angles: Vec<f64>,
    /// The tags of items, also of those that nobody takes: 3 for `i3`, and a tag of it.
    pub item_tags: Vec<(u32, Tag)>,
    /// The tags of users: 3 for `u3`, and a tag of it.
    pub user_tags: Vec<(u32, Tag)>,
}

/// A made-up tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// One that only the items and users of a cluster have: the cluster, and a number.
    Cluster(u32, u32),
    /// One of a part of the circle of angles.
    Angle(u32),
    /// One that means nothing.
    Idle(u32),
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tag::Cluster(cluster, number) => write!(f, "c{cluster}-{number}"),
            Tag::Angle(part) => write!(f, "a{part}"),
            Tag::Idle(number) => write!(f, "n{number}"),
        }
    }
}

/// Generates interactions. The same options always give the same result.
///
/// # Errors
/// [`Error::Setting`] if an option is out of range, or if the machine lacks the memory for so many users or items.
pub fn generate(options: &GenerateOptions) -> Result<Generated> {
    options.check()?;
    let world = World::new(options)?;
    let mut user_clusters = Vec::with_capacity(options.user_count);
    let mut user_angles = Vec::with_capacity(options.user_count);
    let mut pairs = Vec::new();
    for user in 0..options.user_count as u32 {
        let mut stream = Stream::new(options.seed, Purpose::Generate, u64::from(user) + 1);
        let (favourite, preferred, items) = world.items_of_user(options, &mut stream);
        user_clusters.push(favourite);
        user_angles.push(preferred);
        pairs.extend(items.into_iter().map(|item| (user, item)));
    }
    // A file would not mention items that nobody took, so leave them out.
    let mut rows = vec![None; options.item_count];
    pairs.iter().for_each(|&(_, item)| rows[item as usize] = Some(0));
    let mut items = IdTable::default();
    let mut item_clusters = Vec::new();
    let mut item_angles = Vec::new();
    for (item, row) in rows.iter_mut().enumerate().filter(|(_, row)| row.is_some()) {
        *row = Some(items.intern(format!("i{item}").as_bytes()));
        item_clusters.push(world.clusters[item]);
        item_angles.push(world.angles[item]);
    }
    let item_tags = tags(options.seed, ITEM_TAGS, &world.clusters, &world.angles);
    let user_tags = tags(options.seed, USER_TAGS, &user_clusters, &user_angles);
    let mut users = IdTable::default();
    for user in 0..options.user_count {
        users.intern(format!("u{user}").as_bytes());
    }
    let pairs: Vec<(u32, u32)> =
        pairs.iter().filter_map(|&(user, item)| Some((user, rows[item as usize]?))).collect();
    let interactions = Interactions::from_pairs(users.len(), items.len(), &pairs);
    let dataset = Dataset { users, items, interactions };
    Ok(Generated { dataset, user_clusters, item_clusters, user_angles, item_angles, item_tags, user_tags })
}

/// Where the streams of tags begin, behind those of users.
const ITEM_TAGS: u64 = 1 << 33;
const USER_TAGS: u64 = 1 << 34;

/// The distinct tags of each item or user, in the order drawn.
fn tags(seed: u64, streams: u64, clusters: &[u32], angles: &[f64]) -> Vec<(u32, Tag)> {
    let mut tags = Vec::new();
    for (number, (&cluster, &angle)) in (0u32..).zip(clusters.iter().zip(angles)) {
        let mut stream = Stream::new(seed, Purpose::Generate, streams + u64::from(number));
        let first = tags.len();
        for _ in 0..1 + poisson(MORE_TAGS, &mut stream) {
            let kind = stream.random::<f64>();
            let tag = if kind < CLUSTER_SHARE {
                Tag::Cluster(cluster, stream.below(CLUSTER_TAGS))
            } else if kind < CLUSTER_SHARE + ANGLE_SHARE {
                Tag::Angle(((angle / TAU * f64::from(ANGLE_TAGS)) as u32).min(ANGLE_TAGS - 1))
            } else {
                Tag::Idle(stream.below(IDLE_TAGS))
            };
            if !tags[first..].contains(&(number, tag)) {
                tags.push((number, tag));
            }
        }
    }
    tags
}

/// The items: the cluster and the angle of each, and how likely it is to be drawn.
struct World {
    clusters: Vec<u32>,
    angles: Vec<f64>,
    everything: Pool,
    by_cluster: Vec<Pool>,
}

impl World {
    fn new(options: &GenerateOptions) -> Result<World> {
        let mut stream = Stream::new(options.seed, Purpose::Generate, 0);
        let mut clusters: Vec<u32> =
            (0..options.item_count).map(|item| (item % options.cluster_count) as u32).collect();
        stream.shuffle(&mut clusters);
        let mut ranks: Vec<usize> = (1..=options.item_count).collect();
        stream.shuffle(&mut ranks);
        let angles = (0..options.item_count).map(|_| angle(&mut stream)).collect();
        let weight = |item: u32| (ranks[item as usize] as f64).powf(-options.popularity_exponent);
        let mut members = vec![Vec::new(); options.cluster_count];
        for item in 0..options.item_count as u32 {
            members[clusters[item as usize] as usize].push(item);
        }
        let everything = Pool::new((0..options.item_count as u32).collect(), weight)?;
        let by_cluster = members.into_iter().map(|items| Pool::new(items, weight)).collect::<Result<_>>()?;
        Ok(World { clusters, angles, everything, by_cluster })
    }

    /// Draws a user's favourite cluster, the angle it prefers, and distinct items.
    fn items_of_user(&self, options: &GenerateOptions, stream: &mut Stream) -> (u32, f64, Vec<u32>) {
        let cluster_count = options.cluster_count as u32;
        let favourite = stream.below(cluster_count);
        let has_second = cluster_count > 1 && stream.random::<bool>();
        // Any other cluster; all are equally likely.
        let second = has_second.then(|| (favourite + 1 + stream.below(cluster_count - 1)) % cluster_count);
        let preferred = angle(stream);
        let count = 1 + poisson(options.interactions_per_user - 1.0, stream);
        let has_outside = u32::from(has_second) + 1 < cluster_count;
        let noise_count = if has_outside { binomial(count, options.noise, stream) } else { 0 };
        let own_count = count - noise_count;
        let second_count = if has_second { binomial(own_count, SECOND_SHARE, stream) } else { 0 };

        let mut taken = Taken::default();
        let by_angle =
            |item: u32| (options.focus * ((preferred - self.angles[item as usize]).cos() - 1.0)).exp();
        self.by_cluster[favourite as usize].draw(own_count - second_count, &mut taken, stream, by_angle);
        if let Some(second) = second {
            self.by_cluster[second as usize].draw(second_count, &mut taken, stream, by_angle);
        }
        let outside = |item: u32| {
            let cluster = self.clusters[item as usize];
            f64::from(u8::from(cluster != favourite && Some(cluster) != second))
        };
        self.everything.draw(noise_count, &mut taken, stream, outside);
        (favourite, preferred, taken.list)
    }
}

#[derive(Default)]
struct Taken {
    list: Vec<u32>,
    set: FxHashSet<u32>,
}

impl Taken {
    fn take(&mut self, item: u32) -> bool {
        let is_new = self.set.insert(item);
        if is_new {
            self.list.push(item);
        }
        is_new
    }
}

/// Items to draw from by weight.
struct Pool {
    items: Vec<u32>,
    weights: Vec<f64>,
    alias: WeightedAliasIndex<f64>,
}

impl Pool {
    fn new(items: Vec<u32>, weight: impl Fn(u32) -> f64) -> Result<Pool> {
        let weights: Vec<f64> = items.iter().map(|&item| weight(item)).collect();
        let alias = WeightedAliasIndex::new(weights.clone())
            .map_err(|error| Error::Data(format!("cannot draw items by popularity: {error}")))?;
        Ok(Pool { items, weights, alias })
    }

    /// Takes `count` more items that are not yet taken, or all of those if there are fewer. An item that is drawn is
    /// taken with its `chance`; 0: never.
    fn draw(&self, count: usize, taken: &mut Taken, stream: &mut Stream, chance: impl Fn(u32) -> f64) {
        let mut missing = count;
        for _ in 0..20 * count {
            if missing == 0 {
                return;
            }
            let item = self.items[self.alias.sample(stream)];
            if stream.random::<f64>() < chance(item) && taken.take(item) {
                missing -= 1;
            }
        }
        if missing == 0 {
            return;
        }
        // Most draws are in vain by now. One exponential key per item gives the same distribution without
        // repeats (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006).
        let mut keys: Vec<(f64, u32)> = Vec::new();
        for (&item, weight) in self.items.iter().zip(&self.weights) {
            let weight = weight * chance(item);
            if weight > 0.0 && !taken.set.contains(&item) {
                keys.push((-(1.0 - stream.random::<f64>()).ln() / weight, item));
            }
        }
        keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for &(_, item) in keys.iter().take(missing) {
            taken.take(item);
        }
    }
}

/// Any angle.
fn angle(stream: &mut Stream) -> f64 {
    TAU * stream.random::<f64>()
}

/// A Poisson number; 0 if the mean is too small for the distribution.
fn poisson(mean: f64, stream: &mut Stream) -> usize {
    Poisson::new(mean).map_or(0, |distribution| distribution.sample(stream) as usize)
}

/// A binomial number. `probability` is always within 0..=1, so the distribution exists.
fn binomial(count: usize, probability: f64, stream: &mut Stream) -> usize {
    Binomial::new(count as u64, probability).map_or(0, |distribution| distribution.sample(stream) as usize)
}
