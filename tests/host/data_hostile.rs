//! Inputs made to exhaust memory or time, and numbers made to lose digits.
//!
//! No test has a clock: where time must be linear, an input is so long that quadratic time would be minutes.

use crate::data_load::{file, pairs};
use flate2::Compression;
use flate2::write::GzEncoder;
use spherec::data::{self, Format, IdTable, LoadOptions, OnBadRow};
use std::io::Write;
use std::path::Path;

fn skip() -> LoadOptions {
    LoadOptions { on_bad_row: OnBadRow::Skip, ..LoadOptions::default() }
}

fn at_most(bytes: usize) -> LoadOptions {
    LoadOptions { max_input_bytes: Some(bytes as u64), ..LoadOptions::default() }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("written");
    encoder.finish().expect("compressed")
}

/// The error about `bytes`, in which PATH stands for the path.
fn error(bytes: &[u8], options: &LoadOptions) -> String {
    let (_folder, path) = file(bytes);
    error_of(&path, options).replace(&path.display().to_string(), "PATH")
}

fn error_of(path: &Path, options: &LoadOptions) -> String {
    data::load(path, options).expect_err("an error").to_string()
}

#[test]
fn a_quote_that_is_open_to_the_end_costs_no_more_than_its_line() {
    const LINES: usize = 200_000;
    let escapes = LoadOptions { backslash_escapes: Some(true), ..skip() };
    for (line, options) in [
        // One quote in the middle of a field, and one that is not closed.
        ("x\"y,\"z\n", skip()),
        // Each field ends in the next line, and each line opens one more.
        ("x\",\"\n", skip()),
        ("x\",\"\\\"\n", escapes),
    ] {
        // Where there is a backslash before a quote, whether it escapes is found out from all rows.
        let text = format!("user,item\n1,2\n3\\\",4\n{}", line.repeat(LINES));
        let (_folder, path) = file(text.as_bytes());
        let (dataset, report) = data::load(&path, &options).expect("readable");
        assert_eq!(pairs(&dataset), ["1>2", "3\\\\\">4"], "{line:?}");
        assert_eq!(report.bad_rows.count, LINES, "{line:?}");
        assert_eq!(report.bad_rows.first[4].line, 8, "{line:?}");
    }
}

/// Ids that a hash function without a key maps to one number: their first eight bytes are the constant that it
/// combines them with.
#[test]
fn no_ids_have_all_the_same_hash() {
    const COUNT: u64 = 300_000;
    let mut ids = IdTable::default();
    for number in 0..COUNT {
        let id = [0x243f_6a88_85a3_08d3_u64.to_le_bytes(), number.to_le_bytes()].concat();
        ids.intern(&id);
    }
    assert_eq!(ids.len(), COUNT as usize);
}

#[test]
fn objects_of_many_members_are_read_in_linear_time() {
    let object = |count: usize| {
        let members: Vec<String> = (0..count).map(|member| format!("\"m{member}\":0")).collect();
        format!("{{\"user\":1,\"item\":2,{}}}\n", members.join(","))
    };
    let (_folder, path) = file(object(60_000).repeat(15).as_bytes());
    let (_, report) = data::load(&path, &LoadOptions::default()).expect("readable");
    assert_eq!(report.row_count, 15);
    let message = error(object(70_000).as_bytes(), &LoadOptions::default());
    assert!(message.starts_with("PATH:1: ") && message.contains("65536 members"), "{message}");
}

#[test]
fn numbers_of_json_keep_their_digits() {
    let ids = [
        ("18446744073709551617", "18446744073709551617"),
        ("18446744073709551618", "18446744073709551618"),
        ("18446744073709551619.0", "18446744073709551619"),
        ("-9223372036854775809", "-9223372036854775809"),
        ("7", "7"),
        ("0.10", "0.1"),
        ("100.0", "100"),
        ("1e308", "1e308"),
        ("1e400", "1e400"),
        ("\"007\"", "007"),
        ("\"a\\u0062\\\"\"", "ab\""),
    ];
    let text: String = ids.iter().map(|(id, _)| format!("{{\"user\": {id} ,\"item\":1}}\n")).collect();
    let (_folder, path) = file(text.as_bytes());
    let (dataset, _) = data::load(&path, &LoadOptions::default()).expect("readable");
    let read: Vec<String> = (0..dataset.users.len() as u32).map(|row| dataset.users.text(row)).collect();
    assert_eq!(read, ids.map(|(_, id)| id));
    for (value, part) in [("true", "`true`"), ("[1]", "`[1]`"), ("{}", "`{}`"), ("null", "has no `user`")] {
        let message = error(format!("{{\"user\":{value},\"item\":1}}\n").as_bytes(), &LoadOptions::default());
        assert!(message.starts_with("PATH:1: ") && message.contains(part), "{message}");
    }
    let rated = LoadOptions { min_rating: Some(4.0), ..LoadOptions::default() };
    let message = error(b"{\"user\":1,\"item\":2,\"rating\":1e999}\n", &rated);
    assert!(message.contains("rating is not finite: `1e999`"), "{message}");
}

#[test]
fn no_message_has_a_number_or_a_value_of_any_length() {
    let long = "x".repeat(100_000);
    let rows = "{\"user\":1,\"item\":2}\n";
    for text in [
        format!("{rows}1e308\n"),
        format!("{rows}\"{long}\"\n"),
        format!("{rows}{{\"user\":[\"{long}\"],\"item\":2}}\n"),
        format!("{{\"{long}\":1,\"item\":2}}\n"),
        format!("{{\"{long}\":1,\"user\":1,\"item\":2}}\n{{\"{long}\":\n"),
    ] {
        let message = error(text.as_bytes(), &LoadOptions::default());
        assert!(message.len() < 300, "{message}");
    }
    let (_folder, path) = file(format!("{{\"{long}\":1,\"item\":2}}\n").as_bytes());
    let named = LoadOptions { user_column: Some(data::Column::Name(long)), ..LoadOptions::default() };
    let (_, report) = data::load(&path, &named).expect("readable");
    assert!(report.format.len() < 300, "{}", report.format);
    let high = LoadOptions { min_rating: Some(1e308), ..LoadOptions::default() };
    let message = error(b"user,item,rating\n1,2,3\n", &high);
    assert!(message.ends_with("a rating of at least 1e308"), "{message}");
}

#[test]
fn no_more_is_read_than_is_allowed() {
    let text = format!("user,item\n{}", "1,2\n".repeat(250_000));
    for (bytes, words) in [(text.clone().into_bytes(), ""), (gzip(text.as_bytes()), " after decompression")] {
        let (_folder, path) = file(&bytes);
        // The rows need 12 bytes each, three times their text.
        let (dataset, report) = data::load(&path, &at_most(text.len())).expect("allowed");
        assert_eq!((dataset.interactions.len(), report.row_count), (1, 250_000));
        let message = error_of(&path, &at_most(text.len() - 1));
        assert!(message.contains(&format!(" bytes{words}, but at most 1000009 are read")), "{message}");
        assert!(message.contains("--max-input-bytes 1000009"), "{message}");
        assert!(message.contains(if words.is_empty() { "has 1000010 " } else { "has more than 1000009 " }));
        let error = data::inspect(&path, &at_most(1000)).expect_err("an error").to_string();
        assert!(error.contains("--max-input-bytes 1000"), "{error}");
    }
}

/// A billion bytes of decompressed zeros would take seconds and a gigabyte.
#[test]
fn a_bomb_of_gzip_is_not_blown_up() {
    let mut bomb = Vec::new();
    let block = gzip(&vec![b'\n'; 10_000_000]);
    (0..100).for_each(|_| bomb.extend_from_slice(&block));
    let message = error(&bomb, &at_most(bomb.len()));
    assert!(
        message.starts_with("PATH: has more than ") && message.contains("after decompression"),
        "{message}"
    );
}

#[test]
fn rows_take_no_more_memory_than_is_allowed() {
    // Of two bytes each, and of distinct ids: more than three times the text.
    let list = format!("1 {}\n2 3\n", "5 ".repeat(200_000));
    let ids: String = (0..60_000).map(|row| format!("u{row:x},i{row:x}\n")).collect();
    for (text, format, what) in
        [(list, Format::AdjacencyId, "rows with 1 user"), (ids, Format::Delimited, "users")]
    {
        let options = LoadOptions { format, ..at_most(text.len()) };
        let message = error(text.as_bytes(), &options);
        for part in
            ["PATH: its first ", what, "bytes of memory", &format!("--max-input-bytes {}", text.len())]
        {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
        let (_folder, path) = file(text.as_bytes());
        data::load(&path, &LoadOptions { format, ..at_most(10 * text.len()) }).expect("allowed");
    }
}

#[test]
fn a_row_has_no_more_fields_or_bytes_than_make_sense() {
    let text = [&b"user,item\n1,2\n"[..], &b",".repeat(3_000_000), b"\n3,4\n"].concat();
    let message = error(&text, &LoadOptions::default());
    assert!(message.starts_with("PATH:3: ") && message.contains("3000001 fields"), "{message}");
    let (_folder, path) = file(&text);
    let (dataset, report) = data::load(&path, &skip()).expect("readable");
    assert_eq!((pairs(&dataset), report.bad_rows.count), (vec!["1>2".to_owned(), "3>4".to_owned()], 1));
    let text = [&b"user,item,text\n1,2,t\n3,4,\""[..], &b"\n".repeat(17 << 20), b"\"\n5,6,t\n"].concat();
    let message = error(&text, &LoadOptions::default());
    assert!(message.starts_with("PATH:3: ") && message.contains("bytes long"), "{message}");
    let (_folder, path) = file(&text);
    let (dataset, _) = data::load(&path, &skip()).expect("readable");
    assert_eq!(pairs(&dataset), ["1>2", "5>6"]);
}

#[test]
fn utf_16_without_a_mark_is_told() {
    for text in ["user,item\na,b\nc,d\n", "a,b", "\u{7528}\u{6237},\u{7269}\u{54c1}\n\u{4e00},\u{4e8c}\n"] {
        let utf_16 = text.encode_utf16().collect::<Vec<u16>>();
        let utf_32 = text.chars().map(u32::from).collect::<Vec<u32>>();
        for bytes in [
            utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>(),
            utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            utf_32.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            utf_32.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            gzip(&utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>()),
        ] {
            let message = error(&bytes, &LoadOptions::default());
            assert!(message.starts_with("PATH: ") && message.contains("UTF-16"), "{text:?}: {message}");
        }
    }
    // A NUL in an id is a byte like any other.
    let (_folder, path) = file(b"user,item\na\0,b\nc,\0d\n");
    assert_eq!(
        pairs(&data::load(&path, &LoadOptions::default()).expect("readable").0),
        ["a\\x00>b", "c>\\x00d"]
    );
    // Its only other line end has a NUL at its side, but UTF-16 has no odd number of bytes.
    let (_folder, path) = file(b"users,item\n\0,b\n");
    assert_eq!(pairs(&data::load(&path, &LoadOptions::default()).expect("readable").0), ["\\x00>b"]);
}

#[test]
#[cfg(unix)]
fn devices_sockets_and_pipes_are_no_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    for path in [Path::new("/dev/zero"), &socket, &pipe] {
        let message = error_of(path, &LoadOptions::default());
        assert!(message.starts_with(&path.display().to_string()) && message.contains("`-`"), "{message}");
    }
}
