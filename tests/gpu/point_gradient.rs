//! `row_gradient` against its twin, as it is and with defects put in.

use crate::support::{defects_are_seen, equals_its_twin};

#[test]
fn equals_its_twin_on_every_case() {
    equals_its_twin("row_gradient");
}

#[test]
fn every_defect_is_seen() {
    defects_are_seen(
        "row_gradient",
        &[
            ("2.0 * moments.first + ", ""),
            ("moment_2 > settings.inverse_dim", "moment_2 < settings.inverse_dim"),
            ("return Term(positive_of_pair(pair), -strength);", "return Term(none, 0.0);"),
            ("pairs[pair].nearest), strength)", "pairs[pair].nearest), -strength)"),
            ("Term(user_of_pair(pair), -pull(pair))", "Term(user_of_pair(pair), pull(pair))"),
            ("pair * negative_count + index - 1u", "pair * negative_count"),
            ("Term(negative_slot(pick), gor", "Term(none, gor"),
            ("Term(positive_of_pair(pair), gor", "Term(none, gor"),
            ("nearest == pick % negative_count", "nearest != pick % negative_count"),
            ("select(2u, 1u + negative_count, is_positive)", "2u"),
            ("&& picks[pair * negative_count + k] != slot", "&& false"),
            ("part_plus(g, -along, e)", "part_plus(g, along, e)"),
            ("used &= used - 1u;", "used &= used - 2u;"),
            ("u32(is_used) << index", "u32(is_used)"),
            ("if used == 0u && own != 0u { return; }", "if used == 0u { return; }"),
            ("own + firstTrailingBit(used) * stride", "own + firstTrailingBit(used)"),
            ("rows[at + chunk_count].x;", "1.0;"),
            ("let stride = lane_count * pairs_per_group;", "let stride = lane_count;"),
            ("(*uses).bits &= (*uses).bits - 1u;", "(*uses).bits = 0u;"),
            ("sums += pairs[pair].sums;", "sums = pairs[pair].sums;"),
            ("gradients[at + lane + 3u * lane_count] = part.d;", ""),
        ],
    );
}
