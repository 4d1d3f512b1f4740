//! Recommendations and neighbours: what is left out, the order, and bad requests.

use spherec::data::Interactions;
use spherec::model::Embeddings;
use spherec::recommend::{Neighbour, Popular, popular, recommend, similar_items, similar_users};
use spherec::step::Geometry;

/// Points of the circle at these angles, in degrees.
fn circle(angles: &[f64]) -> Vec<f32> {
    angles
        .iter()
        .flat_map(|angle| [angle.to_radians().cos() as f32, angle.to_radians().sin() as f32])
        .collect()
}

fn example() -> Embeddings {
    let (users, items) = (circle(&[0.0, 90.0, 100.0]), circle(&[10.0, 80.0, 10.0, 200.0]));
    Embeddings { dim: 2, users, items, ..Embeddings::default() }
}

fn rows(neighbours: &[Neighbour]) -> Vec<u32> {
    neighbours.iter().map(|neighbour| neighbour.row).collect()
}

#[test]
fn the_nearest_unseen_items_come_first() {
    let seen = Interactions::from_pairs(3, 4, &[(0, 0), (1, 1)]);
    let more = Interactions::from_pairs(3, 4, &[(1, 3)]);
    let lists = recommend(&example(), 1.0, &[1, 0], 10, &[&seen, &more]).unwrap();
    assert_eq!(lists.len(), 2);
    assert_eq!(rows(&lists[0]), [0, 2]);
    assert_eq!(rows(&lists[1]), [2, 1, 3]);
    let lists = recommend(&example(), 1.0, &[0], 2, &[]).unwrap();
    assert_eq!(rows(&lists[0]), [0, 2]);
    let best = lists[0][0];
    let (cosine, chord) = (10f64.to_radians().cos(), 2.0 * 5f64.to_radians().sin());
    assert!((f64::from(best.similarity) - cosine).abs() <= 1e-6, "{best:?}");
    assert!((f64::from(best.distance) - chord).abs() <= 1e-6, "{best:?}");
}

#[test]
fn the_item_bias_lifts_items_as_far_as_the_dial_says() {
    // Cosines with user 1, at 90 degrees: 0.17, 0.98, 0.17, -0.34.
    let biased = Embeddings { item_bias: vec![0.0, 0.0, 1.0, 2.0], ..example() };
    let list = |popularity| recommend(&biased, popularity, &[1], 4, &[]).unwrap().remove(0);
    assert_eq!(rows(&list(0.0)), [1, 0, 2, 3]);
    assert_eq!(rows(&list(0.5)), [1, 2, 3, 0]);
    assert_eq!(rows(&list(1.0)), [3, 2, 1, 0]);
    let best = list(1.0)[0];
    let (cosine, chord) = (110f64.to_radians().cos(), 2.0 * 55f64.to_radians().sin());
    assert!((f64::from(best.score) - (2.0 + cosine)).abs() <= 1e-6, "{best:?}");
    assert!((f64::from(best.similarity) - cosine).abs() <= 1e-6, "{best:?}");
    assert!((f64::from(best.distance) - chord).abs() <= 1e-6, "{best:?}");
    // Without the dial the lists are those of the model without a bias, and neighbours always.
    assert_eq!(list(0.0), recommend(&example(), 1.0, &[1], 4, &[]).unwrap()[0]);
    assert_eq!(similar_items(&biased, &[0], 3).unwrap(), similar_items(&example(), &[0], 3).unwrap());
}

#[test]
fn points_of_any_length_are_ranked_by_inner_product_and_compared_by_angle() {
    let dot = Embeddings {
        dim: 2,
        geometry: Geometry::Dot,
        users: vec![3.0, 0.0, 0.0, 0.5],
        items: vec![1.0, 0.1, 9.0, 9.0, 0.2, 0.0, -4.0, 0.0],
        ..Embeddings::default()
    };
    let list = &recommend(&dot, 1.0, &[0], 4, &[]).unwrap()[0];
    assert_eq!(rows(list), [1, 0, 2, 3]);
    assert_eq!(
        (list[0].score, list[3].score, list[3].similarity, list[3].distance),
        (27.0, -12.0, -1.0, 7.0)
    );
    // By inner product, item 1 would be the nearest of all.
    let near = &similar_items(&dot, &[0], 3).unwrap()[0];
    assert_eq!(rows(near), [2, 1, 3]);
    let cosine = 1.0 / 1.01f64.sqrt();
    assert!((f64::from(near[0].similarity) - cosine).abs() <= 1e-6 && near[0].score == near[0].similarity);
    assert_eq!(similar_users(&dot, &[0], 1).unwrap()[0][0].similarity, 0.0);
    let flat = Embeddings { items: vec![0.0; 8], ..dot };
    let list = &recommend(&flat, 1.0, &[0], 4, &[]).unwrap()[0];
    assert_eq!((rows(list), list[0].similarity), (vec![0, 1, 2, 3], f32::NEG_INFINITY));
}

#[test]
fn points_of_the_ball_are_ranked_and_compared_by_distance() {
    let ball = Embeddings {
        dim: 2,
        geometry: Geometry::Ball,
        users: vec![0.5, 0.0, 0.0, -1.0],
        // The first is the farthest of those with the same angle; by inner product it would come first.
        items: vec![1.0, 0.0, 0.25, 0.0, 0.5, 0.125, -0.5, 0.0],
        item_bias: vec![0.0, 0.0, 0.0, 0.5],
        ..Embeddings::default()
    };
    let list = &recommend(&ball, 0.0, &[0], 4, &[]).unwrap()[0];
    assert_eq!(rows(list), [2, 1, 0, 3]);
    let of = |at: usize| (list[at].score, list[at].similarity, list[at].distance);
    assert_eq!((of(1), of(2), of(3)), ((-0.03125, 1.0, 0.25), (-0.125, 1.0, 0.5), (-0.5, -1.0, 1.0)));
    // With the bias the last has a score of 0.
    let list = &recommend(&ball, 1.0, &[0], 4, &[]).unwrap()[0];
    assert_eq!((rows(list), list[0].score), (vec![3, 2, 1, 0], 0.0));
    let near = &similar_items(&ball, &[1], 3).unwrap()[0];
    assert_eq!((rows(near), near[1].distance, near[1].score), (vec![2, 0, 3], 0.75, -0.28125));
    assert_eq!((near[1].similarity, near[2].similarity), (1.0, -1.0));
    assert_eq!(similar_users(&ball, &[0], 1).unwrap()[0][0].distance, 1.25f32.sqrt());
    // What lists are made of stands on maps as it is.
    assert_eq!(ball.places(&ball.items)[..], ball.items[..]);
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
    let empty = Embeddings { dim: 2, users: vec![1.0, 0.0], ..Embeddings::default() };
    assert_eq!(recommend(&empty, 1.0, &[0], 3, &[]).unwrap(), [vec![]]);
    assert_eq!(similar_users(&empty, &[0], 3).unwrap(), [vec![]]);
    assert!(recommend(&empty, 1.0, &[], 3, &[]).unwrap().is_empty());
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
    check(text(recommend(&model, 1.0, &[0], 0, &[])), &["-k ", " 0"]);
    check(text(recommend(&model, -0.5, &[0], 1, &[])), &["--popularity ", "0 to 1", "-0.5"]);
    let short = Embeddings { item_bias: vec![0.0], ..model.clone() };
    check(text(recommend(&short, 1.0, &[0], 1, &[])), &["1 number", "4 items"]);
    check(text(recommend(&model, 1.0, &[3], 1, &[])), &["user 3", "3 users"]);
    check(text(similar_items(&model, &[4], 1)), &["item 4", "4 items"]);
    check(text(similar_users(&model, &[0, 7], 1)), &["user 7", "3 users"]);
    check(text(recommend(&model, 1.0, &[0], 1, &[&other])), &["5 items", "3 and 4"]);
    assert!(popular(&other, 0, &[]).is_err());
    let broken = Embeddings { dim: 0, ..model };
    assert!(text(similar_items(&broken, &[0], 1)).contains("dimension 0"));
}
