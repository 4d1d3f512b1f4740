//! What losses make of scores that are not numbers, and of negatives that are not there.

use rand::RngExt;
use spherec::random::{Purpose, Stream};
use spherec::reference::pair_loss;
use spherec::step::Loss;
use spherec::step::layout::FAR;

const ITEM_COUNT: usize = 40;

/// Those with settings to test by, and the softmax at both ends of its temperatures.
fn losses() -> Vec<Loss> {
    let ends = [1e-4, 1e4].map(|temperature| Loss::Softmax { temperature });
    Loss::ALL.into_iter().chain(ends).collect()
}

#[test]
fn a_score_that_is_not_a_number_is_seen_wherever_it_is() {
    let scores = [0.3, 0.5, -0.2, 0.1, 0.9, -0.6];
    for loss in losses() {
        let mut of_numbers = scores[1..].to_vec();
        assert!(pair_loss(&loss, ITEM_COUNT, scores[0], &mut of_numbers).loss.is_finite(), "{loss:?}");
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in 0..scores.len() {
                // With all others there, and with some or all of them away.
                for away in [0, 0b10010, 0b111110] {
                    let mut scores = scores;
                    (1..6).filter(|k| away >> k & 1 == 1).for_each(|k| scores[k] = FAR);
                    scores[place] = bad;
                    let [positive, mut negatives @ ..] = scores;
                    let found = pair_loss(&loss, ITEM_COUNT, positive, &mut negatives);
                    assert!(!found.loss.is_finite(), "{loss:?} of {scores:?} is {}", found.loss);
                }
            }
        }
    }
}

#[test]
fn no_negatives_at_all_have_no_slopes() {
    for loss in losses() {
        let mut negatives = [FAR; 3];
        let found = pair_loss(&loss, ITEM_COUNT, 0.25, &mut negatives);
        assert_eq!(negatives, [0.0; 3], "{loss:?}");
        // Only the contrastive loss pulls a positive by itself.
        let expected = if matches!(loss, Loss::Contrastive { .. }) { (-1.0, 0.75) } else { (0.0, 0.0) };
        assert_eq!((found.positive_slope, found.loss), expected, "{loss:?}");
    }
}

#[test]
fn a_negative_that_is_not_there_has_no_slope_and_no_share() {
    let mut stream = Stream::new(3, Purpose::Generate, 5);
    for loss in losses() {
        let mut seen_active = 0;
        for _ in 0..200 {
            let positive = stream.random::<f32>() - 0.5;
            let mut there: Vec<f32> = (0..4).map(|_| stream.random::<f32>() * 2.0 - 1.0).collect();
            // A pair's own draws, which alone have an order, come before the missing ones.
            let mut place = || if loss.needs_order() { 5 } else { stream.below(5) as usize };
            let mut with = there.clone();
            for _ in 0..3 {
                with.insert(place().min(with.len()), FAR);
            }
            let is_there: Vec<bool> = with.iter().map(|&score| score != FAR).collect();
            let expected = pair_loss(&loss, ITEM_COUNT, positive, &mut there);
            let found = pair_loss(&loss, ITEM_COUNT, positive, &mut with);
            let mut slopes = there.iter();
            for (&slope, is_there) in with.iter().zip(is_there) {
                assert_eq!(slope, if is_there { *slopes.next().unwrap() } else { 0.0 }, "{loss:?}");
            }
            assert_eq!(found, expected, "{loss:?}");
            seen_active += usize::from(found.positive_slope != 0.0);
        }
        assert!(seen_active > 20, "{loss:?}: {seen_active}");
    }
}
