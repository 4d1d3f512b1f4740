//! The trained model: embeddings in memory, and the folder that keeps them on disk.

/// Users and items as points of the unit sphere (unit rows, or zero rows where padding says so).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embeddings {
    /// D, the embedding dimension.
    pub dim: usize,
    /// (U, D), row-major, unit rows.
    pub users: Vec<f32>,
    /// (I, D), row-major, unit rows.
    pub items: Vec<f32>,
}

impl Embeddings {
    /// U.
    pub fn user_count(&self) -> usize {
        self.users.len() / self.dim
    }

    /// I.
    pub fn item_count(&self) -> usize {
        self.items.len() / self.dim
    }

    /// The point of `user`, (D).
    pub fn user(&self, user: u32) -> &[f32] {
        &self.users[user as usize * self.dim..][..self.dim]
    }

    /// The point of `item`, (D).
    pub fn item(&self, item: u32) -> &[f32] {
        &self.items[item as usize * self.dim..][..self.dim]
    }
}
