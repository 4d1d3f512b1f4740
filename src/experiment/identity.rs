//! A checksum that tells data sets apart.

use crate::data::{Dataset, Features, IdTable};
use crate::model::hex;
use sha2::{Digest, Sha256};

/// The SHA-256, in hexadecimal, of the ids and the interactions. It depends on the data that is trained on,
/// not on the file.
pub fn checksum(dataset: &Dataset) -> String {
    let mut hash = Sha256::new();
    ids(&mut hash, &dataset.users);
    ids(&mut hash, &dataset.items);
    for (user, item) in dataset.interactions.pairs() {
        hash.update(user.to_le_bytes());
        hash.update(item.to_le_bytes());
    }
    hex(&hash.finalize())
}

/// The SHA-256, in hexadecimal, of the features of all rows.
pub fn feature_checksum(features: &Features) -> String {
    let mut hash = Sha256::new();
    ids(&mut hash, features.names());
    ids(&mut hash, features.new_ids());
    for row in 0..features.row_count() as u32 {
        let row = features.row(row);
        hash.update((row.values.len() as u64).to_le_bytes());
        for (feature, value) in row.iter() {
            hash.update(feature.to_le_bytes());
            hash.update(value.to_le_bytes());
        }
    }
    hex(&hash.finalize())
}

fn ids(hash: &mut Sha256, table: &IdTable) {
    hash.update((table.len() as u64).to_le_bytes());
    for id in table.iter() {
        hash.update((id.len() as u64).to_le_bytes());
        hash.update(id);
    }
}
