//! Where training places those whom features alone describe.

use crate::engine::{checkerboard, config};
use crate::resume::{Memory, features, run, with_network, with_sums};
use crate::support::gpu;
use spherec::data::{FeatureValues, Features, IdTable, Interactions, Side, Split};
use spherec::gpu::TablePart;
use spherec::model::{Known, Model};
use spherec::recommend::similar_items;
use spherec::sampling::Negatives;
use spherec::step::{Geometry, Of, Optimizer, Schedule};
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

/// The checkerboard without the interactions of [`BARE`].
fn without_bare() -> Split {
    let mut split = checkerboard();
    let pairs: Vec<_> = split.train.pairs().filter(|(_, item)| !BARE.contains(item)).collect();
    split.train = Interactions::from_pairs(60, 40, &pairs).into();
    split
}

#[test]
fn those_without_interactions_are_where_their_features_project_them() {
    let split = without_bare();
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

#[test]
fn points_are_sums_of_a_row_and_of_what_its_features_project_to() {
    let split = without_bare();
    let users = features().pop().unwrap();
    let all = [(Side::Items, Arc::new(of_items())), users];
    let data = TrainingData { split: &split, features: &all };
    for hidden in [12, 0] {
        let usual = config(Negatives::Uniform { count: 2 });
        // A row that no step touches stays where it is.
        let optimizer = Optimizer::Adagrad { epsilon: 1e-10 };
        let config = with_sums(TrainConfig { optimizer, ..usual }, hidden);
        let mut memory = Memory { after: config.stopping.epochs, kept: None };
        let embeddings = run(data, &config, None, &mut memory, None).embeddings;
        let kept = memory.kept.unwrap();
        let rows: Vec<f32> =
            kept.part((Of::Points, TablePart::Rows)).iter().map(|&x| f32::from_bits(x)).collect();
        let points = embeddings.items.chunks(config.dim).chain(embeddings.users.chunks(config.dim));
        for (row, (point, own)) in points.zip(rows.chunks(config.dim)).enumerate() {
            let (side, at) = if row < 40 { (0, row) } else { (1, row - 40) };
            let (side, known) = &all[side];
            let network = embeddings.networks.iter().find(|network| network.side == *side).unwrap();
            let projected = network.project(known.row(at as u32).iter(), Geometry::Dot);
            let sum = |own: &[f32]| own.iter().zip(&projected).map(|(x, f)| x + f).collect::<Vec<f32>>();
            let expected = match row as u32 {
                // Features, but nothing to train on; and the other way round.
                row if row == BARE[0] => projected,
                row if row == BARE[1] => own.to_vec(),
                _ => sum(own),
            };
            assert!(expected.iter().any(|x| x.abs() > 1e-3));
            assert_eq!(point, expected, "{side:?} {at}, {hidden} hidden units");
        }
        // A model of such points is whole, with those whom features alone describe.
        let model = Model {
            users: IdTable::numbered(60),
            items: IdTable::numbered(40),
            split: Split { valid: split.test.clone(), ..split.clone() },
            features: Known::of(&embeddings, &all),
            embeddings,
            ..Model::default()
        };
        let place = tempfile::TempDir::new().unwrap();
        model.save(place.path(), &[]).unwrap();
        let model = Model::load(place.path()).unwrap().with_cold(Side::Items).unwrap();
        let lists = similar_items(&model.embeddings, &[40, 41, 42, 43], 43).unwrap();
        for (cold, list) in (40..).zip(lists) {
            let trained = list.iter().filter(|other| other.row < BARE[0]).take(8);
            let same = trained.filter(|other| other.row % 2 == cold % 2).count();
            assert!(same >= 7, "{same} of the 8 items near {cold} have its colour");
        }
    }
}
