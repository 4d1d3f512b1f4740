//! Files and options that cannot be used: each is an error that says where and why.

use crate::data_load::file;
use spherec::data::{self, Column, Format, LoadOptions, MAX_ID_BYTES, Separator};

fn detect() -> LoadOptions {
    LoadOptions::default()
}

fn min_rating() -> LoadOptions {
    LoadOptions { min_rating: Some(4.0), ..detect() }
}

/// Loads `bytes` and wants an error that starts with `start` and contains all of `parts`; `PATH` stands for
/// the file's path.
#[track_caller]
fn refuse(bytes: &[u8], options: &LoadOptions, start: &str, parts: &[&str]) {
    let (_folder, path) = file(bytes);
    let error = data::load(&path, options).expect_err("an error").to_string();
    let error = error.replace(&path.display().to_string(), "PATH");
    assert!(error.starts_with(start), "{error}");
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
}

#[test]
fn files_that_hold_nothing() {
    for bytes in [&b""[..], b"\n\r\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"] {
        refuse(bytes, &detect(), "PATH: ", &["empty"]);
    }
    refuse(b"user,item\n", &detect(), "PATH: ", &["header", "no rows"]);
    refuse(b"user,item\n,\n", &detect(), "PATH: ", &["header", "no rows"]);
    let count = LoadOptions { format: Format::AdjacencyCount, ..detect() };
    refuse(b"0\n0\n", &count, "PATH: ", &["adjacency list", "items"]);
    refuse(b"user,item,rating\na,x,1\na,y,2\n", &min_rating(), "PATH: ", &["2 rows", "rating", "at least 4"]);
}

#[test]
fn paths_that_are_no_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let missing = folder.path().join("missing.csv");
    let error = data::load(&missing, &detect()).expect_err("an error").to_string();
    assert!(error.starts_with(&format!("{}: cannot read: ", missing.display())), "{error}");
    let error = data::load(folder.path(), &detect()).expect_err("an error").to_string();
    assert!(error.starts_with(&format!("{}: is a folder", folder.path().display())), "{error}");
}

#[test]
fn files_that_are_no_text() {
    for (bytes, word) in [
        (&b"\x1f\x8b\x08"[..], "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"PAR1..", "Parquet"),
        (b"\xff\xfeu\0", "UTF-16"),
    ] {
        let (_folder, path) = file(bytes);
        let error = data::load(&path, &detect()).expect_err("an error").to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn an_error_names_the_line_whatever_the_line_ends() {
    let text = "user,item\na,x\n\n\nb,y\nc,\n";
    for end in ["\n", "\r\n", "\r"] {
        refuse(text.replace('\n', end).as_bytes(), &detect(), "PATH:6: item id", &["empty"]);
        let double_colon = text.replace(',', "::").replace('\n', end);
        refuse(double_colon.as_bytes(), &detect(), "PATH:6: item id", &["empty"]);
        let list = "1 5\n\n2 5 6\n2 7\n1 3\n1 4\n".replace('\n', end);
        refuse(list.as_bytes(), &detect(), "PATH:4: ", &["2 items", "has 1"]);
    }
    refuse(b"user,item\n\"a\nb\r\nc\",x\n\n,y\n", &detect(), "PATH:6: user id", &["empty"]);
}

#[test]
fn rows_with_too_few_fields() {
    let parts = ["1 field,", "at least 3", "`bob`"];
    refuse(b"user,item,rating\na,x,5\nbob\n", &detect(), "PATH:3: ", &parts);
    let parts = ["2 fields,", "at least 4", "`12\\t45`"];
    refuse(b"1\t5\t3\t881\n1\t6\t3\t882\n12\t45", &detect(), "PATH:3: ", &parts);
    // Whole numbers in lines of different lengths, but no adjacency list: nearly all lines are alike.
    let parts = ["2 fields,", "at least 3", "`6 6`"];
    refuse(b"1 5 3\n2 6 1\n3 6 5\n4 6 4\n5 6 2\n6 6\n", &detect(), "PATH:6: ", &parts);
    // Other rows need not have the extra separator at the end of the first row.
    let (_folder, path) = file(b"1,5,\n1,6\n");
    assert_eq!(data::load(&path, &detect()).expect("readable").0.interactions.len(), 2);
}

#[test]
fn ratings_that_are_no_finite_number() {
    for (rating, parts) in [
        ("good", ["number", "`good`"]),
        ("4,5", ["number", "`4,5`"]),
        ("NaN", ["finite", "`NaN`"]),
        ("-inf", ["finite", "`-inf`"]),
        ("1e999", ["finite", "`1e999`"]),
        ("", ["empty", ""]),
    ] {
        let text = format!("user;item;rating\na;x;5\nb;y;{rating}\n");
        refuse(text.as_bytes(), &min_rating(), "PATH:3: rating", &parts);
    }
    // A column that is not read is not checked.
    let (_folder, path) = file(b"user,item,rating\na,x,NaN\nb,y,good\n");
    assert_eq!(data::load(&path, &detect()).expect("readable").0.interactions.len(), 2);
}

#[test]
fn ids_of_any_length_in_messages_of_some() {
    let id = vec![b'x'; 10 << 20];
    let text = [b"user,item\na,x\nb,", &id[..], b"\n"].concat();
    let shown = format!("`{}...`", "x".repeat(57));
    let parts = ["10485760 bytes", "at most 65536", &shown];
    refuse(&text, &detect(), "PATH:3: item id", &parts);
    let text = [&id[..], b",x\n"].concat();
    refuse(&text, &detect(), "PATH:1: user id", &parts);
    let text = [b"user,item,rating\na,x,", &id[..], b"\n"].concat();
    refuse(&text, &min_rating(), "PATH:2: rating", &["number", &shown]);
    // The longest id that is allowed.
    let text = [b"user,item\na,", &id[..MAX_ID_BYTES], b"\n"].concat();
    let (_folder, path) = file(&text);
    assert_eq!(data::load(&path, &detect()).expect("readable").0.items.bytes(0).len(), MAX_ID_BYTES);
}

#[test]
fn quotes_that_are_not_closed() {
    refuse(b"user,item\na,x\n\"b,y\nc,z\n", &detect(), "PATH:3: ", &["quote"]);
    let parts = ["quote", "\nPATH:5: ", "\nPATH: 2 of 5 rows ", "--on-bad-row skip"];
    refuse(b"user,item\na,x\n\"b,y\nc,z\n\"d,z\ne,z\n", &detect(), "PATH:3: ", &parts);
    refuse(b"user,item\na,x\nb,\"y", &detect(), "PATH:3: ", &["quote"]);
}

#[test]
fn columns_that_are_not_there() {
    let name = |name: &str| LoadOptions { item_column: Some(Column::Name(name.into())), ..detect() };
    let number = |number| LoadOptions { item_column: Some(Column::Number(number)), ..detect() };
    let text = b"user,item,rating\na,x,5\n";
    let columns = "`user`, `item`, `rating`";
    refuse(text, &name("film"), "PATH: has no column `film` ", &["--item-column", columns]);
    refuse(text, &number(4), "PATH: has no column 4 ", &["--item-column", columns]);
    refuse(text, &number(0), "PATH: has no column 0 ", &["--item-column", columns]);
    refuse(text, &number(1), "--user-column and --item-column ", &["column 1", columns]);
    refuse(b"a,x\nb,y\n", &number(3), "PATH: has no column 3 ", &["--item-column", "2 columns"]);
    let headless = LoadOptions { header: Some(false), ..name("film") };
    refuse(text, &headless, "--item-column is a name", &["--header", "number"]);
    let parts = ["item", "--item-column", "`time`, `user_id`, `what`"];
    refuse(b"time,user_id,what\n1,a,x\n", &detect(), "PATH: ", &parts);
    let long = format!("user,item,{}\na,x,1\n", ["c"; 1000].join(","));
    let (_folder, path) = file(long.as_bytes());
    let error = data::load(&path, &name("film")).expect_err("an error").to_string();
    assert!(error.ends_with("and 982 more") && error.len() < 400, "{error}");
}

#[test]
fn separators_that_do_not_separate() {
    refuse(b"a|x\nb|y\n", &detect(), "PATH: has no columns", &["`a|x`", "--separator"]);
    let wrong = LoadOptions { separator: Some(Separator::Byte(b'\t')), ..detect() };
    refuse(b"a,x\nb,y\n", &wrong, "PATH: has no column 2 ", &["--item-column", "1 column"]);
    let quote = LoadOptions { separator: Some(Separator::Byte(b'"')), ..detect() };
    refuse(b"a,x\nb,y\n", &quote, "--separator ", &["`\"`"]);
}

#[test]
fn options_that_contradict() {
    refuse(
        b"user,item\na,x\n",
        &min_rating(),
        "--min-rating ",
        &["--rating-column", "PATH", "`user`, `item`"],
    );
    refuse(b"a,x\nb,y\n", &min_rating(), "--min-rating ", &["--rating-column", "PATH", "2 columns"]);
    let nan = LoadOptions { min_rating: Some(f64::NAN), ..detect() };
    refuse(b"a,x,1\n", &nan, "--min-rating ", &["finite"]);
    let unread = LoadOptions { rating_column: Some(Column::Number(3)), ..detect() };
    refuse(b"a,x,1\n", &unread, "--rating-column ", &["--min-rating", "--min-count"]);
    let parts = ["adjacency list", "--min-rating", "--format delimited"];
    refuse(b"2 5 6\n1 7\n3 1 2 3\n", &min_rating(), "PATH: ", &parts);
    let list = LoadOptions { format: Format::AdjacencyId, ..min_rating() };
    refuse(b"1 2\n", &list, "--min-rating ", &["adjacency list", "--format"]);
}

#[test]
fn adjacency_lists_with_wrong_counts() {
    let count = LoadOptions { format: Format::AdjacencyCount, ..detect() };
    refuse(b"1 5\n3 5 6\n", &count, "PATH:2: ", &["3 items", "has 2"]);
    refuse(b"1 5\nx 5 6\n", &count, "PATH:2: ", &["`x`"]);
    // If counts repeat, it is found without the flag, too.
    refuse(b"1 5\n1 6\n3 5 6\n2 5 6\n", &detect(), "PATH:3: ", &["3 items", "has 2"]);
}
