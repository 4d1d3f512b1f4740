//! Embeddings as files for other tools.
