//! Whose features.

use serde::{Deserialize, Serialize};

/// Whose features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The items'.
    Items,
    /// The users'.
    Users,
}

impl Side {
    /// Both.
    pub const ALL: [Side; 2] = [Side::Items, Side::Users];

    /// Its position in [`Side::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// What all of them are called: "items" or "users".
    pub fn name(self) -> &'static str {
        match self {
            Side::Items => "items",
            Side::Users => "users",
        }
    }

    /// What one of them is called: "item" or "user".
    pub fn word(self) -> &'static str {
        match self {
            Side::Items => "item",
            Side::Users => "user",
        }
    }

    /// The flag that names the file of ids for a `.npy` file.
    pub fn ids_flag(self) -> &'static str {
        match self {
            Side::Items => "--item-feature-ids",
            Side::Users => "--user-feature-ids",
        }
    }
}
