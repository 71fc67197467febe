//! Cluster chains, as FAT and exFAT both keep them.

mod table;

mod claim;

mod records;

mod leftover;

pub(crate) use claim::{Ask, Claim, Fault, claim, unit};
pub(crate) use leftover::{DELETED_MAX, Deleted, Leftover};
pub(crate) use records::{RECORD_BYTES, Records};
pub(crate) use table::{Heap, Link, Table, Width};

#[cfg(test)]
mod tests {
    use std::io;
    use std::rc::Rc;

    use super::*;
    use crate::content::Extent;
    use crate::number::wide;
    use crate::space::Space;

    /// A FAT16 table with these links from cluster 2 on, clusters of 512 bytes.
    fn table(links: &[u16]) -> Table {
        let mut bytes: Vec<u8> = vec![0xF8, 0xFF, 0xFF, 0xFF];
        bytes.extend(links.iter().flat_map(|link| link.to_le_bytes()));
        let size = wide(bytes.len());
        let heap = Heap {
            offset_bytes: 0,
            cluster_bytes: 512,
            count: u32::try_from(links.len()).unwrap(),
        };
        Table::new(Rc::new(bytes), 0, size, Width::Fat16, heap)
    }

    fn fault(table: &Table, space: &mut Space, first: u32, clusters: u64) -> Option<Fault> {
        let ask = Ask {
            first,
            contiguous: false,
            clusters: Some(clusters),
            clusters_max: 0,
            keep: true,
        };
        claim(table, space, ask).fault
    }

    const END: u16 = 0xFFFF;

    #[test]
    fn chains_that_do_not_fit_their_files_are_told_apart() {
        let table = table(&[3, 4, END, 6, 5, 0, 0xFFF7, 900, END, 10]);
        let space = &mut table.space();
        assert_eq!(fault(&table, space, 2, 3), None);
        assert_eq!(fault(&table, space, 3, 2), Some(Fault::CrossLinked));
        assert_eq!(fault(&table, space, 5, 9), Some(Fault::Loop));
        assert_eq!(fault(&table, space, 7, 2), Some(Fault::Short));
        assert_eq!(fault(&table, space, 8, 2), Some(Fault::Short));
        assert_eq!(fault(&table, space, 9, 2), Some(Fault::Short));
        assert_eq!(fault(&table, space, 11, 1), Some(Fault::Long));
        assert_eq!(fault(&table, space, 0, 1), Some(Fault::Short));
        assert_eq!(fault(&table, space, 12, 1), Some(Fault::Short));
    }

    #[test]
    fn twelve_bit_entries_straddle_bytes() {
        let bytes = vec![0xF8, 0xFF, 0xFF, 0x03, 0x40, 0x00, 0xFF, 0x7F, 0xFF];
        let heap = Heap {
            offset_bytes: 0,
            cluster_bytes: 512,
            count: 4,
        };
        let table = Table::new(Rc::new(bytes), 0, 9, Width::Fat12, heap);
        assert_eq!(table.link(2).unwrap(), Link::Next(3));
        assert_eq!(table.link(3).unwrap(), Link::Next(4));
        assert_eq!(table.link(4).unwrap(), Link::End);
        assert_eq!(table.link(5).unwrap(), Link::Bad);
        assert!(table.link(6).is_err());
        assert!(table.link(1).is_err());
    }

    #[test]
    fn a_chain_becomes_extents_and_ends_where_it_leads_nowhere() {
        let table = table(&[3, 5, END, 6, 0]);
        let extents: Vec<_> = table.chain(2, 100).collect();
        let good: Vec<_> = extents.iter().flatten().copied().collect();
        let extent = |offset, size_bytes| Extent {
            offset_bytes: Some(offset),
            size_bytes,
        };
        assert_eq!(good, [extent(0, 1024), extent(1536, 1024)]);
        let kind = extents[2].as_ref().unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::InvalidData);
        assert_eq!(extents.len(), 3);
    }

    #[test]
    fn a_loop_ends_at_the_clusters_that_the_size_needs() {
        let table = table(&[3, 2]);
        assert_eq!(table.chain(2, 10_000).count(), 5_000);
    }
}
