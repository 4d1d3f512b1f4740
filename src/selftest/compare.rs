//! Comparing what a kernel left in its buffers with what the twin left.

use super::Agreement;

/// The contents of one buffer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// Compared within a tolerance.
    Float(Vec<f32>),
    /// Compared exactly.
    Word(Vec<u32>),
    /// Structs in words, each of as many numbers and then as many words as the second part says.
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

pub(super) fn agreement(kernel: &str, case: &'static str, expected: &Arrays, seen: &Arrays) -> Agreement {
    let mut agreement =
        Agreement { kernel: kernel.to_owned(), case, compared_count: 0, worst_share: 0.0, failure: None };
    for ((name, expected), (_, seen)) in expected.iter().zip(seen) {
        match (expected, seen) {
            (Values::Float(expected), Values::Float(seen)) if expected.len() == seen.len() => {
                floats(&mut agreement, name, expected, seen);
            }
            (Values::Word(expected), Values::Word(seen)) if expected.len() == seen.len() => {
                words(&mut agreement, name, expected, seen);
            }
            (Values::Structs(expected, parts), Values::Structs(seen, _)) if expected.len() == seen.len() => {
                let size = parts.0 + parts.1;
                for (expected, seen) in expected.chunks(size).zip(seen.chunks(size)) {
                    let as_floats = |words: &[u32]| {
                        words[..parts.0].iter().map(|&word| f32::from_bits(word)).collect::<Vec<_>>()
                    };
                    floats(&mut agreement, name, &as_floats(expected), &as_floats(seen));
                    words(&mut agreement, name, &expected[parts.0..], &seen[parts.0..]);
                }
            }
            _ => fail(&mut agreement, format!("{name}: another length or type")),
        }
    }
    if agreement.compared_count == 0 || expected.len() != seen.len() {
        fail(&mut agreement, "nothing was compared".to_owned());
    }
    agreement
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
