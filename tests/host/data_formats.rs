//! Every format, found from the file or given by flag, plain and compressed.

use crate::data_load::pairs;
use flate2::Compression;
use flate2::write::GzEncoder;
use spherec::data::{self, Column, Dataset, Format, LoadOptions, LoadReport, OnBadRow, Separator};
use std::io::Write;

fn load(bytes: &[u8], options: &LoadOptions) -> (Dataset, LoadReport) {
    let (_folder, path) = crate::data_load::file(bytes);
    data::load(&path, options).unwrap_or_else(|error| panic!("{error}"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

fn detect() -> LoadOptions {
    LoadOptions::default()
}

fn by_number(separator: Separator, header: bool) -> LoadOptions {
    LoadOptions {
        format: Format::Delimited,
        separator: Some(separator),
        header: Some(header),
        user_column: Some(Column::Number(1)),
        item_column: Some(Column::Number(2)),
        ..detect()
    }
}

/// Loads `bytes` by detection and by flags, plain and compressed: always the same pairs.
#[track_caller]
fn check(bytes: &[u8], flags: &LoadOptions, expected: &[&str]) {
    for options in [&detect(), flags] {
        for bytes in [bytes.to_vec(), gzip(bytes)] {
            let (dataset, report) = load(&bytes, options);
            assert_eq!(pairs(&dataset), expected, "{}", report.format);
            assert_eq!(report.layout.is_gzip, bytes.starts_with(b"\x1f\x8b"));
            assert_eq!(report.kept.interactions, expected.len());
        }
    }
}

#[test]
fn movielens() {
    let tab = by_number(Separator::Byte(b'\t'), false);
    check(b"196\t242\t3\t881250949\n186\t302\t3\t891717742\n", &tab, &["196>242", "186>302"]);
    let colons = by_number(Separator::DoubleColon, false);
    check(b"1::1193::5::978300760\n1::661::3::978302109\n", &colons, &["1>1193", "1>661"]);
    let csv = by_number(Separator::Byte(b','), true);
    check(
        b"userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n1,29,3.5,1112484676\n",
        &csv,
        &["1>2", "1>29"],
    );
}

#[test]
fn book_crossing() {
    let bytes = b"\"User-ID\";\"ISBN\";\"Book-Rating\"\r\n\"276725\";\"034545104X\";\"0\"\r\n\
                  \"48821\";\"\\\"8804501367\\\"\";\"7\"\r\n\"276727\";\"393\xdf704064\";\"8\"\r\n";
    let flags = LoadOptions { backslash_escapes: Some(true), ..by_number(Separator::Byte(b';'), true) };
    check(bytes, &flags, &["276725>034545104X", "48821>\"8804501367\"", "276727>393\\xDF704064"]);
}

#[test]
fn amazon() {
    let ratings = b"AKM1MP6P0OYPR,0132793040,5.0,1365811200\nA2CX7LUOHB2NDG,0321732944,5.0,1341100800\n";
    let expected = ["AKM1MP6P0OYPR>0132793040", "A2CX7LUOHB2NDG>0321732944"];
    check(ratings, &by_number(Separator::Byte(b','), false), &expected);
    let reviews = br#"{"reviewerID": "A1", "asin": "0000143561", "reviewerName": "J. \"J\"", "helpful": [0, 1], "reviewText": "one, two\n{three}", "overall": 3.0, "unixReviewTime": 1362787200}

{"asin": "B00", "overall": 5.0, "reviewerID": "A2\u00e9/x", "style": {"Format:": "DVD"}}
"#;
    let flags = LoadOptions {
        format: Format::JsonLines,
        user_column: Some(Column::Name("reviewerID".into())),
        item_column: Some(Column::Name("asin".into())),
        ..detect()
    };
    check(reviews, &flags, &["A1>0000143561", "A2\u{e9}/x>B00"]);
    let (dataset, report) = load(reviews, &LoadOptions { min_rating: Some(5.0), ..detect() });
    assert_eq!(pairs(&dataset), ["A2\u{e9}/x>B00"]);
    for part in ["JSON lines", "user `reviewerID`", "item `asin`", "rating `overall`"] {
        assert!(report.format.contains(part), "{}", report.format);
    }
}

#[test]
fn json_numbers_are_ids_too() {
    let (dataset, _) =
        load(b"{\"user\": 12345678901234567890, \"item\": -3}\n{\"item\":7,\"user\":1}", &detect());
    assert_eq!(pairs(&dataset), ["12345678901234567890>-3", "1>7"]);
}

#[test]
fn members_may_be_absent_from_the_first_object() {
    let text = b"{\"user\": 1, \"item\": 2}\n{\"item\": 3, \"rating\": 5, \"user\": 1}\n";
    let options = LoadOptions { min_rating: Some(4.0), on_bad_row: OnBadRow::Skip, ..detect() };
    let (dataset, report) = load(text, &options);
    assert_eq!((pairs(&dataset), report.bad_rows.count), (vec!["1>3".to_owned()], 1));
}

#[test]
fn echo_nest_and_last_fm() {
    let triplets = b"b80344d063b5ccb3212f76538f3d9e43d87dca9e\tSOAKIMP12A8C130995\t1\n\
                     b80344d063b5ccb3212f76538f3d9e43d87dca9e\tSOAPDEY12A81C210A9\t12\n";
    let user = "b80344d063b5ccb3212f76538f3d9e43d87dca9e";
    let expected = [format!("{user}>SOAKIMP12A8C130995"), format!("{user}>SOAPDEY12A81C210A9")];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let tab = by_number(Separator::Byte(b'\t'), false);
    check(triplets, &tab, &expected);
    let (dataset, _) = load(triplets, &LoadOptions { min_count: Some(5.0), ..detect() });
    assert_eq!(pairs(&dataset), expected[1..]);
    let plays = b"userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n";
    check(plays, &by_number(Separator::Byte(b'\t'), true), &["2>51", "2>52"]);
    let (dataset, _) = load(plays, &LoadOptions { min_count: Some(12_000.0), ..detect() });
    assert_eq!(pairs(&dataset), ["2>51"]);
}

#[test]
fn recbole() {
    let bytes = b"user_id:token\titem_id:token\trating:float\ttimestamp:float\nu1\ti1\t4\t9\nu1\ti2\t2\t9\n";
    check(bytes, &by_number(Separator::Byte(b'\t'), true), &["u1>i1", "u1>i2"]);
    let (dataset, report) = load(bytes, &LoadOptions { min_rating: Some(3.0), ..detect() });
    assert_eq!(pairs(&dataset), ["u1>i1"]);
    assert_eq!(report.layout.rating_column, Some(3));
}

#[test]
fn adjacency_lists() {
    let id = LoadOptions { format: Format::AdjacencyId, ..detect() };
    check(b"0 0 1 2\n1 1 3 \n2\n", &id, &["0>0", "0>1", "0>2", "1>1", "1>3"]);
    let count = LoadOptions { format: Format::AdjacencyCount, ..detect() };
    check(b"2 193 11908\n0\n1 7\n", &count, &["0>193", "0>11908", "2>7"]);
}

#[test]
fn any_delimited_text() {
    let pipe = LoadOptions { separator: Some(Separator::Byte(b'|')), ..detect() };
    let (dataset, _) = load(
        b"when|who|what\n1|a|x\n2|b|y\n",
        &LoadOptions {
            user_column: Some(Column::Name("who".into())),
            item_column: Some(Column::Name("what".into())),
            ..pipe
        },
    );
    assert_eq!(pairs(&dataset), ["a>x", "b>y"]);
}

#[test]
fn gzip_of_several_members_and_of_other_names() {
    let members = [gzip(b"user,item\na,x\n"), gzip(b"b,y\n")].concat();
    // The file is called ratings.csv.
    let (dataset, report) = load(&members, &detect());
    assert_eq!(pairs(&dataset), ["a>x", "b>y"]);
    assert!(report.layout.is_gzip);
}

#[test]
fn damaged_gzip_is_an_error() {
    let whole = gzip(&b"user,item\na,x\nb,y\n".repeat(1000));
    let mut flipped = whole.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    for bytes in [&whole[..whole.len() / 2], &whole[..12], &flipped] {
        let (_folder, path) = crate::data_load::file(bytes);
        let error = data::load(&path, &detect()).expect_err("an error").to_string();
        assert!(error.contains("gzip") && error.contains("damaged"), "{error}");
    }
    let (_folder, path) = crate::data_load::file(&gzip(&whole));
    let error = data::load(&path, &detect()).expect_err("an error").to_string();
    assert!(error.contains("gzip") && error.contains("twice"), "{error}");
}

#[test]
fn json_that_cannot_be_used() {
    let refuse = |text: &str, parts: &[&str]| {
        let (_folder, path) = crate::data_load::file(text.as_bytes());
        let error = data::load(&path, &detect()).expect_err("an error").to_string();
        for part in parts {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    };
    let good = r#"{"user": "a", "item": "x"}"#;
    refuse(&format!("{good}\n{{\"user\": \"b\"}}\n"), &[":2: ", "`item`"]);
    refuse(&format!("{good}\n\n{{\"user\": \"b\", \"item\": null}}\n"), &[":3: ", "`item`"]);
    refuse(&format!("{good}\n{{\"user\": \"b\", \"item\"\n"), &[":2: ", "JSON", "EOF"]);
    refuse(&format!("{good}\n{{\"user\": [1], \"item\": 2}}\n"), &[":2: ", "a string or a number"]);
    refuse(&format!("{good}\n{good} {good}\n"), &[":2: ", "JSON", "trailing characters"]);
    refuse(&format!("{good}\n{{\"user\": \"\", \"item\": 2}}\n"), &[":2: user id", "empty"]);
    refuse("[\n{\"user\": 1}]\n", &["JSON array", "jq"]);
    refuse("{}\n{}\n", &[":1: ", "empty"]);
    refuse("{'reviewerID': 'A1'}\n", &[":1: ", "JSON"]);
    // Members have no order, so their position says nothing.
    refuse("{\"who\": \"a\", \"item\": \"x\"}\n", &["--user-column", "`who`, `item`"]);
    refuse("{\"user\": \"a\", \"what\": \"x\"}\n", &["--item-column", "`user`, `what`"]);
}
