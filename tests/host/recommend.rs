//! Recommendations and neighbours: what is left out, the order, and bad requests.

use spherec::data::Interactions;
use spherec::model::Embeddings;
use spherec::recommend::{Neighbour, Popular, popular, recommend, similar_items, similar_users};

/// Points of the circle at these angles, in degrees.
fn circle(angles: &[f64]) -> Vec<f32> {
    angles
        .iter()
        .flat_map(|angle| [angle.to_radians().cos() as f32, angle.to_radians().sin() as f32])
        .collect()
}

fn example() -> Embeddings {
    Embeddings { dim: 2, users: circle(&[0.0, 90.0, 100.0]), items: circle(&[10.0, 80.0, 10.0, 200.0]) }
}

fn rows(neighbours: &[Neighbour]) -> Vec<u32> {
    neighbours.iter().map(|neighbour| neighbour.row).collect()
}

#[test]
fn the_nearest_unseen_items_come_first() {
    let seen = Interactions::from_pairs(3, 4, &[(0, 0), (1, 1)]);
    let more = Interactions::from_pairs(3, 4, &[(1, 3)]);
    let lists = recommend(&example(), &[1, 0], 10, &[&seen, &more]).unwrap();
    assert_eq!(lists.len(), 2);
    assert_eq!(rows(&lists[0]), [0, 2]);
    assert_eq!(rows(&lists[1]), [2, 1, 3]);
    let lists = recommend(&example(), &[0], 2, &[]).unwrap();
    assert_eq!(rows(&lists[0]), [0, 2]);
    let best = lists[0][0];
    let (cosine, chord) = (10f64.to_radians().cos(), 2.0 * 5f64.to_radians().sin());
    assert!((f64::from(best.similarity) - cosine).abs() <= 1e-6, "{best:?}");
    assert!((f64::from(best.distance) - chord).abs() <= 1e-6, "{best:?}");
}

#[test]
fn neighbours_leave_out_only_themselves() {
    let items = similar_items(&example(), &[2, 3], 2).unwrap();
    assert_eq!((rows(&items[0]), rows(&items[1])), (vec![0, 1], vec![1, 0]));
    assert_eq!(items[0][0].distance, 0.0);
    let users = similar_users(&example(), &[0, 1, 2], 9).unwrap();
    let all: Vec<Vec<u32>> = users.iter().map(|list| rows(list)).collect();
    assert_eq!(all, [vec![1, 2], vec![2, 0], vec![1, 0]]);
}

#[test]
fn popular_items_by_count_then_row() {
    let train = Interactions::from_pairs(3, 4, &[(0, 3), (1, 3), (2, 1), (0, 2)]);
    let entry = |item, count| Popular { item, count };
    assert_eq!(popular(&train, 3, &[]).unwrap(), [entry(3, 2), entry(1, 1), entry(2, 1)]);
    assert_eq!(popular(&train, 9, &[3, 2, 77]).unwrap(), [entry(1, 1), entry(0, 0)]);
}

#[test]
fn no_items_or_no_queries_is_an_empty_answer() {
    let empty = Embeddings { dim: 2, users: vec![1.0, 0.0], items: vec![] };
    assert_eq!(recommend(&empty, &[0], 3, &[]).unwrap(), [vec![]]);
    assert_eq!(similar_users(&empty, &[0], 3).unwrap(), [vec![]]);
    assert!(recommend(&empty, &[], 3, &[]).unwrap().is_empty());
}

#[test]
fn bad_requests_are_errors() {
    let model = example();
    let other = Interactions::from_pairs(3, 5, &[]);
    let text = |result: spherec::Result<Vec<Vec<Neighbour>>>| result.unwrap_err().to_string();
    let check = |error: String, parts: &[&str]| {
        for part in parts {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    };
    check(text(recommend(&model, &[0], 0, &[])), &["-k ", " 0"]);
    check(text(recommend(&model, &[3], 1, &[])), &["user 3", "3 users"]);
    check(text(similar_items(&model, &[4], 1)), &["item 4", "4 items"]);
    check(text(similar_users(&model, &[0, 7], 1)), &["user 7", "3 users"]);
    check(text(recommend(&model, &[0], 1, &[&other])), &["5 items", "3 and 4"]);
    assert!(popular(&other, 0, &[]).is_err());
    let broken = Embeddings { dim: 0, ..model };
    assert!(text(similar_items(&broken, &[0], 1)).contains("dimension 0"));
}
