//! The page to explore a model: what is in it, and that no data can become markup.

use crate::model_folder::odd_model;
use spherec::data::{IdTable, Interactions, Split};
use spherec::explore::{Atlas, explore_page};
use spherec::labels::LabelColumn;
use spherec::model::Model;

const HOSTILE: [&str; 4] =
    ["</script><script>alert(1)</script>", "<!--", "@DATA@ @SCRIPT@ @STYLE@", "\u{2028}&amp;\u{2029}"];

/// Four items and four users with hostile ids on the unit circle.
fn model() -> Model {
    let points = [1.0, 0.0, 0.8, 0.6, 0.0, 1.0, -1.0, 0.0];
    let mut model = odd_model();
    model.embeddings.dim = 2;
    (model.embeddings.items, model.embeddings.users) = (points.to_vec(), points.to_vec());
    let mut ids = IdTable::default();
    for id in HOSTILE {
        ids.intern(id.as_bytes());
    }
    (model.users, model.items) = (ids.clone(), ids);
    let pairs = |pairs: &[(u32, u32)]| Interactions::from_pairs(4, 4, pairs);
    model.split = Split { train: pairs(&[(0, 0), (1, 2)]).into(), valid: pairs(&[(0, 1)]), test: pairs(&[]) };
    model
}

fn page(columns: &[LabelColumn], title: &str) -> String {
    page_of(&model(), 1.0, columns, title)
}

fn page_of(model: &Model, popularity: f64, columns: &[LabelColumn], title: &str) -> String {
    let points = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
    explore_page(&Atlas {
        model,
        title,
        method: "by hand",
        items: &[2, 0, 1],
        item_points: &points,
        users: &[1, 0],
        user_points: &points[..2],
        columns,
        popularity,
        list_length: 3,
    })
    .unwrap()
}

/// The text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

#[test]
fn hostile_text_ends_no_script_and_reads_back() {
    let column = LabelColumn {
        name: "<b>".to_owned(),
        groups: vec![Some(0), None, Some(0), None],
        names: vec!["</SCRIPT><img src=x>".to_owned()],
    };
    let page = page(&[column], "<title>");
    assert_eq!(page.to_lowercase().matches("<script").count(), 2);
    assert_eq!(page.to_lowercase().matches("</script").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("<img") && !page.contains('\u{2028}'));
    let data: serde_json::Value = serde_json::from_str(between(&page, "id=\"data\">", "</script>")).unwrap();
    assert_eq!(data["title"], "<title>");
    let ids: Vec<&str> = data["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    // Items 2, 0 and 1 on the map, item 3 that is near them, then users 1 and 0.
    let text = |at: usize| spherec::data::id_text(HOSTILE[at].as_bytes());
    assert_eq!(ids, [2, 0, 1, 3, 1, 0].map(text));
    assert_eq!(
        (data["placed"].as_u64(), data["items"].as_u64(), data["users"].as_u64()),
        (Some(3), Some(4), Some(2))
    );
    assert_eq!(data["columns"][0]["names"][0], "</SCRIPT><img src=x>");
}

const NONE: u32 = u32::MAX;

fn data(page: &str) -> serde_json::Value {
    serde_json::from_str(between(page, "id=\"data\">", "</script>")).unwrap()
}

fn words(data: &serde_json::Value, name: &str) -> Vec<u32> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data[name].as_str().unwrap()).unwrap();
    bytes.chunks_exact(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn the_dial_has_lists_for_each_of_its_places() {
    let mut model = model();
    model.embeddings.item_bias = vec![0.0, 0.0, 0.0, 2.0];
    let data = data(&page_of(&model, 0.3, &[], "t"));
    assert_eq!(data["dials"], serde_json::json!([0.0, 0.25, 0.3, 0.5, 0.75, 1.0]));
    assert_eq!(data["dial"], 2);
    let near = words(&data, "near");
    // Lists of three items, the same as without a bias, then of two users at each of six places.
    assert_eq!(near.len(), 9 + 6 * 2 * 3);
    assert_eq!(near[..9], [2, 1, 3, 2, 0, 3, 1, 0, 3]);
    let of = |place: usize, user: usize| &near[9 + (2 * place + user) * 3..][..3];
    // Users 1 (0.8, 0.6) and 0 (1, 0). Item 3, node 3, is opposite to user 0: -1 and, at 1, 2 more.
    assert_eq!((of(0, 0), of(0, 1)), (&[2, 1, 3][..], &[0, 3, NONE][..]));
    assert_eq!((of(5, 0), of(5, 1)), (&[3, 2, 1][..], &[3, 0, NONE][..]));
    let scores: Vec<f32> = words(&data, "near_score").into_iter().map(f32::from_bits).collect();
    let score = |place: usize| scores[9 + (2 * place + 1) * 3..][..3].iter().copied().fold(-1.0, f32::max);
    assert!((score(5) - 1.0).abs() < 1e-6 && score(0).abs() < 1e-6, "{scores:?}");
}

#[test]
fn lists_are_those_of_the_model() {
    let page = page(&[], "t");
    let data = data(&page);
    let words = |name: &str| words(&data, name);
    assert_eq!((&data["dials"], &data["dial"]), (&serde_json::json!([1.0]), &serde_json::json!(0)));
    // Nodes 0, 1, 2, 3 are the items 2, 0, 1, 3.
    let near = words("near");
    assert_eq!(near[..9], [2, 1, 3, 2, 0, 3, 1, 0, 3], "nearest of the items 2, 0, 1");
    // User 1 (0.8, 0.6) has item 2, user 0 (1, 0) has the items 0 and 1.
    assert_eq!(near[9..], [2, 1, 3, 0, 3, NONE], "recommended to the users 1 and 0");
    let scores: Vec<f32> = words("near_score").into_iter().map(f32::from_bits).collect();
    assert!((scores[0] - 0.6).abs() < 1e-6 && (scores[9] - 1.0).abs() < 1e-6, "{scores:?}");
    assert_eq!((words("own_ends"), words("own")), (vec![1, 2], vec![0, 1]));
    assert_eq!(words("counts"), [1, 1, 0, 0, 1, 1]);
    assert_eq!(
        words("xy").into_iter().map(f32::from_bits).collect::<Vec<_>>(),
        [0., 1., 2., 3., 4., 5., 0., 1., 2., 3.]
    );
}

#[test]
fn the_policy_allows_the_pages_own_script_and_style_only() {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let page = page(&[], "t");
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    let script = between(&page, "</script>\n<script>", "</script>");
    assert!(policy.contains(&format!("script-src 'sha256-{}'", hash(script))), "{policy}");
    assert!(policy.contains(&format!("style-src 'sha256-{}'", hash(between(&page, "<style>", "</style>")))));
    // SVG's namespace looks like an address, but the browser does not fetch it.
    assert!(!script.replace("http://www.w3.org/2000/svg", "").contains("http"), "an address in the script");
    for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("] {
        assert!(!script.contains(word), "{word}");
    }
}
