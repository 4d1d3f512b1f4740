//! The recall that Hsieh et al. 2017 published (Table 2), for each of their data sets and models.

use std::fmt;
use std::str::FromStr;

/// `dataset,model,recall_50,recall_100`; empty where the paper has no number. Hsieh et al., "Collaborative Metric
/// Learning", WWW 2017, Table 2.
const TABLE: &str = include_str!("../../assets/hsieh2017_table2.csv");

/// The lengths of the paper's lists.
const DEPTHS: [usize; 2] = [50, 100];

/// A data set of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    dataset: &'static str,
}

/// What the paper says about one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedRow {
    /// The paper's name of the model.
    pub model: &'static str,
    /// Recall, as a fraction of 1, in the 50 and in the 100 best.
    pub recall: [f64; 2],
}

/// Data set, model and the two numbers of each row.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, [Option<f64>; 2])> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let (dataset, model) = (cells.next()?, cells.next()?);
        let mut number = || cells.next().and_then(|cell| cell.parse().ok());
        Some((dataset, model, [number(), number()]))
    })
}

impl Published {
    /// Every data set of the paper.
    pub fn all() -> Vec<Published> {
        let mut all: Vec<Published> = Vec::new();
        for (dataset, ..) in rows() {
            if all.iter().all(|known| known.dataset != dataset) {
                all.push(Published { dataset });
            }
        }
        all
    }

    /// What the paper says about the model that the recipe `name` trains, at lists of `depths`.
    pub fn row(self, name: &str, depths: [usize; 2]) -> Option<PublishedRow> {
        let model = match name {
            "cml-2017" => "CML",
            "cml-f-2017" => "CML+F",
            name => name,
        };
        let is_it = |known: &str, dataset| dataset == self.dataset && known.eq_ignore_ascii_case(model);
        let (_, model, numbers) = rows().find(|&(dataset, known, _)| is_it(known, dataset))?;
        match numbers {
            [Some(first), Some(second)] if depths == DEPTHS => {
                Some(PublishedRow { model, recall: [first, second] })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dataset)
    }
}

impl FromStr for Published {
    type Err = String;

    /// The name of a data set, in upper or lower case.
    fn from_str(text: &str) -> Result<Published, String> {
        let found = Published::all().into_iter().find(|known| known.dataset.eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let names: Vec<&str> = Published::all().into_iter().map(|known| known.dataset).collect();
            format!("must be one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_paper_is_whole() {
        let names: Vec<String> = Published::all().iter().map(Published::to_string).collect();
        assert_eq!(names, ["CiteULike", "BookCX", "Flickr", "Medium", "MovieLens", "EchoNest"]);
        assert_eq!(rows().count(), 48);
        let citeulike: Published = "citeulike".parse().unwrap();
        let row = |name| citeulike.row(name, [50, 100]).map(|row| (row.model, row.recall));
        assert_eq!(row("cml-2017"), Some(("CML", [0.2714, 0.3411])));
        assert_eq!(row("cml-f-2017"), Some(("CML+F", [0.3312, 0.4255])));
        assert_eq!(row("wrmf"), Some(("WRMF", [0.2437, 0.3112])));
        assert_eq!((row("softmax"), citeulike.row("wrmf", [10, 20])), (None, None));
        let flickr: Published = "Flickr".parse().unwrap();
        assert_eq!(flickr.row("fm", [50, 100]), None);
        assert!("x".parse::<Published>().unwrap_err().contains("BookCX"));
    }
}
