//! Damage and odd dialects that were seen in public copies of well-known data sets.

use crate::data_load::{file, pairs};
use spherec::data::{self, Dataset, Format, Interactions, LoadOptions, LoadReport, OnBadRow, Protocol};

fn load_with(bytes: &[u8], options: &LoadOptions) -> (Dataset, LoadReport) {
    let (_folder, path) = file(bytes);
    data::load(&path, options).unwrap_or_else(|error| panic!("{error}"))
}

fn load(bytes: &[u8]) -> (Dataset, LoadReport) {
    load_with(bytes, &LoadOptions::default())
}

fn error(bytes: &[u8], options: &LoadOptions) -> String {
    let (_folder, path) = file(bytes);
    let error = data::load(&path, options).expect_err("an error").to_string();
    error.replace(&path.display().to_string(), "PATH")
}

fn skip() -> LoadOptions {
    LoadOptions { on_bad_row: OnBadRow::Skip, ..LoadOptions::default() }
}

#[test]
fn ids_are_bytes_with_a_text_form() {
    let (dataset, _) =
        load(b"user;item\n1;393\xdf704064\n1;074322678X\n1;074322678x\n1; O'Neill / Sons >> 2 \n1;a\\b\n");
    let expected =
        ["1>393\\xDF704064", "1>074322678X", "1>074322678x", "1> O'Neill / Sons >> 2 ", "1>a\\\\b"];
    assert_eq!(pairs(&dataset), expected);
    for row in 0..dataset.items.len() as u32 {
        assert_eq!(dataset.items.find_text(&dataset.items.text(row)), Some(row));
    }
}

#[test]
fn a_backslash_escapes_a_quote_within_quotes() {
    let (dataset, report) =
        load(b"\"u\";\"i\"\n\"1\";\"\\\"8804501367\\\"\"\n\"2\";\"a\\\\b;\\\"\"\n\"3\";\"x\"\n");
    assert_eq!(pairs(&dataset), ["u>i", "1>\"8804501367\"", "2>a\\\\b;\"", "3>x"]);
    assert!(report.layout.backslash_escapes);
    // The same without quotes around the field: nothing is escaped, and rows and bytes stay as they are.
    let (dataset, report) = load(b"u;i\n1;\\\"8804501367\\\"\n2;y\\\n3;z\n");
    assert_eq!(pairs(&dataset), ["u>i", "1>\\\\\"8804501367\\\\\"", "2>y\\\\", "3>z"]);
    assert!(!report.layout.backslash_escapes);
    // If quotes are doubled, a backslash at the end of a quoted field escapes nothing.
    let (dataset, report) = load(b"\"1\";\"C:\\\"\n\"2\";\"say \"\"x\"\"\"\n\"3\";\"\\\"\"\"\n");
    assert_eq!(pairs(&dataset), ["1>C:\\\\", "2>say \"x\"", "3>\\\\\""]);
    assert!(!report.layout.backslash_escapes);
    // By flag.
    let doubled = LoadOptions { backslash_escapes: Some(false), ..LoadOptions::default() };
    let (dataset, _) = load_with(b"\"1\";\"\\\"8804501367\\\"\"\n", &doubled);
    assert_eq!(dataset.interactions.len(), 1);
    assert_ne!(dataset.items.bytes(0), b"\"8804501367\"");
}

#[test]
fn line_ends_of_every_kind() {
    for end in ["\n", "\r\n", "\r"] {
        for last in ["", end] {
            for separator in [",", ";", "\t", "::", " "] {
                let text = ["u1,i1,3", "u2,i2,4", "u2,i1,5"].join(end).replace(',', separator) + last;
                assert_eq!(pairs(&load(text.as_bytes()).0), ["u1>i1", "u2>i1", "u2>i2"], "{text:?}");
            }
            let text = ["1 5 6", "0", "2 5"].join(end) + last;
            let count = LoadOptions { format: Format::AdjacencyId, ..LoadOptions::default() };
            assert_eq!(pairs(&load_with(text.as_bytes(), &count).0).len(), 3, "{text:?}");
            let text = ["{\"user\":1,\"item\":2}", "", "{\"user\":2,\"item\":3}"].join(end) + last;
            assert_eq!(pairs(&load(text.as_bytes()).0), ["1>2", "2>3"], "{text:?}");
        }
    }
}

#[test]
fn nine_hundred_thousand_rows_of_nothing() {
    let text = [&b"User-ID,ISBN,Book-Rating\r\n1,a,5\r\n2,b,0\r\n"[..], &b",,\r\n".repeat(900_000)].concat();
    let (dataset, report) = load(&text);
    assert_eq!(pairs(&dataset), ["1>a", "2>b"]);
    assert_eq!((report.row_count, report.blank_row_count, report.bad_rows.count), (2, 900_000, 0));
}

#[test]
fn headers_in_every_spelling_and_none() {
    for header in [
        "User-ID;ISBN",
        "UserID;ItemID",
        "user_id:token;item_id:token",
        "\"User ID\";\"Item_ID\"",
        "USERID;movieId",
    ] {
        for separator in [";", ",", "\t", "::"] {
            // A quote has no meaning beside `::`.
            if separator == "::" && header.contains('"') {
                continue;
            }
            let text = format!("{header};x\n1;a;2\n2;b;3\n").replace(';', separator);
            let (dataset, report) = load(text.as_bytes());
            assert_eq!(pairs(&dataset), ["1>a", "2>b"], "{text}");
            assert_eq!(report.layout.header.as_ref().map(Vec::len), Some(3));
        }
    }
    let (dataset, report) = load(b"ann;rose\nbob;tulip\n");
    assert_eq!(pairs(&dataset), ["ann>rose", "bob>tulip"]);
    assert_eq!(report.layout.header, None);
}

#[test]
fn any_rating_of_a_pair_that_is_high_enough_makes_it_positive() {
    let options = LoadOptions { min_rating: Some(5.0), ..LoadOptions::default() };
    for text in ["8094;0;10\n8094;0;0\n1;2;4\n", "8094;0;0\n1;2;4\n8094;0;10\n"] {
        let (dataset, report) = load_with(text.as_bytes(), &options);
        assert_eq!(pairs(&dataset), ["8094>0"]);
        assert_eq!((report.row_count, report.below_rating_count, report.duplicate_count), (3, 2, 0));
    }
}

#[test]
fn spreadsheet_damage_is_kept_and_told() {
    // An id that has lost its leading zeros is another id, and stays one.
    let (dataset, report) = load(b"user;item\n1;9,78292E+12\n1;9.78E+9\n2;007\n2;7\n3;1E+05x\n3;E+05\n");
    assert_eq!(pairs(&dataset), ["1>9,78292E+12", "1>9.78E+9", "2>007", "2>7", "3>1E+05x", "3>E+05"]);
    let [warning] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
    assert!(warning.contains("2 item ids") && warning.contains("`9,78292E+12`"), "{warning}");
    // A comma within a number splits the field in two.
    let (dataset, report) = load(b"user,item\n1,9,78292E+12\n2,b\n");
    assert_eq!(pairs(&dataset), ["1>9", "2>b"]);
    assert!(report.warnings[0].starts_with("1 row has more fields"), "{:?}", report.warnings);
}

#[test]
fn lines_that_a_spreadsheet_has_cut_are_told() {
    let mut line = String::from("0");
    let mut item = 100;
    while line.len() + 5 < 32_767 {
        line += &format!(" {item}");
        item += 1;
    }
    line += &" 12345678"[..32_767 - line.len()];
    assert_eq!(line.len(), 32_767);
    let (_, report) = load(format!("{line}\n1 5 6 7\n2 5\n").as_bytes());
    assert!(report.format.starts_with("adjacency list, a user id"), "{}", report.format);
    assert!(report.warnings[0].contains("32767 characters"), "{:?}", report.warnings);
    // With a count first, the cut is an error.
    let counted = format!("9999{}\n2 5 6\n1 7\n2 1 2\n", &line[1..]);
    let count = LoadOptions { format: Format::AdjacencyCount, ..LoadOptions::default() };
    let error = error(counted.as_bytes(), &count);
    assert!(error.starts_with("PATH:1: ") && error.contains("9999 items"), "{error}");
    let (_, report) = load(format!("user,item\na,{}\n", "x".repeat(32_767)).as_bytes());
    assert_eq!(report.warnings.len(), 1);
}

#[test]
fn adjacency_lists_with_empty_lines_and_trailing_blanks() {
    let (dataset, _) = load(b"3 5 6 7 \n0\n1 5\n0 \n2 8 9\n");
    assert_eq!(pairs(&dataset), ["0>5", "0>6", "0>7", "2>5", "4>8", "4>9"]);
    let (dataset, _) = load(b"0 5 6 7 \n1\n\n7 5 8\n");
    assert_eq!(pairs(&dataset), ["0>5", "0>6", "0>7", "7>5", "7>8"]);
}

#[test]
fn repeated_pairs_within_and_between_files() {
    let options = LoadOptions::default();
    let (train, report) = load(b"user,item\na,x\na,x\na,y\nb,x\na,x\n");
    assert_eq!((train.interactions.len(), report.duplicate_count, report.row_count), (3, 2, 5));
    let (test, _) = load_with(b"user,item\na,x\na,z\nb,y\nnew,x\nnew,w\nb,z\n", &options);
    let whole = |all: &Interactions| data::Split { train: all.clone().into(), ..data::Split::default() };
    let split = whole(&train.interactions);
    let (joined, split, [_, held_out]) = data::join(train, &split, None, Some(&test));
    // a>x is in training; z is new and gets a row, w of a new user does not.
    assert_eq!((held_out.repeated_pair_count, held_out.new_item_count), (1, 1));
    assert_eq!((held_out.unknown_user_count, held_out.unknown_user_pair_count), (1, 2));
    let names = |part: &Interactions| {
        pairs(&Dataset {
            interactions: part.clone(),
            users: joined.users.clone(),
            items: joined.items.clone(),
        })
    };
    assert_eq!(names(&split.test), ["a>z", "b>y", "b>z"]);
    assert_eq!(names(&split.train), ["a>x", "a>y", "b>x"]);
    assert_eq!((split.train.item_count(), split.valid.item_count(), joined.items.len()), (3, 3, 3));
    assert_eq!(split.train.item_frequencies(), [2, 1, 0]);
}

#[test]
fn users_with_very_many_items_and_with_fewer_than_folds() {
    let mut text = String::from("user,item\nsmall,x\nsmall,y\nsingle,x\n");
    (0..13_602).for_each(|item| text += &format!("heavy,{item}\n"));
    let (dataset, _) = load(text.as_bytes());
    let (small, single, heavy) = (0, 1, 2);
    assert_eq!(dataset.interactions.items_of(heavy).len(), 13_602);
    let mut tested = [0; 3];
    for fold in 0..4 {
        let protocol = Protocol::Folds { count: 4, fold, valid_fraction: 0.0 };
        let split = data::split(&dataset.interactions, &protocol, 1).expect("a split");
        for user in [small, single, heavy] {
            assert!(
                !split.train.items_of(user).is_empty(),
                "user {user} has nothing to train on in fold {fold}"
            );
            tested[user as usize] += split.test.items_of(user).len();
        }
    }
    assert_eq!(tested, [2, 0, 13_602]);
}

#[test]
fn recbole_files() {
    let (dataset, report) = load(b"user_id:token\titem_id:token\trating:float\n1\t7\t3\n1\t8\t5\n");
    assert_eq!(pairs(&dataset), ["1>7", "1>8"]);
    let header = ["user_id:token", "item_id:token", "rating:float"].map(str::to_owned);
    assert_eq!(report.layout.header, Some(header.to_vec()));
}

#[test]
fn bad_rows_are_counted_and_the_first_five_shown() {
    let mut text = String::from("user,item,rating\n");
    for row in 0..20 {
        text += match row % 3 {
            0 => "a,x,5\n",
            1 => "b\n",
            _ => ",y,1\n",
        };
    }
    let message = error(text.as_bytes(), &LoadOptions::default());
    let expected = [
        ("PATH:3: 1 field", "`b`"),
        ("PATH:4: user id", "empty"),
        ("PATH:6: 1 field", "`b`"),
        ("PATH:7: user id", "empty"),
        ("PATH:9: 1 field", "`b`"),
        ("PATH: 13 of 20 rows", "first 5"),
    ];
    assert_eq!(message.lines().count(), expected.len(), "{message}");
    for (line, (start, part)) in message.lines().zip(expected) {
        assert!(line.starts_with(start) && line.contains(part), "{line}");
    }
    assert!(message.contains("--on-bad-row skip"), "{message}");
    let (dataset, report) = load_with(text.as_bytes(), &skip());
    assert_eq!(pairs(&dataset), ["a>x"]);
    assert_eq!((report.row_count, report.bad_rows.count, report.bad_rows.first.len()), (7, 13, 5));
    assert_eq!(report.bad_rows.first[1].line, 4);
}

#[test]
fn skipping_goes_on_at_the_next_line() {
    let text = b"user;item\n\"a\";\"x\"\n\"b\";\"y\n\"c\";\"z\"\n\"d\";\"w\"\n\"e\";\"v";
    let (dataset, report) = load_with(text, &skip());
    assert_eq!(pairs(&dataset), ["a>x", "c>z", "d>w"]);
    let lines: Vec<u64> = report.bad_rows.first.iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 6]);
    let (dataset, report) =
        load_with(b"2 5 6\n3 5 6\n1 7\n", &LoadOptions { format: Format::AdjacencyCount, ..skip() });
    assert_eq!((pairs(&dataset), report.bad_rows.count), (vec!["0>5".into(), "0>6".into(), "2>7".into()], 1));
    let rated = LoadOptions { min_rating: Some(3.0), rating_column: Some(data::Column::Number(3)), ..skip() };
    let (dataset, report) = load_with(b"user,item,r\na,x,5\na,y,good\na,z,2\n", &rated);
    assert_eq!(
        (pairs(&dataset), report.bad_rows.count, report.below_rating_count),
        (vec!["a>x".into()], 1, 1)
    );
}

#[test]
fn a_file_of_bad_rows_only_is_an_error_even_when_they_are_skipped() {
    let message = error(b"user,item\n,x\n,y\n", &skip());
    assert!(message.starts_with("PATH:2: user id") && message.contains("\nPATH:3: user id"), "{message}");
    assert!(error(b"{\"user\": \n{\n", &skip()).contains("PATH: 2 of 2 rows"));
}
