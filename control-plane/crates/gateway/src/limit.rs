//! How many requests the gateway has at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Counts requests up to a limit.
#[derive(Debug)]
pub(crate) struct Limit {
    taken: Arc<AtomicU32>,
    most: u32,
}

/// One of the requests, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Permit(Arc<AtomicU32>);

impl Limit {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            taken: Arc::default(),
            most,
        }
    }

    /// A permit, unless all are taken.
    pub(crate) fn take(&self) -> Option<Permit> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let permit = Permit(Arc::clone(&self.taken));
        (before < self.most).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_comes_back() {
        let limit = Limit::new(1);
        let permit = limit.take();
        assert!(permit.is_some());
        assert!(limit.take().is_none());
        drop(permit);
        assert!(limit.take().is_some());
    }
}
