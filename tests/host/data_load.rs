//! Files in the dialects that public data sets use.

use spherec::data::{self, Column, Dataset, Format, LoadOptions, LoadReport, Separator};
use std::path::PathBuf;

/// A file with these bytes. It exists as long as the folder is held.
pub(crate) fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ratings.csv");
    std::fs::write(&path, bytes).expect("a written file");
    (folder, path)
}

fn load_with(bytes: &[u8], options: &LoadOptions) -> (Dataset, LoadReport) {
    let (_folder, path) = file(bytes);
    data::load(&path, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The pairs as text, `user>item`, sorted by row.
pub(crate) fn pairs(dataset: &Dataset) -> Vec<String> {
    let text = |(user, item)| format!("{}>{}", dataset.users.text(user), dataset.items.text(item));
    dataset.interactions.pairs().map(text).collect()
}

#[track_caller]
fn check(bytes: &[u8], options: &LoadOptions, expected: &[&str], format: &str) -> LoadReport {
    let (dataset, report) = load_with(bytes, options);
    assert_eq!(pairs(&dataset), expected);
    assert!(report.format.contains(format), "{}", report.format);
    assert_eq!(dataset.interactions.user_count(), dataset.users.len());
    assert_eq!(dataset.interactions.item_count(), dataset.items.len());
    report
}

fn detect() -> LoadOptions {
    LoadOptions::default()
}

#[test]
fn movielens_in_its_three_forms() {
    let expected = ["1>1193", "1>661", "2>1193"];
    let rows = [("1", "1193", "5"), ("1", "661", "3"), ("2", "1193", "4")];
    let join = |separator: &str| -> String {
        rows.iter().map(|(u, i, r)| [*u, *i, *r, "978300760"].join(separator) + "\n").collect()
    };
    check(join("\t").as_bytes(), &detect(), &expected, "separator tab, no header");
    check(join("::").as_bytes(), &detect(), &expected, "separator `::`, no header");
    check(join(" ").as_bytes(), &detect(), &expected, "separator space, no header");
    let csv = format!("userId,movieId,rating,timestamp\n{}", join(","));
    check(csv.as_bytes(), &detect(), &expected, "separator `,`, a header, user column 1 `userId`");
}

#[test]
fn book_crossing_quoted_semicolons_in_latin_1() {
    let bytes = b"\"User-ID\";\"ISBN\";\"Book-Rating\"\n\"8\";\"393\xdf704064\";\"5\"\n\"8\";\"a \"\"b\"\"; c\";\"0\"\n";
    let report = check(bytes, &detect(), &["8>393\\xDF704064", "8>a \"b\"; c"], "separator `;`, a header");
    assert_eq!(report.row_count, 2);
}

#[test]
fn recbole_and_other_spellings_of_names() {
    check(
        b"timestamp:float\titem_id:token\tuser_id:token\n9\ti1\tu1\n9\ti2\tu1\n",
        &detect(),
        &["u1>i1", "u1>i2"],
        "separator tab, a header, user column 3 `user_id:token`, item column 2",
    );
    for header in
        ["user,item", "User-ID,ISBN", "userID,artistID", "reviewerID,asin", "\u{feff}user_id,book_id"]
    {
        let bytes = format!("{header}\nalice,rose\nbob,rose\n");
        check(bytes.as_bytes(), &detect(), &["alice>rose", "bob>rose"], "a header");
    }
}

#[test]
fn every_line_end_and_none_at_the_end() {
    let expected = ["a>x", "b>y", "b>z"];
    for text in [
        "user,item\na,x\nb,y\nb,z",
        "user,item\n\na,x\n\n\nb,y\nb,z\n\n",
        "\u{feff}user,item\na,x\nb,y\nb,z\n",
    ] {
        for end in ["\n", "\r\n", "\r"] {
            check(text.replace('\n', end).as_bytes(), &detect(), &expected, "a header");
            let double_colon = text.replace(',', "::").replace('\n', end);
            check(double_colon.as_bytes(), &detect(), &expected, "`::`, a header");
        }
    }
    for end in ["\n", "\r\n", "\r"] {
        let list = ["2 7 8", "1 8 ", "0", "", "1 9"].join(end);
        check(list.as_bytes(), &detect(), &["0>7", "0>8", "1>8", "4>9"], "adjacency list, a count");
    }
}

#[test]
fn string_ids_without_a_header_keep_their_first_row() {
    check(b"alice,rose\nbob,tulip\n", &detect(), &["alice>rose", "bob>tulip"], "no header");
    check(b"alice,rose,5\nbob,tulip,3\n", &detect(), &["alice>rose", "bob>tulip"], "no header");
    check(b"alice,movie\nbob,book\n", &detect(), &["alice>movie", "bob>book"], "no header");
    check(b"alice,5\nbob,7\n", &detect(), &["alice>5", "bob>7"], "no header");
    check(b"A1,034545104X\n2,0155061224\n", &detect(), &["A1>034545104X", "2>0155061224"], "no header");
}

#[test]
fn unknown_names_above_numbers_are_a_header() {
    check(b"reader,volume\n17,4\n18,4\n", &detect(), &["17>4", "18>4"], "a header");
    check(b"reader,volume,mark\nal,v1,4.5\nbo,v2,3\n", &detect(), &["al>v1", "bo>v2"], "a header");
    check(b"user_id,volume\nal,v1\n", &detect(), &["al>v1"], "a header");
}

#[test]
fn what_is_asked_for_is_followed() {
    let by_name = LoadOptions {
        user_column: Some(Column::Name("who".into())),
        item_column: Some(Column::Name("WHAT".into())),
        ..detect()
    };
    check(
        b"what|who\nx|a\n",
        &LoadOptions { separator: Some(Separator::Byte(b'|')), ..by_name },
        &["a>x"],
        "`|`",
    );
    let by_number = LoadOptions {
        user_column: Some(Column::Number(3)),
        item_column: Some(Column::Number(1)),
        ..detect()
    };
    check(b"x,5,a\ny,5,b\n", &by_number, &["a>x", "b>y"], "no header, user column 3, item column 1");
    let header = |header| LoadOptions { header: Some(header), ..detect() };
    check(b"user,item\na,x\n", &header(false), &["user>item", "a>x"], "no header");
    check(b"1,2\n3,4\n", &header(true), &["3>4"], "a header");
    let format = |format| LoadOptions { format, ..detect() };
    check(b"1 5\n2 6\n", &format(Format::Delimited), &["1>5", "2>6"], "delimited");
    check(b"1 5\n2 6 7\n", &format(Format::AdjacencyCount), &["0>5", "1>6", "1>7"], "a count");
    check(b"1 5\n2 6\n", &format(Format::AdjacencyId), &["1>5", "2>6"], "a user id");
    check(b"1 5\n2 6 7\n", &format(Format::AdjacencyId), &["1>5", "2>6", "2>7"], "a user id");
}

#[test]
fn adjacency_lists_are_told_apart() {
    check(b"0 5 6 7\n1 5\n2\n3 6 9\n", &detect(), &["0>5", "0>6", "0>7", "1>5", "3>6", "3>9"], "a user id");
    check(b"3 5 6 7\n0\n1 5 \n0", &detect(), &["0>5", "0>6", "0>7", "2>5"], "a count");
    check(b"1 5 3\n1 6 4\n2 5 3\n", &detect(), &["1>5", "1>6", "2>5"], "delimited");
    check(b"1 5\n1 6\n1 7\n", &detect(), &["1>5", "1>6", "1>7"], "delimited");
}

#[test]
fn ratings_decide_only_when_asked() {
    let text = b"user,item,rating\na,x,5\na,y,1\nb,y,2\na,y,4.0\na,x,3\nc,z,-1\n";
    let report = check(text, &detect(), &["a>x", "a>y", "b>y", "c>z"], "item column 2 `item`");
    assert_eq!((report.row_count, report.below_rating_count, report.duplicate_count), (6, 0, 2));
    let four = LoadOptions { min_rating: Some(4.0), ..detect() };
    let report = check(text, &four, &["a>x", "a>y"], "rating column 3 `rating`");
    assert_eq!((report.row_count, report.below_rating_count, report.duplicate_count), (6, 4, 0));
    check(b"a,x,5\nb,y,3\n", &four, &["a>x"], "rating column 3");
    let second = LoadOptions {
        rating_column: Some(Column::Number(1)),
        user_column: Some(Column::Number(2)),
        item_column: Some(Column::Number(3)),
        ..four
    };
    check(b"4,a,x\n3,b,y\n", &second, &["a>x"], "rating column 1");
}

#[test]
fn spreadsheet_rows_without_content_are_counted() {
    let report = check(b"user,item,x\na,x,1\n,,\n,,\n", &detect(), &["a>x"], "a header");
    assert_eq!((report.row_count, report.blank_row_count), (1, 2));
}

#[test]
fn ids_are_opaque() {
    let text = "user,item\n007,9,78292E+12\n7,X\n7,x\n \u{fc} >> /,x\n";
    let (dataset, _) = load_with(text.as_bytes(), &detect());
    assert_eq!(pairs(&dataset), ["007>9", "7>X", "7>x", " \u{fc} >> />x"]);
}

#[test]
fn a_test_file_is_read_against_known_ids() {
    let (model, _) = load_with(b"user,item\na,x\nb,y\nb,z\n", &detect());
    let (_folder, path) = file(b"user,item\nb,x\nnew,x\nb,other\nb,more\nb,x\nnew,other\na,z\n");
    let (known, report) =
        data::load_known(&path, &detect(), &model.users, &model.items).expect("a readable file");
    let expected = data::Interactions::from_pairs(2, 3, &[(0, 2), (1, 0)]);
    assert_eq!(known.interactions, expected);
    assert_eq!((known.unknown_user_count, known.unknown_item_count, known.unknown_pair_count), (1, 2, 4));
    assert_eq!((report.row_count, report.duplicate_count), (7, 1));
}

#[test]
fn what_the_command_line_gives_is_understood() {
    assert_eq!("::".parse(), Ok(Separator::DoubleColon));
    assert_eq!("tab".parse(), Ok(Separator::Byte(b'\t')));
    assert_eq!(";".parse(), Ok(Separator::Byte(b';')));
    assert!("".parse::<Separator>().is_err() && "ab".parse::<Separator>().is_err());
    assert!("\"".parse::<Separator>().is_err());
    assert_eq!("3".parse(), Ok(Column::Number(3)));
    assert_eq!("item id".parse(), Ok(Column::Name("item id".into())));
    assert!("0".parse::<Column>().is_err() && "".parse::<Column>().is_err());
    assert_eq!("adjacency-count".parse(), Ok(Format::AdjacencyCount));
    assert!("xml".parse::<Format>().is_err());
}
