//! Segments of people: who is in which, their items, and their files.

use rand_distr::{Distribution, StandardNormal};
use spherec::Error;
use spherec::data::{IdTable, Interactions, Split};
use spherec::export::{SegmentLists, read_segments, segment_paths, write_segments};
use spherec::model::{Embeddings, Model};
use spherec::random::{Purpose, Stream};
use spherec::segments::Segments;
use spherec::step::Geometry;
use std::fs;
use tempfile::TempDir;

const DIM: usize = 6;

/// Which of three tastes a user has: half of them the first, a third the second.
fn taste(user: u32) -> usize {
    [0, 0, 0, 1, 1, 2][user as usize % 6]
}

/// 60 users around three directions, the last of whom has no interaction; 9 items, three to a taste. All people of a taste
/// have its first item, and every second one the next.
fn model(geometry: Geometry) -> Model {
    let mut stream = Stream::new(1, Purpose::Generate, 9);
    let mut point = |taste: usize, noise: f32| {
        let mut row: Vec<f32> = (0..DIM)
            .map(|column| {
                let normal: f32 = StandardNormal.sample(&mut stream);
                f32::from(u8::from(column == taste)) + noise * normal
            })
            .collect();
        Geometry::Sphere.to_point(&mut row);
        row
    };
    let mut users: Vec<f32> = (0..60).flat_map(|user| point(taste(user), 0.1)).collect();
    let items: Vec<f32> = (0..9).flat_map(|item| point(item / 3, 0.05)).collect();
    if geometry == Geometry::Dot {
        // Lengths do not matter.
        users.chunks_mut(DIM).enumerate().for_each(|(at, row)| {
            row.iter_mut().for_each(|x| *x *= 1.0 + at as f32);
        });
    }
    let mut pairs = Vec::new();
    for user in 0..59 {
        let first = 3 * taste(user) as u32;
        pairs.push((user, first));
        if user % 2 == 0 {
            pairs.push((user, first + 1));
        }
    }
    // Popular with all, but of one taste.
    pairs.extend((0..59).filter(|&user| taste(user) == 1).map(|user| (user, 8)));
    let part = |pairs: &[(u32, u32)]| Interactions::from_pairs(60, 9, pairs);
    Model {
        embeddings: Embeddings { dim: DIM, geometry, users, items, ..Embeddings::default() },
        users: IdTable::numbered(60),
        items: ids(9),
        split: Split { train: part(&pairs).into(), valid: part(&[]), test: part(&[(59, 0)]) },
        ..Model::default()
    }
}

fn ids(count: usize) -> IdTable {
    let mut ids = IdTable::default();
    for item in 0..count {
        ids.intern(format!("=i\t{item}").as_bytes());
    }
    ids
}

#[test]
fn people_of_one_taste_are_in_one_segment_the_largest_first() {
    for geometry in [Geometry::Sphere, Geometry::Ball, Geometry::Dot] {
        let model = model(geometry);
        model.check().unwrap();
        for seed in 0..3 {
            let segments = Segments::of(&model, 3, seed).unwrap();
            let expected = (0..60).map(|user| (user < 59).then(|| taste(user) as u32));
            assert!(segments.of_user.iter().copied().eq(expected), "{geometry:?}, seed {seed}");
            // User 59 would be of the last taste.
            assert_eq!((segments.count(), segments.sizes()), (3, vec![30, 20, 9]));
            for (segment, centre) in segments.centres.chunks(DIM).enumerate() {
                let mut mean = [0.0; DIM];
                for user in (0..59).filter(|&user| taste(user) == segment) {
                    let mut row = model.embeddings.user(user).to_vec();
                    Geometry::Sphere.to_point(&mut row);
                    mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                }
                Geometry::Sphere.to_point(&mut mean);
                assert!(centre.iter().zip(mean).all(|(x, y)| (x - y).abs() < 1e-5), "{geometry:?}");
            }
            assert_eq!(Segments::of(&model, 3, seed).unwrap(), segments);
            assert_eq!(Segments::around(&model, segments.centres.clone()).unwrap(), segments);
        }
    }
}

#[test]
fn a_point_belongs_where_its_angle_is_smallest() {
    let model = model(Geometry::Dot);
    let segments = Segments::of(&model, 3, 0).unwrap();
    let mut points = vec![0.0; 3 * DIM];
    (points[2], points[DIM], points[2 * DIM + 1]) = (0.01, 500.0, 1.0);
    points[DIM + 1] = 400.0;
    assert_eq!(segments.nearest(&points), [2, 0, 1]);
}

#[test]
fn numbers_of_segments_that_cannot_be() {
    let model = model(Geometry::Sphere);
    let one = Segments::of(&model, 1, 0).unwrap();
    assert_eq!((one.sizes(), one.of_user[59]), (vec![59], None));
    for (count, most) in [(0, "1 to 59"), (60, "1 to 59")] {
        let error = Segments::of(&model, count, 0).unwrap_err();
        assert!(matches!(&error, Error::Setting { flag: "-k", .. }), "{error}");
        assert!(error.to_string().contains(most), "{error}");
    }
    // A segment for everyone is too many only where people are not apart.
    let mut same = model.clone();
    same.embeddings.users = (0..60).flat_map(|user| model.embeddings.user(user % 2).to_vec()).collect();
    assert_eq!(Segments::of(&same, 59, 0).unwrap().count(), 2);
    let mut nobody = model.clone();
    nobody.split.train = Interactions::from_pairs(60, 9, &[]).into();
    assert!(matches!(Segments::of(&nobody, 1, 0), Err(Error::Setting { flag: "-k", .. })));
    let centre = one.centres;
    for centres in [vec![], centre[1..].to_vec(), vec![0.0; DIM], vec![f32::NAN; DIM], vec![1.0; DIM]] {
        assert!(matches!(Segments::around(&model, centres), Err(Error::Data(_))));
    }
}

#[test]
fn the_items_of_a_segment_are_those_of_its_people() {
    let model = model(Geometry::Sphere);
    let segments = Segments::of(&model, 3, 0).unwrap();
    let train = &model.split.train;
    for segment in 0..3u32 {
        let people: Vec<u32> = (0..59).filter(|&user| taste(user) == segment as usize).collect();
        let count = |item: u32| people.iter().filter(|&&user| train.contains(user, item)).count() as u32;
        let found = segments.popular_items(train, segment, 9).unwrap();
        let seen: Vec<(u32, u32)> = found.iter().map(|it| (it.item, it.count)).collect();
        let mut expected: Vec<(u32, u32)> = (0..9).map(|item| (item, count(item))).collect();
        expected.sort_by_key(|&(item, count)| (std::cmp::Reverse(count), item));
        expected.retain(|&(_, count)| count > 0);
        assert_eq!(seen, expected, "segment {segment}");
        assert_eq!(segments.popular_items(train, segment, 1).unwrap(), found[..1]);
    }
    assert_eq!(segments.popular_items(train, 1, 9).unwrap().len(), 3);
    let near = segments.nearest_items(&model.embeddings, 3).unwrap();
    for (segment, list) in (0u32..).zip(near) {
        let mut rows: Vec<u32> = list.iter().map(|it| it.row).collect();
        rows.sort_unstable();
        assert_eq!(rows, [3 * segment, 3 * segment + 1, 3 * segment + 2]);
        assert!(list.is_sorted_by(|a, b| a.score >= b.score));
    }
    assert!(matches!(segments.popular_items(train, 0, 0), Err(Error::Setting { flag: "-k", .. })));
    assert!(matches!(segments.nearest_items(&model.embeddings, 0), Err(Error::Setting { flag: "-k", .. })));
}

#[test]
fn segments_come_back_from_their_files_and_from_no_others() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("new/segments");
    let model = model(Geometry::Dot);
    let segments = Segments::of(&model, 3, 0).unwrap();
    let nearest = segments.nearest_items(&model.embeddings, 2).unwrap();
    let popular: Vec<_> =
        (0..3).map(|segment| segments.popular_items(&model.split.train, segment, 2).unwrap()).collect();
    let lists = SegmentLists { segments: &segments, nearest: &nearest, popular: &popular };
    let write = |is_safe, force| write_segments(&model, "sum", &lists, &folder, is_safe, force);
    assert_eq!(write(true, false).unwrap(), segment_paths(&folder));
    let csv = fs::read_to_string(folder.join("segments.csv")).unwrap();
    // The people of the last segment have one item.
    assert_eq!(csv.lines().count(), 1 + 4 + 4 + 3);
    assert!(csv.contains("\n1,popular,1,'=i\\t3,20\n"), "{csv}");
    let users = fs::read_to_string(folder.join("users.csv")).unwrap();
    assert_eq!((users.lines().count(), users.lines().nth(4)), (60, Some("3,1")));
    assert!(matches!(write(false, false), Err(Error::File { .. })));
    write(false, true).unwrap();
    assert!(fs::read_to_string(folder.join("segments.csv")).unwrap().contains("\n1,popular,1,=i\\t3,20\n"));
    assert_eq!(read_segments(&folder, &model, "sum").unwrap(), segments);
    let error = read_segments(&folder, &model, "other").unwrap_err().to_string();
    assert!(error.contains("another model"), "{error}");
    let mut other = model.clone();
    (other.embeddings.dim, other.embeddings.users, other.embeddings.items) =
        (3, vec![1.0; 180], vec![1.0; 27]);
    let error = read_segments(&folder, &other, "sum").unwrap_err().to_string();
    assert!(error.contains("dimension 3"), "{error}");
    let path = folder.join("segments.json");
    let text = fs::read_to_string(&path).unwrap();
    for damaged in ["", "{}", &text[..text.len() / 2], &text.replace("centre\":[", "centre\":[1e9,"), "[1"] {
        fs::write(&path, damaged).unwrap();
        let error = read_segments(&folder, &model, "sum").unwrap_err();
        assert!(matches!(&error, Error::File { .. }), "{error}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(read_segments(&folder, &model, "sum"), Err(Error::Io { .. })));
}
