//! A map that computes each key's value once, without blocking on other keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The values made so far.
pub(super) struct OnceMap<K, V> {
    cells: Mutex<BTreeMap<K, Arc<OnceLock<Arc<V>>>>>,
}

impl<K, V> Default for OnceMap<K, V> {
    fn default() -> Self {
        Self {
            cells: Mutex::default(),
        }
    }
}

impl<K: Ord, V> OnceMap<K, V> {
    /// The value of the key, made now if it was never asked for.
    pub(super) fn get(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Arc::clone(cells.entry(key).or_default());
        drop(cells);
        Arc::clone(cell.get_or_init(|| Arc::new(make())))
    }
}
