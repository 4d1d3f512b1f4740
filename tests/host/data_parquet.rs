//! Reads Parquet files that the test writes itself.

use crate::data_load::{file, pairs};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use spherec::data::{self, Format, LoadOptions, OnBadRow};
use std::sync::Arc;

const SCHEMA: &str = "message ratings {
    optional double rating;
    required binary user_id (UTF8);
    required binary raw;
    required int64 movie_id;
}";

/// Four rows: a rated 7 with 5, b rated 8 with nothing, an empty id rated 7 with 1, and c rated 8 with 4.
pub(crate) fn written(compression: Compression) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let texts = |texts: [&[u8]; 4]| texts.map(|text| ByteArray::from(text.to_vec()));
    let mut column = group.next_column().expect("works").expect("a column");
    column.typed::<DoubleType>().write_batch(&[5.0, 1.0, 4.0], Some(&[1, 0, 1, 1]), None).expect("written");
    column.close().expect("closed");
    for values in [texts([b"a", b"b", b"", b"caf\xc3\xa9"]), texts([b"\xff", b"1", b"2", b"3"])] {
        let mut column = group.next_column().expect("works").expect("a column");
        column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("written");
        column.close().expect("closed");
    }
    let mut column = group.next_column().expect("works").expect("a column");
    column.typed::<Int64Type>().write_batch(&[7, 8, 7, -8], None, None).expect("written");
    column.close().expect("closed");
    group.close().expect("closed");
    writer.into_inner().expect("closed")
}

fn skip() -> LoadOptions {
    LoadOptions { on_bad_row: OnBadRow::Skip, ..LoadOptions::default() }
}

#[test]
fn columns_are_found_and_read_whatever_the_compression() {
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW] {
        let (_folder, path) = file(&written(compression));
        let (dataset, report) = data::load(&path, &skip()).expect("readable");
        assert_eq!(pairs(&dataset), ["a>7", "b>8", "caf\u{e9}>-8"]);
        for part in ["Parquet", "user `user_id`", "item `movie_id`"] {
            assert!(report.format.contains(part), "{}", report.format);
        }
        assert_eq!((report.layout.format, report.layout.user_column), (Format::Parquet, Some(2)));
        assert!(report.bad_rows.first[0].message.starts_with("user id"));
        assert_eq!(report.bad_rows.first[0].line, 3);
        let rated = LoadOptions { min_rating: Some(5.0), ..skip() };
        let (dataset, report) = data::load(&path, &rated).expect("readable");
        assert_eq!(pairs(&dataset), ["a>7"]);
        assert_eq!((report.bad_rows.count, report.below_rating_count), (2, 1));
        let bytes = LoadOptions { user_column: Some("raw".parse().expect("a column")), ..skip() };
        assert_eq!(data::load(&path, &bytes).expect("readable").0.users.bytes(0), b"\xff");
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let whole = written(Compression::SNAPPY);
    let (_folder, path) = file(&whole[..whole.len() - 9]);
    let error = data::load(&path, &skip()).expect_err("an error").to_string();
    assert!(error.contains("Parquet"), "{error}");
    let (_folder, path) = file(&whole);
    let header = LoadOptions { format: Format::Parquet, header: Some(true), ..skip() };
    let error = data::load(&path, &header).expect_err("an error").to_string();
    assert!(error.starts_with("--header ") && error.contains("Parquet"), "{error}");
}

/// `count` equal rows, with or without a dictionary: a few bytes of file in either case.
fn equal_rows(count: usize, has_dictionary: bool) -> Vec<u8> {
    let schema = "message pairs { required binary user (UTF8); required int64 item; }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(has_dictionary);
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let mut column = group.next_column().expect("works").expect("a column");
    let users = vec![ByteArray::from("a user"); count];
    column.typed::<ByteArrayType>().write_batch(&users, None, None).expect("written");
    column.close().expect("closed");
    let mut column = group.next_column().expect("works").expect("a column");
    column.typed::<Int64Type>().write_batch(&vec![7; count], None, None).expect("written");
    column.close().expect("closed");
    group.close().expect("closed");
    writer.into_inner().expect("closed")
}

#[test]
fn no_more_is_decompressed_than_is_allowed() {
    for (has_dictionary, part) in [(true, "as text"), (false, "in the columns in use")] {
        let bytes = equal_rows(200_000, has_dictionary);
        assert!(bytes.len() < 400_000, "{} bytes", bytes.len());
        let (_folder, path) = file(&bytes);
        let at_most = |bytes| LoadOptions { max_input_bytes: Some(bytes), ..skip() };
        let error = data::load(&path, &at_most(500_000)).expect_err("an error").to_string();
        assert!(error.contains(part) && error.contains("--max-input-bytes 500000"), "{error}");
        assert_eq!(data::load(&path, &at_most(5_000_000)).expect("allowed").1.row_count, 200_000);
    }
}

#[test]
fn no_damage_ends_the_program() {
    let whole = written(Compression::SNAPPY);
    for place in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[place] ^= flip;
            let (_folder, path) = file(&damaged);
            let _ = data::load(&path, &skip());
        }
    }
}
