//! Ids and pairs: nothing is lost between a file and the tables.

use proptest::collection::vec;
use proptest::prelude::*;
use spherec::data::{
    self, Dataset, Format, IdTable, Interactions, LoadOptions, OnBadRow, id_from_text, id_text,
};
use std::collections::BTreeSet;

/// Ids in which bytes that confuse parsers and terminals are common.
fn odd_id() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop_oneof![
        Just(b','),
        Just(b'"'),
        Just(b'\n'),
        Just(b'\r'),
        Just(b'\\'),
        Just(b';'),
        Just(b'\t'),
        Just(b' '),
        Just(b':'),
        Just(0u8),
        Just(0xefu8),
        Just(b'x'),
        any::<u8>()
    ];
    vec(odd, 1..12)
}

proptest! {
    #[test]
    fn text_forms_lose_nothing(id in odd_id()) {
        let text = id_text(&id);
        prop_assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
        prop_assert_eq!(id_from_text(&text), id.clone());
        let mut table = IdTable::default();
        table.intern(&id);
        prop_assert_eq!(table.find_text(&text), Some(0));
    }

    #[test]
    fn written_pairs_are_read_back(ids in vec((odd_id(), odd_id()), 1..30)) {
        let mut dataset = Dataset::default();
        let rows: Vec<(u32, u32)> =
            ids.iter().map(|(user, item)| (dataset.users.intern(user), dataset.items.intern(item))).collect();
        dataset.interactions = Interactions::from_pairs(dataset.users.len(), dataset.items.len(), &rows);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("pairs.csv");
        let parts = [(path.clone(), &dataset.interactions)];
        data::write_parts(&parts, &dataset.users, &dataset.items, false).expect("written");
        let (read, _) = data::load(&path, &LoadOptions::default()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let named = |set: &Dataset| -> BTreeSet<(Vec<u8>, Vec<u8>)> {
            set.interactions.pairs().map(|(u, i)| (set.users.bytes(u).to_vec(), set.items.bytes(i).to_vec())).collect()
        };
        prop_assert_eq!(named(&read), named(&dataset));
    }

    #[test]
    fn compressed_rows_hold_the_set_of_pairs(pairs in vec((0u32..7, 0u32..9), 0..60)) {
        let rows = Interactions::from_pairs(7, 9, &pairs);
        let oracle: BTreeSet<(u32, u32)> = pairs.iter().copied().collect();
        prop_assert_eq!(rows.pairs().collect::<Vec<_>>(), oracle.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(rows.len(), oracle.len());
        prop_assert_eq!((rows.user_count(), rows.item_count()), (7, 9));
        for user in 0..7 {
            for item in 0..9 {
                prop_assert_eq!(rows.contains(user, item), oracle.contains(&(user, item)));
            }
        }
        for (item, &count) in rows.item_frequencies().iter().enumerate() {
            prop_assert_eq!(count as usize, oracle.iter().filter(|pair| pair.1 as usize == item).count());
        }
    }
}

#[test]
fn no_bytes_make_the_loader_panic() {
    proptest!(|(bytes in vec(prop_oneof![
        Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b' '), Just(b':'), Just(b'\\'), Just(b'{'), b'0'..=b'3', Just(b'a'), any::<u8>()
    ], 0..80))| {
        let (_folder, path) = crate::data_load::file(&bytes);
        let _ = data::load(&path, &LoadOptions::default());
        let _ = data::load(&path, &LoadOptions { min_rating: Some(2.0), ..LoadOptions::default() });
        for format in [Format::Auto, Format::Delimited, Format::AdjacencyCount, Format::JsonLines] {
            let _ = data::inspect(&path, &LoadOptions { format, k_core: Some(2), ..LoadOptions::default() });
        }
        let escapes = LoadOptions { backslash_escapes: Some(true), on_bad_row: OnBadRow::Skip, ..LoadOptions::default() };
        let _ = data::load(&path, &escapes);
    });
}

#[test]
fn text_forms_are_readable() {
    let forms: [(&[u8], &str); 6] = [
        (b"The Beatles", "The Beatles"),
        ("Bj\u{f6}rk".as_bytes(), "Bj\u{f6}rk"),
        (b"393\xdf704064", "393\\xDF704064"),
        (b"a\\b", "a\\\\b"),
        (b"a\tb\nc\rd\x07", "a\\tb\\nc\\rd\\x07"),
        ("a\u{2028}b\u{85}".as_bytes(), "a\\xE2\\x80\\xA8b\\xC2\\x85"),
    ];
    for (id, text) in forms {
        assert_eq!(id_text(id), text);
    }
    let mut table = IdTable::default();
    table.intern(b"C:\\new");
    assert_eq!(table.find_text("C:\\new"), Some(0), "bytes are found as they are, too");
    assert_eq!(table.find_text("C:\\\\new"), Some(0));
    assert_eq!(table.find_text("D"), None);
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pairs.csv");
    std::fs::write(&path, "kept").expect("written");
    let (users, items) = (IdTable::numbered(2), IdTable::numbered(2));
    let pairs = Interactions::from_pairs(2, 2, &[(1, 0), (0, 1)]);
    let write = |more: &str, force| {
        data::write_parts(
            &[(path.clone(), &pairs), (folder.path().join(more), &pairs)],
            &users,
            &items,
            force,
        )
    };
    // A file in the place of a folder, the same file twice, and a file that is there.
    for (more, force) in [("pairs.csv/more.csv", true), ("pairs.csv", true), ("more.csv", false)] {
        let error = write(more, force).expect_err("an error").to_string();
        assert!(error.contains("pairs.csv"), "{error}");
        assert_eq!(std::fs::read(&path).expect("still there"), b"kept");
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "a temporary file is left"
        );
    }
    write("more.csv", true).expect("written");
    assert_eq!(std::fs::read(&path).expect("there"), b"user,item\n0,1\n1,0\n");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "a temporary file is left");
}
