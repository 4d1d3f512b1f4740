//! Cold items and cold users as rows of a model.

use crate::model_folder::{biased_model, odd_model, with_features};
use spherec::data::Side;
use spherec::evaluate::evaluate;
use spherec::export::{ExportFormat, ExportOptions, What, export};
use spherec::model::Model;
use spherec::recommend::{popular, recommend, similar_items};
use spherec::step::Geometry;
use tempfile::TempDir;

fn widened(geometry: Geometry) -> (Model, Model) {
    let model = with_features(biased_model(geometry));
    let wide = model.clone().with_cold(Side::Items).unwrap().with_cold(Side::Users).unwrap();
    (model, wide)
}

#[test]
fn the_cold_come_after_the_trained_with_their_points_and_without_interactions() {
    for geometry in [Geometry::Sphere, Geometry::Ball, Geometry::Dot] {
        let (model, wide) = widened(geometry);
        wide.check().unwrap();
        assert_eq!((wide.items.len(), wide.users.len()), (14 + 3, 14 + 1));
        let all = model.items.iter().chain(model.features[0].cold_ids.iter());
        assert!(wide.items.iter().eq(all), "strings from end to end");
        assert_eq!(wide.items.find(b"\xff \\"), Some(15));
        let (points, cold) = (&model.embeddings.items, &model.features[0].cold_points);
        assert_eq!(wide.embeddings.items, [&points[..], cold].concat());
        assert_eq!(wide.embeddings.user(14), &model.features[1].cold_points[..]);
        let bias = &wide.embeddings.item_bias;
        // The mean of those that somebody had, by hand.
        let counts = model.split.train.item_frequencies();
        let had: Vec<f64> = (0..14).filter(|&i| counts[i] > 0).map(|i| f64::from(bias[i])).collect();
        assert!(had.len() < 14, "an item without interactions does not count");
        let mean = (had.iter().sum::<f64>() / had.len() as f64) as f32;
        assert!(mean.abs() > 0.01);
        assert_eq!((&bias[..14], &bias[14..]), (&model.embeddings.item_bias[..], &[mean; 3][..]));
        for (part, wide) in [
            (model.split.train.as_ref(), wide.split.train.as_ref()),
            (&model.split.valid, &wide.split.valid),
            (&model.split.test, &wide.split.test),
        ] {
            assert!(part.pairs().eq(wide.pairs()));
            assert_eq!((wide.user_count(), wide.item_count()), (15, 17));
            assert_eq!((wide.items_of(14), &wide.item_frequencies()[14..]), (&[][..], &[0; 3][..]));
        }
        // Again, nothing is left to take in.
        let twice = wide.clone().with_cold(Side::Items).unwrap();
        assert_eq!((&twice.items, &twice.embeddings), (&wide.items, &wide.embeddings));
    }
}

#[test]
fn everything_that_takes_a_model_takes_one_with_cold_rows() {
    let place = TempDir::new().unwrap();
    for geometry in [Geometry::Sphere, Geometry::Ball, Geometry::Dot] {
        let (_, wide) = widened(geometry);
        let seen = [wide.split.train.as_ref(), &wide.split.valid];
        let lists = recommend(&wide.embeddings, 0.5, &[0, 14], 17, &seen).unwrap();
        assert!(lists.iter().all(|list| list.iter().filter(|item| item.row >= 14).count() == 3));
        assert_eq!(lists[1].len(), 17, "a cold user has seen nothing");
        assert_eq!(similar_items(&wide.embeddings, &[16], 20).unwrap()[0].len(), 16);
        assert!(popular(&wide.split.train, 3, &[]).unwrap().iter().all(|item| item.item < 14));
        let split = &wide.split;
        evaluate(&wide.embeddings, 1.0, &split.train, Some(&split.valid), &split.test, &[5]).unwrap();
        let options = ExportOptions {
            what: What::Both,
            format: ExportFormat::Csv,
            labels: &[],
            csv_safe: false,
            metric: None,
            popularity: None,
        };
        let exported = export(&wide, &options, place.path(), true).unwrap();
        let lines = |at: usize| std::fs::read_to_string(&exported.paths[at]).unwrap().lines().count();
        assert_eq!(lines(0) + lines(1), 1 + 17 + 1 + 15);
        wide.save(&place.path().join("model"), &[]).unwrap();
        assert_eq!(Model::load(&place.path().join("model")).unwrap().items, wide.items);
    }
}

#[test]
fn a_model_without_features_or_with_a_cold_item_of_its_own_has_no_cold_rows() {
    let error = odd_model().with_cold(Side::Users).unwrap_err().to_string();
    assert!(error.contains("no features of users"), "{error}");
    let mut model = with_features(odd_model());
    model.features[0].cold_ids.intern(b"A");
    model.features[0].cold_points.extend([1.0, 0.0, 0.0, 0.0]);
    let error = model.with_cold(Side::Items).unwrap_err().to_string();
    assert!(error.contains("row 3 was there in training"), "{error}");
}
