//! Comparing what a kernel left in its buffers with what the twin left.

use super::Agreement;

/// The contents of one buffer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// Compared within a tolerance.
    Float(Vec<f32>),
    /// Compared exactly.
    Word(Vec<u32>),
    /// Structs in words: how many numbers each has, and how many words after them.
    Structs(Vec<u32>, (usize, usize)),
}

impl Values {
    /// Words.
    pub(super) fn len(&self) -> usize {
        match self {
            Values::Float(values) => values.len(),
            Values::Word(values) | Values::Structs(values, _) => values.len(),
        }
    }
}

/// Buffers by the names that the kernels use.
pub(super) type Arrays = Vec<(&'static str, Values)>;

/// |a - b| <= TOLERANCE * max(1, |b|): all quantities of a step are of order one or below, and their sums
/// run over hundreds of terms.
const TOLERANCE: f64 = 1e-5;

/// How close what was `seen` of each dispatch is to what was `expected`.
pub(super) fn agreement<'a>(
    kernel: &str,
    case: &'static str,
    dispatches: impl Iterator<Item = (&'a Arrays, &'a Arrays)>,
) -> Agreement {
    let mut agreement =
        Agreement { kernel: kernel.to_owned(), case, compared_count: 0, worst_share: 0.0, failure: None };
    for (expected, seen) in dispatches {
        if expected.len() != seen.len() {
            fail(&mut agreement, "another number of buffers".to_owned());
        }
        for ((name, expected), (_, seen)) in expected.iter().zip(seen) {
            compare(&mut agreement, name, expected, seen);
        }
    }
    if agreement.compared_count == 0 {
        fail(&mut agreement, "nothing was compared".to_owned());
    }
    agreement
}

fn compare(agreement: &mut Agreement, name: &str, expected: &Values, seen: &Values) {
    match (expected, seen) {
        (Values::Float(expected), Values::Float(seen)) if expected.len() == seen.len() => {
            floats(agreement, name, expected, seen);
        }
        (Values::Word(expected), Values::Word(seen)) if expected.len() == seen.len() => {
            words(agreement, name, expected, seen);
        }
        (Values::Structs(expected, sizes), Values::Structs(seen, _)) if expected.len() == seen.len() => {
            let size = sizes.0 + sizes.1;
            let as_floats = |words: &[u32]| -> Vec<f32> {
                words[..sizes.0].iter().map(|&word| f32::from_bits(word)).collect()
            };
            for (expected, seen) in expected.chunks(size).zip(seen.chunks(size)) {
                floats(agreement, name, &as_floats(expected), &as_floats(seen));
                words(agreement, name, &expected[sizes.0..], &seen[sizes.0..]);
            }
        }
        _ => fail(agreement, format!("{name}: another length or type")),
    }
}

fn floats(agreement: &mut Agreement, name: &str, expected: &[f32], seen: &[f32]) {
    for (index, (&expected, &seen)) in expected.iter().zip(seen).enumerate() {
        let allowed = TOLERANCE * f64::from(expected.abs().max(1.0));
        let share = (f64::from(expected) - f64::from(seen)).abs() / allowed;
        agreement.compared_count += 1;
        // Phrased so that NaN fails.
        if !(share <= 1.0) {
            fail(agreement, format!("{name}[{index}] is {seen}, the twin's is {expected}"));
        }
        if !(share <= agreement.worst_share) {
            agreement.worst_share = share;
        }
    }
}

fn words(agreement: &mut Agreement, name: &str, expected: &[u32], seen: &[u32]) {
    agreement.compared_count += expected.len();
    if let Some(index) = (0..expected.len()).find(|&index| expected[index] != seen[index]) {
        agreement.worst_share = f64::INFINITY;
        fail(agreement, format!("{name}[{index}] is {}, the twin's is {}", seen[index], expected[index]));
    }
}

fn fail(agreement: &mut Agreement, what: String) {
    let text = format!("{} on {}: {what}", agreement.kernel, agreement.case);
    agreement.failure.get_or_insert(text);
}
