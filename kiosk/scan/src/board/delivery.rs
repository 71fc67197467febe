//! The one content that a scan may hand out: a bundle of rules on an administrator's medium.

use wire::RowKind;
use wire::rules::{DELIVERY_BYTES_MAX, is_bundle};
use wire::scan::{Delivered, News};
use wire::worker::Item;

/// Who may write the delivery's file. There is one file and several workers, so the first
/// bundle that is found gets it and all others are counted.
pub(super) struct Delivery {
    wanted: bool,
    bundles: u64,
    delivered: Option<Delivered>,
}

impl Delivery {
    pub(super) fn new(wanted: bool) -> Self {
        Self {
            wanted,
            bundles: 0,
            delivered: None,
        }
    }

    /// Whether this content is the one to copy.
    pub(super) fn grants(&mut self, item: &Item) -> bool {
        let fits = item.size_bytes <= DELIVERY_BYTES_MAX;
        let is_one = item.kind == RowKind::File && is_bundle(item.path.as_bytes());
        if !(self.wanted && is_one && fits) {
            return false;
        }
        self.bundles = self.bundles.saturating_add(1);
        self.bundles == 1
    }

    /// The worker that it was granted to has copied it.
    pub(super) fn done(&mut self, item: &Item, size_bytes: u64) -> Result<(), &'static str> {
        if self.delivered.is_some() {
            return Err("a second delivery");
        }
        self.delivered = Some(Delivered {
            path: item.path.clone(),
            size_bytes,
            others: 0,
        });
        Ok(())
    }

    pub(super) fn news(&self) -> Option<News> {
        let delivered = self.delivered.clone()?;
        let others = self.bundles.saturating_sub(1);
        Some(News::Delivered(Box::new(Delivered {
            others,
            ..delivered
        })))
    }
}

#[cfg(test)]
mod tests {
    use wire::name::MediumName;
    use wire::worker::{Locator, Share};

    use super::*;

    fn item(name: &str, kind: RowKind, size_bytes: u64) -> Item {
        Item {
            volume: Some(0),
            path: MediumName::new(name).unwrap(),
            kind,
            size_bytes,
            locator: Locator::Path,
            findings: Vec::new(),
            share: Share::default(),
        }
    }

    fn bundle(name: &str) -> Item {
        item(name, RowKind::File, 7)
    }

    #[test]
    fn the_first_bundle_is_handed_out_and_the_others_are_counted() {
        let mut delivery = Delivery::new(true);
        assert!(!delivery.grants(&bundle("notes.txt")));
        assert!(delivery.news().is_none());
        assert!(delivery.grants(&bundle("base-3.bundle")));
        assert!(!delivery.grants(&bundle("base-4.bundle")));
        assert!(delivery.news().is_none());
        delivery.done(&bundle("base-3.bundle"), 7).unwrap();
        let Some(News::Delivered(said)) = delivery.news() else {
            panic!("nothing delivered")
        };
        assert_eq!(said.path, MediumName::new("base-3.bundle").unwrap());
        assert_eq!((said.size_bytes, said.others), (7, 1));
        assert!(delivery.done(&bundle("base-3.bundle"), 7).is_err());
    }

    #[test]
    fn nothing_is_handed_out_unasked_or_past_the_limit_or_from_beside_the_files() {
        assert!(!Delivery::new(false).grants(&bundle("base-3.bundle")));
        let mut delivery = Delivery::new(true);
        let large = item("a.bundle", RowKind::File, DELIVERY_BYTES_MAX + 1);
        assert!(!delivery.grants(&large));
        for kind in [RowKind::Stream, RowKind::Deleted, RowKind::Gap] {
            assert!(!delivery.grants(&item("a.bundle", kind, 7)), "{kind:?}");
        }
        let largest = item("a.bundle", RowKind::File, DELIVERY_BYTES_MAX);
        assert!(delivery.grants(&largest));
    }
}
