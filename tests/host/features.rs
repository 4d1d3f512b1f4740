//! Feature files of every format are read as what they are, and damaged ones are refused or counted.

use crate::data_load::file;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use spherec::data::{
    FeatureFormat, FeatureOptions, FeatureReport, FeatureValues, Features, FeaturesBy, IdTable, OnBadRow,
    Separator, Side, id_text, read_features,
};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

fn table(ids: &[&str]) -> IdTable {
    let mut table = IdTable::default();
    ids.iter().for_each(|id| {
        table.intern(id.as_bytes());
    });
    table
}

fn options() -> FeatureOptions {
    FeatureOptions { max_input_bytes: Some(1 << 20), ..FeatureOptions::of(Side::Items) }
}

fn by_feature() -> FeatureOptions {
    FeatureOptions { by: FeaturesBy::Feature, ..options() }
}

/// All rows with features, by id: feature=value, sorted by feature.
fn rows(features: &Features, known: &IdTable) -> Vec<String> {
    let mut rows = Vec::new();
    for row in 0..features.row_count() as u32 {
        assert_eq!(features.has(row), !features.row(row).values.is_empty());
        if !features.has(row) {
            continue;
        }
        let known_count = features.known_count() as u32;
        let id = match row.checked_sub(known_count) {
            Some(new) => format!("+{}", features.new_ids().text(new)),
            None => known.text(row),
        };
        let mut values: Vec<String> = features
            .row(row)
            .iter()
            .map(|(feature, value)| match value {
                1.0 => features.names().text(feature),
                value => format!("{}={value}", features.names().text(feature)),
            })
            .collect();
        values.sort();
        rows.push(format!("{id}: {}", values.join(" ")));
    }
    rows
}

fn read(bytes: &[u8], known: &IdTable, options: &FeatureOptions) -> (Features, FeatureReport) {
    let (_folder, path) = file(bytes);
    read_features(&path, known, options).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(bytes: &[u8], known: &IdTable, options: &FeatureOptions) -> String {
    let (_folder, path) = file(bytes);
    let error = read_features(&path, known, options).expect_err("an error").to_string();
    assert!(!error.contains('\n') || error.contains(" rows cannot be used"), "{error}");
    error
}

#[test]
fn one_table_in_many_formats() {
    let known = table(&["i1", "i2", "i3", "i4"]);
    let expected = ["i1: jazz rock", "i3: rock", "+x: pop rock"];
    for text in [
        "i1,rock\ni1,jazz\nx,rock\ni3,rock\nx,pop\n",
        "item,tag\ni1,rock\ni1,jazz\nx,rock\ni3,rock\nx,pop\n",
        "tag;item_id\nrock;i1\njazz;i1\nrock;x\nrock;i3\npop;x\n",
        "item_id:token\ttag:token\ni1\trock\r\ni1\tjazz\r\nx\trock\r\ni3\trock\r\nx\tpop",
        "i1::rock\ni1::jazz\nx::rock\ni3::rock\nx::pop\n",
        "i1 rock jazz\ni3 rock\nx rock pop\n",
        "i1\trock\tjazz\ni3\trock\ni4\nx\trock\tpop\n",
        "i1,rock,jazz\ni3,rock,,\nx,rock,\"pop\"\n",
        "i1,rock,jazz\rx,pop\ri3,rock\rx,rock",
        "\u{feff}i1;rock;jazz\ni3;rock\nx;rock;pop\n\n",
    ] {
        let (features, report) = read(text.as_bytes(), &known, &options());
        assert_eq!(rows(&features, &known), expected, "{text:?}: {}", report.format);
        assert_eq!((features.row_count(), features.known_count(), features.feature_count()), (5, 4, 3));
        assert_eq!((report.with_count, report.without_count, report.new_count), (2, 2, 1), "{text:?}");
        assert_eq!((report.entry_count, report.repeated_count, report.bad_rows.count), (5, 0, 0), "{text:?}");
        assert_eq!(report.first_new, ["x"]);
        assert_eq!(features.most_entries(1), 2);
    }
    for text in [
        "rock i1 i3 x\njazz i1\npop x\n",
        "rock,i1\nrock,i3\njazz,i1\npop,x\nrock,x\n",
        "tag,item\nrock,i1\nrock,i3\njazz,i1\npop,x\nrock,x\n",
    ] {
        let (features, _) = read(text.as_bytes(), &known, &by_feature());
        assert_eq!(rows(&features, &known), expected, "{text:?}");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"i1,rock\ni1,jazz\nx,rock\ni3,rock\nx,pop\n").unwrap();
    let (features, report) = read(&gzip.finish().unwrap(), &known, &options());
    assert_eq!(rows(&features, &known), expected);
    assert!(report.is_gzip);
}

#[test]
fn lists_of_numbers_and_of_counts() {
    let known = IdTable::numbered(5);
    let (features, report) = read(b"0 7 8 9\n1 7\n2 8 9\n3\n", &known, &options());
    assert_eq!(rows(&features, &known), ["0: 7 8 9", "1: 7", "2: 8 9"], "{}", report.format);
    // As in citeulike-t's tag-item.dat: line t is tag t, and an empty line still stands for one.
    let (features, report) = read(b"3 0 1 4 \n1 1\n0\n\n2 0 6\n", &known, &by_feature());
    assert_eq!(rows(&features, &known), ["0: 0 4", "1: 0 1", "4: 0", "+6: 4"], "{}", report.format);
    assert_eq!(features.names().iter().map(id_text).collect::<Vec<_>>(), ["0", "1", "4"]);
    let (features, _) = read(b"3 0 1 4 \n1 1\n0\n\n2 0 6\n", &known, &options());
    assert_eq!(rows(&features, &known), ["0: 0 1 4", "1: 1", "4: 0 6"]);
    let error = refused(b"3 0 1\n1 1\n1 2\n2 1 2\n1 3\n2 4 4\n", &known, &by_feature());
    assert!(error.contains(":1: ") && error.contains("3 items") && error.contains('2'), "{error}");
}

#[test]
fn values_are_kept_as_given() {
    let known = table(&["a", "b"]);
    let (features, report) = read(b"id,word,tfidf\na,x,0.5\nb,y,-2\na,y,1e-3\nb,x,0\n", &known, &options());
    assert_eq!(rows(&features, &known), ["a: x=0.5 y=0.001", "b: x=0 y=-2"]);
    assert!(report.format.contains("value column 3"), "{}", report.format);
    let (features, _) = read(b"a\tx\t0.5\nb\tx\t2\n", &known, &options());
    assert_eq!(rows(&features, &known), ["a: x=0.5", "b: x=2"]);
    // Columns after those that are named are left out.
    let (features, _) =
        read(b"userID\titem_id\ttagID\tyear\n1\ta\tx\t2009\n2\tb\ty\t2010\n", &known, &options());
    assert_eq!(rows(&features, &known), ["a: x", "b: y"]);
    for (value, part) in [
        ("nan", "value is not finite: `nan`"),
        ("-inf", "value is not finite: `-inf`"),
        ("1e39", "value is too large: `1e39`"),
        ("", "value is empty"),
        ("much", "value is not a number: `much`"),
    ] {
        let text = format!("id,word,tfidf\na,x,0.5\na,y,{value}\n");
        let error = refused(text.as_bytes(), &known, &options());
        assert!(error.contains(":3: ") && error.contains(part), "{error}");
        let skip = FeatureOptions { on_bad_row: OnBadRow::Skip, ..options() };
        let (features, report) = read(text.as_bytes(), &known, &skip);
        assert_eq!(rows(&features, &known), ["a: x=0.5"]);
        assert_eq!((report.bad_rows.count, report.bad_rows.first[0].line), (1, 3));
    }
}

#[test]
fn a_field_may_have_several_features() {
    let known = table(&["1", "2"]);
    let split = FeatureOptions { separator: Some(Separator::Byte(b'|')), ..options() };
    let (features, _) = read(b"movieId,title,genres\n1,X,a|b\n2,\"Y, the\",b\n", &known, &split);
    assert_eq!(rows(&features, &known), ["1: a b", "2: b"]);
    let (features, _) = read(b"1 a|b c||\n2 b\n", &known, &split);
    assert_eq!(rows(&features, &known), ["1: a b c", "2: b"]);
    // What is empty is no feature.
    let (features, report) = read(b"item,tag\n1,a\n2,\n", &known, &options());
    assert_eq!((rows(&features, &known), report.without_count), (vec!["1: a".to_owned()], 1));
}

#[test]
fn repeats_are_counted_and_contradictions_refused() {
    let known = table(&["a", "b"]);
    let (features, report) = read(b"a x y x\nb y\na z y y\n", &known, &options());
    assert_eq!(rows(&features, &known), ["a: x y z", "b: y"]);
    assert_eq!((report.entry_count, report.repeated_count, report.joined_count), (7, 3, 1));
    let (_, report) = read(b"x a b\ny b\nx b c\n", &known, &by_feature());
    assert_eq!((report.repeated_count, report.joined_count), (1, 1));
    let (_, report) = read(b"a,x\na,y\n", &known, &options());
    assert_eq!(report.joined_count, 0, "one line for each feature");
    let text = b"a,x,1\nb,x,2\na,x,1\nb,x,3\na,y,4\n";
    let error = refused(text, &known, &options());
    assert!(error.contains(":4: ") && error.contains("`x`") && error.contains("is 3") && error.contains("2"));
    let (features, report) = read(text, &known, &FeatureOptions { on_bad_row: OnBadRow::Skip, ..options() });
    assert_eq!(rows(&features, &known), ["a: x y=4", "b: x=2"]);
    assert_eq!((report.repeated_count, report.bad_rows.count), (1, 1));
}

#[test]
fn rare_features_are_dropped_and_counted() {
    let known = table(&["a", "b", "c"]);
    let text = b"a x y\nb y z\nc z\nq y w\nr w\ns v v\n";
    let at_least = |min_count| FeatureOptions { min_count, ..options() };
    let (features, report) = read(text, &known, &at_least(2));
    assert_eq!(rows(&features, &known), ["a: y", "b: y z", "c: z", "+q: w y", "+r: w"]);
    assert_eq!((report.feature_count, report.rare_count, report.rare_entry_count), (3, 2, 2));
    assert_eq!((report.with_count, report.new_count, report.repeated_count), (3, 2, 1));
    let (features, report) = read(text, &known, &at_least(3));
    assert_eq!(rows(&features, &known), ["a: y", "b: y", "+q: y"]);
    assert_eq!((report.with_count, report.without_count), (2, 1));
    let error = refused(text, &known, &at_least(4));
    assert!(error.contains("4 items") && error.contains("--min-feature-count"), "{error}");
}

#[test]
fn unusable_files_say_why() {
    let known = table(&["a", "1"]);
    for (text, parts) in [
        (&b""[..], &["is empty"][..]),
        (b" \n\n", &["is empty"]),
        (b"a\n", &["no fields"]),
        (b"item,tag\n", &["no features"]),
        (b"x,y\nz,y\n", &["any item", "`x`"]),
        (b"{\"id\":1}\n", &["JSON"]),
        (b"a,0.5,1,2\n1,3,4,5\n", &["table of numbers", ".npy", "adjacency-id"]),
        (b"a,x\n,y\n", &[":2: ", "item id is empty"]),
        (b"a,x\n1,\"y\nz\n", &[":2: ", "quote"]),
        (b"PK\x03\x04", &["zip"]),
        (b"\x1f\x8b\x08", &["damaged"]),
    ] {
        let error = refused(text, &known, &options());
        assert!(parts.iter().all(|part| error.contains(part)), "{text:?}: {error}");
    }
    let long = format!("a,{}\n", "x".repeat(70_000));
    assert!(refused(long.as_bytes(), &known, &options()).contains("65536"));
    // A row that does not fit the first 1,000 is not cut off.
    let text = "a,x\n".repeat(1000) + "a,y,z\n";
    let error = refused(text.as_bytes(), &known, &options());
    assert!(error.contains(":1001: 3 fields") && error.contains("adjacency-id"), "{error}");
    let as_list = FeatureOptions { format: FeatureFormat::AdjacencyId, ..options() };
    assert_eq!(rows(&read(text.as_bytes(), &known, &as_list).0, &known), ["a: x y z"]);
    let error =
        refused(b"a x\n1 y z\n", &known, &FeatureOptions { format: FeatureFormat::Delimited, ..options() });
    assert!(error.contains("different lengths"), "{error}");
    let npy = FeatureOptions { format: FeatureFormat::Npy, ..options() };
    let error = refused(b"a x\n", &known, &npy);
    assert!(error.contains("--feature-format"), "{error}");
    let small = FeatureOptions { max_input_bytes: Some(10), ..options() };
    assert!(refused(b"a,x\na,y\na,z\n", &known, &small).contains("--max-input-bytes 10"));
    let missing = read_features(Path::new("/nowhere/x"), &known, &options()).expect_err("an error");
    assert!(missing.to_string().contains("/nowhere/x"));
}

#[test]
fn ids_are_bytes_and_are_found_in_text_form() {
    let mut known = IdTable::default();
    for id in [&b"caf\xe9"[..], b"a\tb", b"a\\tb"] {
        known.intern(id);
    }
    let (features, report) =
        read(b"caf\xe9,x\n\"a\tb\",y\na\\tb,z\ncaf\\xE9,w\n\xff,v\n", &known, &options());
    assert_eq!(
        rows(&features, &known),
        ["caf\\xE9: w x", "a\\tb: y", "a\\\\tb: z", "+\\xFF: v"],
        "{}",
        report.format
    );
}

/// A `.npy` file.
fn npy(version: u8, kind: &str, order: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let before = if version == 1 { 10 } else { 12 };
    while !(before + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((text.len() as u16).to_le_bytes()),
        _ => bytes.extend((text.len() as u32).to_le_bytes()),
    }
    bytes.extend(text.as_bytes());
    bytes.extend(numbers);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn doubles(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn arrays_of_numpy_are_read_with_their_ids() {
    let known = table(&["a", "b", "c"]);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("items.npy");
    fs::write(place.path().join("items.txt"), "c\nx\na\n").unwrap();
    fs::write(place.path().join("other.txt"), "a\nb\r\nc").unwrap();
    let beside = options();
    let given = FeatureOptions { ids: Some(place.path().join("other.txt")), ..options() };
    let values = [0.5, -1.0, 2.0, 0.0, 3.0, 1e-40];
    for bytes in [
        npy(1, "<f4", "False", "(3, 2)", &floats(&values.map(|value| value as f32))),
        npy(2, "<f8", "False", "(3, 2)", &doubles(&values)),
    ] {
        fs::write(&path, &bytes).unwrap();
        let (features, report) = read_features(&path, &known, &beside).unwrap();
        assert_eq!(features.row(0).values, [3.0, 1e-40]);
        assert_eq!((features.row(2).values, features.row(3).values), (&[0.5, -1.0][..], &[2.0, 0.0][..]));
        assert_eq!((features.has(1), features.row(1).values), (false, &[][..]));
        assert_eq!(features.row(2).iter().collect::<Vec<_>>(), [(0, 0.5), (1, -1.0)]);
        let FeatureValues::Dense { values, .. } = features.values() else { panic!("dense") };
        assert_eq!(values[..], [3.0, 1e-40, 0.0, 0.0, 0.5, -1.0, 2.0, 0.0]);
        assert_eq!((report.with_count, report.without_count, report.new_count), (2, 1, 1));
        assert_eq!((features.feature_count(), report.entry_count), (2, 3));
        let (features, _) = read_features(&path, &known, &given).unwrap();
        assert_eq!((features.row(1).values, features.row_count()), (&[2.0, 0.0][..], 3));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let gzip = gzip.finish().unwrap();
        fs::write(&path, &gzip).unwrap();
        assert_eq!(read_features(&path, &known, &given).unwrap().0, features);
        let path = place.path().join("items.npy.gz");
        fs::write(&path, &gzip).unwrap();
        assert_eq!(read_features(&path, &known, &beside).unwrap().0.new_ids().text(0), "x");
    }
}

#[test]
fn damaged_arrays_are_refused() {
    let known = table(&["a", "b"]);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("items.npy");
    let ids = place.path().join("ids.txt");
    let given = FeatureOptions { ids: Some(ids.clone()), ..options() };
    let two = floats(&[1.0, 2.0]);
    let whole = npy(1, "<f4", "False", "(2, 1)", &two);
    let check = |bytes: &[u8], ids_text: &str, options: &FeatureOptions, parts: &[&str]| {
        fs::write(&path, bytes).unwrap();
        fs::write(&ids, ids_text).unwrap();
        let error = read_features(&path, &known, options).expect_err("an error").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    };
    for (bytes, parts) in [
        (npy(1, ">f4", "False", "(2, 1)", &two), &["'>f4'", "float32"][..]),
        (npy(1, "<i8", "False", "(2, 1)", &two), &["'<i8'"]),
        (npy(1, "<f4", "True", "(2, 1)", &two), &["Fortran"]),
        (npy(1, "<f4", "False", "(2,)", &two), &["(2,)", "two dimensions"]),
        (npy(1, "<f4", "False", "(2, 0)", &[]), &["no numbers"]),
        (npy(1, "<f4", "False", "(3, 1)", &two), &["8 bytes", "(3, 1)"]),
        (npy(1, "<f4", "False", "(4294967296, 2147483647)", &two), &["8 bytes"]),
        (npy(1, "<f4", "False", "(2, x)", &two), &["damaged"]),
        (npy(1, "<f4", "False", "(2, 1)", &floats(&[1.0, f32::NAN])), &["id `b`, column 1", "NaN"]),
        (npy(1, "<f8", "False", "(2, 1)", &doubles(&[1.0, f64::INFINITY])), &["id `b`", "inf"]),
        (npy(1, "<f8", "False", "(2, 1)", &doubles(&[1e40, 1.0])), &["id `a`", "too large"]),
        (npy(9, "<f4", "False", "(2, 1)", &two), &["damaged"]),
        (whole[..30].to_vec(), &["damaged"]),
        (b"\x93NUMPY".to_vec(), &["damaged"]),
    ] {
        check(&bytes, "a\nb\n", &given, parts);
    }
    check(&whole, "a\n", &given, &["2 rows", "ids.txt has 1 id"]);
    check(&whole, "a\nb\na\n", &given, &["ids.txt:3: ", "`a`", "already"]);
    check(&whole, "x\nx\n", &given, &["ids.txt:2: ", "`x`", "already"]);
    check(&whole, "a\n\nb\n", &given, &["ids.txt:2: ", "empty"]);
    check(&whole, "x\ny\n", &given, &["any item", "`x`"]);
    check(&whole, "", &options(), &["--item-feature-ids", "items.txt"]);
    let users = FeatureOptions::of(Side::Users);
    check(&whole, "", &users, &["--user-feature-ids"]);
    check(&whole, "a\nb\n", &FeatureOptions { min_count: 2, ..given.clone() }, &["--min-feature-count"]);
    check(&whole, "a\nb\n", &FeatureOptions { by: FeaturesBy::Feature, ..given.clone() }, &["--features-by"]);
    // Too many features are refused by the header alone.
    let wide = npy(1, "<f4", "False", "(1, 2147483648)", &[]);
    check(&wide, "a\n", &given, &["2147483648 features", "2147483647"]);
    let error = spherec::data::load(&path, &Default::default()).expect_err("an error").to_string();
    assert!(error.contains("NumPy"), "{error}");
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::{options, refused, rows, table};
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use spherec::data::{FeatureOptions, FeatureValues, FeaturesBy, OnBadRow};
    use std::sync::Arc;

    /// A column's values, with definition and repetition levels.
    enum Column<'a> {
        Text(&'a [&'a str], Option<&'a [i16]>, Option<&'a [i16]>),
        Real(&'a [f64], Option<&'a [i16]>),
        Float(&'a [f32], Option<&'a [i16]>, Option<&'a [i16]>),
        Whole(&'a [i64]),
    }

    fn written(schema: &str, columns: &[Column<'_>]) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for values in columns {
            let mut column = group.next_column().unwrap().unwrap();
            match *values {
                Column::Text(texts, definition, repetition) => {
                    let texts: Vec<ByteArray> =
                        texts.iter().map(|text| ByteArray::from(text.as_bytes().to_vec())).collect();
                    column.typed::<ByteArrayType>().write_batch(&texts, definition, repetition).unwrap();
                }
                Column::Real(reals, definition) => {
                    column.typed::<DoubleType>().write_batch(reals, definition, None).unwrap();
                }
                Column::Float(reals, definition, repetition) => {
                    column.typed::<FloatType>().write_batch(reals, definition, repetition).unwrap();
                }
                Column::Whole(numbers) => {
                    column.typed::<Int64Type>().write_batch(numbers, None, None).unwrap();
                }
            }
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.into_inner().unwrap()
    }

    fn read(bytes: &[u8], options: &FeatureOptions) -> Vec<String> {
        let known = table(&["a", "b"]);
        rows(&super::read(bytes, &known, options).0, &known)
    }

    #[test]
    fn lists_of_tags() {
        let schema = "message m { required binary item_id (UTF8); optional group tags (LIST) {
            repeated group list { optional binary element (UTF8); } } }";
        // a: x, y; b: no list; c: a list with a null and z.
        let ids = Column::Text(&["a", "b", "c"], None, None);
        let tags = Column::Text(&["x", "y", "z"], Some(&[3, 3, 0, 2, 3]), Some(&[0, 1, 0, 0, 1]));
        assert_eq!(read(&written(schema, &[ids, tags]), &options()), ["a: x y", "+c: z"]);
    }

    #[test]
    fn a_tag_a_row_with_and_without_a_value() {
        let schema = "message m { required double weight; required binary id (UTF8); required int64 tag; }";
        let bytes = written(
            schema,
            &[
                Column::Real(&[0.5, 1.0, 2.0], None),
                Column::Text(&["a", "b", "c"], None, None),
                Column::Whole(&[7, 7, 8]),
            ],
        );
        assert_eq!(read(&bytes, &options()), ["a: 7=0.5", "b: 7", "+c: 8=2"]);
        let schema = "message m { required binary movie (UTF8); required binary word (UTF8); }";
        let texts = [Column::Text(&["a", "b"], None, None), Column::Text(&["x", "x"], None, None)];
        assert_eq!(read(&written(schema, &texts), &options()), ["a: x", "b: x"]);
        let by_feature = FeatureOptions { by: FeaturesBy::Feature, ..options() };
        assert!(refused(&written(schema, &texts), &table(&["a"]), &by_feature).contains("--features-by"));
        let nan = written(
            "message m { required double weight; required binary id (UTF8); required int64 tag; }",
            &[
                Column::Real(&[0.5, f64::NAN], None),
                Column::Text(&["a", "b"], None, None),
                Column::Whole(&[7, 7]),
            ],
        );
        assert!(refused(&nan, &table(&["a"]), &options()).contains(":2: value is not finite"));
        let skip = FeatureOptions { on_bad_row: OnBadRow::Skip, ..options() };
        assert_eq!(read(&nan, &skip), ["a: 7=0.5"]);
    }

    #[test]
    fn numbers_in_columns_and_in_lists() {
        let schema = "message m { required binary id (UTF8); optional double len; required int64 year; }";
        let ids = || Column::Text(&["b", "c"], None, None);
        let known = table(&["a", "b"]);
        let columns = [ids(), Column::Real(&[0.5, 2.0], Some(&[1, 1])), Column::Whole(&[1999, 1])];
        let (whole, _) = super::read(&written(schema, &columns), &known, &options());
        assert_eq!(rows(&whole, &known), ["b: len=0.5 year=1999", "+c: len=2 year"]);
        assert!(matches!(whole.values(), FeatureValues::Dense { .. }));
        let missing =
            written(schema, &[ids(), Column::Real(&[0.5], Some(&[1, 0])), Column::Whole(&[1999, 1])]);
        assert!(refused(&missing, &known, &options()).contains(":2: number 1 of the row: value is missing"));

        let schema = "message m { required binary id (UTF8); required group embedding (LIST) {
            repeated group list { required float element; } } }";
        let list = |values, repetition| Column::Float(values, Some(&[1, 1, 1, 1]), Some(repetition));
        let bytes = written(schema, &[ids(), list(&[1.5, 2.5, 3.5, 4.5], &[0, 1, 0, 1])]);
        let (features, report) = super::read(&bytes, &known, &options());
        assert_eq!(rows(&features, &known), ["b: 0=1.5 1=2.5", "+c: 0=3.5 1=4.5"], "{}", report.format);
        let uneven = written(schema, &[ids(), list(&[1.5, 2.5, 3.5, 4.5], &[0, 1, 1, 0])]);
        assert!(refused(&uneven, &known, &options()).contains(":2: has 1 number, but the first row has 3"));
        let infinite = written(schema, &[ids(), list(&[1.5, 2.5, 3.5, f32::INFINITY], &[0, 1, 0, 1])]);
        assert!(
            refused(&infinite, &known, &options()).contains(":2: number 2 of the row: value is not finite")
        );
        let twice = [Column::Text(&["b", "b"], None, None), list(&[1.5, 2.5, 3.5, 4.5], &[0, 1, 0, 1])];
        assert!(refused(&written(schema, &twice), &known, &options()).contains(":2: the item id `b`"));
        let rare = FeatureOptions { min_count: 2, ..options() };
        let bytes = written(schema, &[ids(), list(&[1.5, 2.5, 3.5, 4.5], &[0, 1, 0, 1])]);
        assert!(refused(&bytes, &known, &rare).contains("--min-feature-count"));
    }

    #[test]
    fn other_columns_are_refused() {
        let schema = "message m { required binary id (UTF8); required binary x (UTF8); required int64 y; }";
        let columns =
            [Column::Text(&["a"], None, None), Column::Text(&["p"], None, None), Column::Whole(&[1])];
        let error = refused(&written(schema, &columns), &table(&["a"]), &options());
        assert!(error.contains("`features`") && error.contains("`id`, `x`, `y`"), "{error}");
    }
}

type Truth = BTreeMap<usize, BTreeMap<usize, i8>>;

/// Writes `truth` in one of several ways, ids as `i3` and features as `t7`.
fn text_of(truth: &Truth, way: usize, order: &[usize]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (row, features) in truth {
        let words: Vec<String> = features.keys().map(|feature| format!("t{feature}")).collect();
        match way {
            0 => lines.extend(features.keys().map(|feature| format!("i{row},t{feature}"))),
            1 => lines.push(format!("i{row} {}", words.join(" "))),
            2 => lines.push(format!("i{row}\t{}", words.join("\t"))),
            _ => lines.extend(features.iter().map(|(feature, value)| format!("i{row};t{feature};{value}"))),
        }
    }
    // Any order.
    let mut keyed: Vec<(usize, String)> = order.iter().copied().cycle().zip(lines).collect();
    keyed.sort();
    keyed.into_iter().map(|(_, line)| line + "\n").collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_but_for_rare_features(
        truth in btree_map(0usize..20, btree_map(0usize..15, -3i8..4, 1..6), 1..12),
        known_count in 1usize..22,
        way in 0usize..4,
        min_count in 1usize..4,
        order in vec(0usize..100, 1..20),
    ) {
        let known_ids: Vec<String> = (0..known_count).map(|row| format!("i{row}")).collect();
        let known = table(&known_ids.iter().map(String::as_str).collect::<Vec<_>>());
        let (_folder, path) = file(text_of(&truth, way, &order).as_bytes());
        let options = FeatureOptions { min_count, ..options() };
        let count = |feature: usize| truth.values().filter(|row| row.contains_key(&feature)).count();
        let mut expected: BTreeMap<String, BTreeMap<String, f32>> = BTreeMap::new();
        for (row, features) in &truth {
            for (&feature, &value) in features.iter().filter(|(feature, _)| count(**feature) >= min_count) {
                let value = if way == 3 { f32::from(value) } else { 1.0 };
                expected.entry(format!("i{row}")).or_default().insert(format!("t{feature}"), value);
            }
        }
        match read_features(&path, &known, &options) {
            Err(error) => {
                let is_known = |id: &String| known.find(id.as_bytes()).is_some();
                prop_assert!(!expected.keys().any(is_known), "{}", error);
            }
            Ok((features, report)) => {
                let mut found: BTreeMap<String, BTreeMap<String, f32>> = BTreeMap::new();
                for row in 0..features.row_count() as u32 {
                    let id = match row.checked_sub(known_count as u32) {
                        Some(new) => features.new_ids().text(new),
                        None => known.text(row),
                    };
                    let row: BTreeMap<String, f32> =
                        features.row(row).iter().map(|(f, value)| (features.names().text(f), value)).collect();
                    if !row.is_empty() {
                        found.insert(id, row);
                    }
                }
                prop_assert_eq!(&found, &expected);
                prop_assert_eq!(report.with_count + report.new_count, expected.len());
                let kept: usize = expected.values().map(BTreeMap::len).sum();
                prop_assert_eq!(report.entry_count, kept + report.rare_entry_count);
                prop_assert_eq!(report.repeated_count, 0);
            }
        }
    }
}
