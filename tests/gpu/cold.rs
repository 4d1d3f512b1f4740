//! Where training places those whom features alone describe.

use crate::engine::{checkerboard, config};
use crate::resume::{features, with_network};
use crate::support::gpu;
use spherec::data::{FeatureValues, Features, IdTable, Interactions, Side, Split};
use spherec::model::{Known, Model};
use spherec::recommend::similar_items;
use spherec::sampling::Negatives;
use spherec::step::{Geometry, Optimizer, Schedule};
use spherec::train::{TrainConfig, TrainingData, train_from};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Items of the checkerboard without an interaction: one with features, and one without.
const BARE: [u32; 2] = [38, 39];

/// Features as of [`features`], but none of the item 39; and of four more items, two of each colour.
fn of_items() -> Features {
    let tags = |row: u32| [(row % 2, 1.0), (2 + row % 4, 0.5)];
    let (mut starts, mut names, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in 0..44 {
        for (feature, value) in tags(row).into_iter().filter(|_| row != BARE[1]) {
            names.push(feature);
            values.push(value);
        }
        starts.push(names.len());
    }
    let mut new_ids = IdTable::default();
    ["even", "odd", "even too", "odd too"].iter().for_each(|id| {
        new_ids.intern(id.as_bytes());
    });
    Features::new(
        40,
        new_ids,
        IdTable::numbered(6),
        FeatureValues::Sparse { starts, features: names, values },
    )
}

#[test]
fn those_without_interactions_are_where_their_features_project_them() {
    let mut split = checkerboard();
    let pairs: Vec<_> = split.train.pairs().filter(|(_, item)| !BARE.contains(item)).collect();
    split.train = Interactions::from_pairs(60, 40, &pairs).into();
    let users = features().pop().unwrap();
    let all = [(Side::Items, Arc::new(of_items())), users];
    for geometry in [Geometry::Sphere, Geometry::Ball, Geometry::Dot] {
        let usual = config(Negatives::Uniform { count: 2 });
        let optimizer = match geometry {
            Geometry::Ball => Optimizer::Adagrad { epsilon: 1e-10 },
            _ => usual.optimizer,
        };
        let schedule =
            Schedule::Constant { learning_rate: if geometry == Geometry::Ball { 0.1 } else { 0.01 } };
        let config = with_network(TrainConfig { geometry, optimizer, schedule, ..usual });
        let data = TrainingData { split: &split, features: &all };
        let stop = AtomicBool::new(false);
        let mut keeper = crate::resume::never();
        let trained = train_from(gpu(), data, &config, None, &mut keeper, &stop, &mut |_| {}).unwrap();
        let embeddings = trained.embeddings;
        let network = embeddings.networks.iter().find(|network| network.side == Side::Items).unwrap();
        let projected = |row: u32| network.project(all[0].1.row(row).iter(), geometry);
        assert_eq!(embeddings.item(BARE[0]), projected(BARE[0]), "{geometry:?}");
        // f of nothing is not a point.
        assert_ne!(embeddings.item(BARE[1]), projected(BARE[1]), "{geometry:?}");
        assert_ne!(
            embeddings.item(0),
            projected(0),
            "{geometry:?}: a trained item stays where it was trained"
        );

        let known = Known::of(&embeddings, &all);
        assert_eq!(known.len(), 2);
        assert_eq!(known[0].cold_points, (40..44).flat_map(projected).collect::<Vec<_>>());
        assert!(known[1].cold_ids.is_empty() && known[1].cold_points.is_empty());
        let model = Model {
            embeddings,
            users: IdTable::numbered(60),
            items: IdTable::numbered(40),
            split: Split { valid: split.test.clone(), ..split.clone() },
            features: known,
            ..Model::default()
        };
        let model = model.with_cold(Side::Items).unwrap();
        model.check().unwrap();
        assert_eq!(model.items.find(b"odd too"), Some(43));
        // A network that is not trained places them anywhere: half of the trained items near it have its colour.
        let lists = similar_items(&model.embeddings, &[40, 41, 42, 43], 43).unwrap();
        for (cold, list) in (40..).zip(lists) {
            let trained = list.iter().filter(|other| other.row < BARE[0]).take(8);
            let same = trained.filter(|other| other.row % 2 == cold % 2).count();
            assert!(same >= 7, "{geometry:?}: {same} of the 8 items near {cold} have its colour");
        }
    }
}
