//! Training on the device: against itself, and on data whose answer is known.

use crate::support::gpu;
use spherec::Error;
use spherec::data::{Interactions, Protocol, Split};
use spherec::model::Embeddings;
use spherec::sampling::Negatives;
use spherec::step::{Loss, Schedule};
use spherec::train::{History, Recipe, Regularisers, Stop, Stopping, TrainConfig, train};
use std::sync::atomic::AtomicBool;

/// Even users like even items, odd users odd ones; each user misses two of them.
pub(crate) fn checkerboard() -> Split {
    let (user_count, item_count) = (60u32, 40u32);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for user in 0..user_count {
        for item in (0..item_count).filter(|item| item % 2 == user % 2) {
            let held_out = (item / 2 + user / 2) % 10 == 0;
            if held_out { test.push((user, item)) } else { train.push((user, item)) }
        }
    }
    let part =
        |pairs: &[(u32, u32)]| Interactions::from_pairs(user_count as usize, item_count as usize, pairs);
    Split { train: part(&train).into(), valid: part(&[]), test: part(&test) }
}

pub(crate) fn config(negatives: Negatives) -> TrainConfig {
    TrainConfig {
        dim: 16,
        batch_size: 64,
        negatives,
        regularisers: Regularisers { gor_weight: 0.0, covariance_weight: 0.0 },
        schedule: Schedule::Constant { learning_rate: 0.01 },
        stopping: Stopping { epochs: 10, evaluate_every: 1, patience: 0, k: 2 },
        seed: 4,
        protocol: Protocol::Holdout { test_fraction: 0.1, valid_fraction: 0.0 },
        ..match negatives {
            Negatives::Shared { .. } => Recipe::Softmax.config(),
            _ => Recipe::TwoStage2019.config(),
        }
    }
}

pub(crate) const ALL_NEGATIVES: [Negatives; 4] = [
    Negatives::Uniform { count: 1 },
    Negatives::Popularity { count: 1, beta: 0.7 },
    Negatives::TwoStage { count: 1, beta: 0.5, candidates: 30, hardness: 1.0 },
    Negatives::Shared { beta: 0.5, candidates: 30 },
];

fn trained(split: &Split, config: &TrainConfig) -> Embeddings {
    let trained = train(gpu(), split, config, &AtomicBool::new(false), &mut |_| {}).unwrap();
    assert_eq!((trained.stop, trained.epochs_done), (Stop::Epochs, config.stopping.epochs));
    trained.embeddings
}

/// Of a point's nearest items the share whose parity is that of its row.
fn same_colour(neighbours: &[Vec<spherec::recommend::Neighbour>], rows: &[u32]) -> f64 {
    let pairs =
        neighbours.iter().zip(rows).flat_map(|(list, row)| list.iter().map(move |n| n.row % 2 == row % 2));
    let (same, all) = pairs.fold((0, 0), |(same, all), is_same| (same + usize::from(is_same), all + 1));
    assert!(all > 0);
    same as f64 / all as f64
}

#[test]
fn every_sampler_learns_a_checkerboard() {
    let split = checkerboard();
    for negatives in ALL_NEGATIVES {
        let embeddings = trained(&split, &config(negatives));
        let (users, items): (Vec<u32>, Vec<u32>) = ((0..60).collect(), (0..40).collect());
        let of_users = spherec::recommend::recommend(&embeddings, 1.0, &users, 15, &[]).unwrap();
        let of_items = spherec::recommend::similar_items(&embeddings, &items, 5).unwrap();
        let (users, items) = (same_colour(&of_users, &users), same_colour(&of_items, &items));
        println!("{}: {users} of the users' items, {items} of the items' neighbours", negatives.sampler());
        assert!(users > 0.95 && items > 0.95, "{}: {users} {items}", negatives.sampler());
        // Stage 2 looks for what is like the positive, and so does the softmax: here only held-out items are, so it
        // learns to avoid them. The others recommend them: of what a user has not, nothing else has its colour.
        if !matches!(negatives, Negatives::TwoStage { .. } | Negatives::Shared { .. }) {
            let metrics =
                spherec::evaluate::evaluate(&embeddings, 1.0, &split.train, None, &split.test, &[2]).unwrap();
            assert!(metrics[0].recall > 0.9, "{}: {metrics:?}", negatives.sampler());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let split = checkerboard();
    for negatives in ALL_NEGATIVES {
        let mut config = config(negatives);
        config.stopping.epochs = 3;
        let bits = |embeddings: &Embeddings| -> Vec<u32> {
            embeddings.users.iter().chain(&embeddings.items).map(|x| x.to_bits()).collect()
        };
        let first = bits(&trained(&split, &config));
        assert_eq!(first, bits(&trained(&split, &config)), "{}", negatives.sampler());
        config.seed += 1;
        assert_ne!(first, bits(&trained(&split, &config)), "{}", negatives.sampler());
    }
}

/// Every user is the point of a part of its own and the mean of its items, all of them, though a step takes a few; and
/// without rows the mean alone, however much it counts.
#[test]
fn users_with_histories_are_where_their_items_are() {
    let split = checkerboard();
    for negatives in ALL_NEGATIVES {
        for user_points in [true, false] {
            let history = Some(History { weight: 0.6, cap: 7, user_points });
            let config = TrainConfig { history, ..config(negatives) };
            let embeddings = trained(&split, &config);
            let users: Vec<u32> = (0..60).collect();
            let lists = spherec::recommend::recommend(&embeddings, 1.0, &users, 15, &[]).unwrap();
            assert!(same_colour(&lists, &users) > 0.95, "{}", negatives.sampler());
            for user in users {
                let mut mean = vec![0.0f64; 16];
                let items = split.train.items_of(user);
                for &item in items {
                    let point = &embeddings.items[item as usize * 16..][..16];
                    mean.iter_mut()
                        .zip(point)
                        .for_each(|(sum, x)| *sum += f64::from(*x) / items.len() as f64);
                }
                let point = &embeddings.users[user as usize * 16..][..16];
                let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let point: Vec<f64> = point.iter().map(|&x| f64::from(x)).collect();
                let length = product(&mean, &mean).sqrt();
                let cosine = product(&mean, &point) / length;
                if user_points {
                    // What is left without the history is a unit vector: |s u - g m| = 1 has a solution s above 0.
                    let along = 0.6 * cosine * length;
                    let root = along * along - 0.36 * length * length + 1.0;
                    assert!(cosine > 0.3 && cosine < 0.999_999 && root >= 0.0, "{cosine} {root}");
                } else {
                    assert!(cosine > 0.999_999, "user {user}: {cosine}");
                }
            }
        }
    }
}

#[test]
fn a_loss_that_is_not_a_number_stops_training() {
    for negatives in ALL_NEGATIVES {
        let schedule = Schedule::Constant { learning_rate: 1e38 };
        let config = TrainConfig { schedule, ..config(negatives) };
        let failure = train(gpu(), &checkerboard(), &config, &AtomicBool::new(false), &mut |_| {});
        assert!(matches!(failure, Err(Error::Diverged { .. })), "{}: {failure:?}", negatives.sampler());
    }
}

#[test]
fn every_loss_that_is_not_a_number_stops_training() {
    for loss in Loss::ALL {
        let schedule = Schedule::Constant { learning_rate: 1e38 };
        let config = TrainConfig { schedule, loss, ..config(Negatives::Uniform { count: 3 }) };
        let failure = train(gpu(), &checkerboard(), &config, &AtomicBool::new(false), &mut |_| {});
        assert!(matches!(failure, Err(Error::Diverged { .. })), "{loss:?}: {failure:?}");
    }
}

#[test]
fn an_interrupt_ends_training_with_what_there_is() {
    let split = checkerboard();
    let interrupt = AtomicBool::new(false);
    let mut epochs = 0;
    let mut config = config(Negatives::Uniform { count: 1 });
    config.stopping.epochs = 1000;
    let trained = train(gpu(), &split, &config, &interrupt, &mut |event| {
        if let spherec::train::Event::Epoch { epoch, .. } = event {
            epochs = *epoch;
            if epochs == 2 {
                interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
    })
    .unwrap();
    assert_eq!(trained.stop, Stop::Interrupted);
    assert!(trained.epochs_done <= 3, "{} epochs", trained.epochs_done);
    assert_eq!(trained.embeddings.item_count(), 40);
}
