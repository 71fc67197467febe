//! What one inode owns: its blocks, the nodes that lead to them, its extended attributes.

use wire::Finding;

use super::content::Slack;
use super::inode::{Inode, flag};
use super::runs::{Fault, Run, Runs};
use super::superblock::{incompatible, read_only};
use super::walk::Ext;
use crate::findings::incomplete;
use crate::number::u32_at;

/// The reserved inodes that hold structures: bad blocks, quotas, room for group descriptors and
/// the journal.
pub(super) const STRUCTURE_INODES: [u32; 5] = [1, 3, 4, 7, 8];

/// The one with room for group descriptors.
const RESIZE_INODE: u32 = 7;

/// The one with blocks that cannot be used.
const BAD_BLOCKS_INODE: u32 = 1;

/// The blocks of one inode.
#[derive(Default)]
pub(super) struct Claim {
    /// Where they are; empty unless they were asked for.
    pub(super) runs: Vec<Run>,
    /// Bytes that nobody had before.
    pub(super) new_bytes: u64,
    /// Bytes that are not its content.
    pub(super) slack_bytes: u64,
    /// Its first byte on the volume.
    pub(super) position_bytes: u64,
    /// What is wrong with them.
    pub(super) findings: Vec<Finding>,
}

/// Whose blocks they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A file's.
    Content,
    /// A folder's, a link's or the volume's own.
    Structure,
}

impl Ext<'_, '_> {
    /// Something that is wrong with one inode and keeps the medium from PASS.
    pub(super) fn wrong(&mut self, findings: &mut Vec<Finding>, rule: &str, detail: &str) {
        self.walk.findings.incomplete(rule, detail);
        findings.push(incomplete(rule, detail));
    }

    /// Takes everything that an inode owns.
    pub(super) fn claim(&mut self, inode: &Inode, whose: Use) -> Claim {
        let mut claim = Claim::default();
        if !inode.is_right {
            let detail = "its inode has a wrong checksum";
            self.wrong(&mut claim.findings, "ext_checksum", detail);
        }
        let own = self.follow(inode, whose, &mut claim);
        let attributes = self.attributes(inode, &mut claim.findings);
        let superblock = &self.system.superblock;
        let huge = superblock.has_read_only(read_only::HUGE_FILE);
        let counted = inode.counted_bytes(superblock, huge);
        let own = own.saturating_add(attributes);
        // Attributes in inodes of their own count with the inode that they belong to.
        let may_be_more = superblock.needs(incompatible::EA_INODE);
        let is_right = own == counted || may_be_more && own < counted;
        if claim.findings.is_empty() && !is_right {
            let detail = "its blocks are not as many as its inode counts";
            self.wrong(&mut claim.findings, "ext_block_count", detail);
        }
        claim
    }

    /// Follows the block map, and gives the bytes of all clusters that it names.
    fn follow(&mut self, inode: &Inode, whose: Use, claim: &mut Claim) -> u64 {
        let system = self.system;
        let unit_bytes = self.space.unit_bytes;
        let size = system.size_of(inode);
        let mut runs = Runs::new(system, inode);
        let mut slack = Slack::new(system, size);
        let mut nodes = Vec::new();
        let mut own_units = 0_u64;
        let mut last_unit = None;
        loop {
            let space = &mut self.space;
            let step = runs.step(&mut |block| {
                let offset = system.superblock.offset(block);
                let unit = offset.checked_div(unit_bytes).unwrap_or(0);
                let is_new = space.take(unit, 1) == 1;
                if is_new {
                    nodes.push(unit);
                }
                is_new
            });
            for unit in nodes.drain(..) {
                own_units = own_units.saturating_add(1);
                let extent = self.space.extent((unit, 1));
                self.walk.structure_of(&[extent], unit_bytes);
            }
            match step {
                None => break,
                Some(Ok(run)) => {
                    self.check_end(inode, whose, run, claim);
                    let units = self.take_run(run, &mut last_unit, claim, whose);
                    own_units = own_units.saturating_add(units);
                    let bytes = slack.of(run).into_iter().map(|extent| extent.size_bytes);
                    claim.slack_bytes = bytes.fold(claim.slack_bytes, u64::saturating_add);
                }
                Some(Err(Fault::Checksum)) => {
                    let detail = Fault::Checksum.detail();
                    self.wrong_once(&mut claim.findings, "ext_checksum", &detail);
                }
                Some(Err(fault)) => {
                    self.wrong_once(&mut claim.findings, "ext_map_damaged", &fault.detail());
                }
            }
        }
        let bytes = slack.last().map_or(0, |extent| extent.size_bytes);
        claim.slack_bytes = claim.slack_bytes.saturating_add(bytes);
        own_units.saturating_mul(unit_bytes)
    }

    /// Blocks are written past the end of a file only by those that end it with its checksums,
    /// and while it is being cut, which the end of the journal may have kept from being done.
    fn check_end(&mut self, inode: &Inode, whose: Use, run: Run, claim: &mut Claim) {
        let last = run.logical.saturating_add(run.count).saturating_sub(1);
        let is_past = self.system.size_of(inode) < self.system.superblock.offset(last);
        let may_be = run.unwritten
            || inode.has(flag::VERITY)
            || whose == Use::Structure
            || self.system.replay.was_asked_for;
        if is_past && !may_be {
            let detail = "blocks of it lie past its end";
            self.wrong_once(&mut claim.findings, "ext_blocks_past_end", detail);
        }
    }

    /// The same as [`Ext::wrong`], for what may be wrong a million times with one inode.
    fn wrong_once(&mut self, findings: &mut Vec<Finding>, rule: &str, detail: &str) {
        if !findings.iter().any(|finding| finding.rule == rule) {
            self.wrong(findings, rule, detail);
        }
    }

    /// Takes one run, and gives how many units it adds to its inode.
    fn take_run(
        &mut self,
        run: Run,
        last_unit: &mut Option<u64>,
        claim: &mut Claim,
        whose: Use,
    ) -> u64 {
        let extent = self.extent(run.physical, run.count);
        let unit_bytes = self.space.unit_bytes;
        let offset = extent.offset_bytes.unwrap_or(0);
        let first = offset.checked_div(unit_bytes).unwrap_or(0);
        let end = offset
            .saturating_add(extent.size_bytes)
            .div_ceil(unit_bytes);
        // Runs of one content may lie in the same cluster.
        let met = u64::from(*last_unit == Some(first));
        let units = end.saturating_sub(first).saturating_sub(met);
        *last_unit = end.checked_sub(1);
        let new = self.space.take_extent(&extent);
        let shares = self
            .system
            .superblock
            .has_read_only(read_only::SHARED_BLOCKS);
        if new < units.saturating_mul(unit_bytes) && !shares {
            let detail = "a block belongs to two files, folders or structures";
            self.wrong_once(&mut claim.findings, "cross_linked", detail);
        }
        if claim.new_bytes == 0 && claim.position_bytes == 0 {
            claim.position_bytes = offset;
        }
        claim.new_bytes = claim.new_bytes.saturating_add(new);
        if whose == Use::Structure && new != 0 {
            let units = end.saturating_sub(first);
            let whole = self.space.extent((first, units));
            self.walk.structure_of(&[whole], new);
            claim.runs.push(run);
        }
        units
    }

    /// Takes the block of extended attributes, which inodes may share, and gives its bytes.
    fn attributes(&mut self, inode: &Inode, findings: &mut Vec<Finding>) -> u64 {
        let system = self.system;
        let superblock = &system.superblock;
        let block = inode.attribute_block(superblock.needs(incompatible::IS_64BIT));
        if block == 0 {
            return 0;
        }
        let bytes = self.space.unit_bytes;
        if self.attribute_blocks.contains(&block) {
            return bytes;
        }
        let rule = "ext_attributes_damaged";
        if !superblock.holds(block, 1) {
            let detail = "its extended attributes lie outside the volume";
            self.wrong(findings, rule, detail);
            return 0;
        }
        let unit = superblock.offset(block).checked_div(bytes).unwrap_or(0);
        if self.space.take(unit, 1) == 0 {
            let detail = "its extended attributes belong to something else, too";
            self.wrong(findings, rule, detail);
            return bytes;
        }
        self.attribute_blocks.insert(block);
        let extent = self.space.extent((unit, 1));
        self.walk.structure_of(&[extent], bytes);
        match system.block(block) {
            Ok(raw) if u32_at(&raw, 0) != 0xEA02_0000 => {
                let detail = "its block of extended attributes is none";
                self.wrong(findings, rule, detail);
            }
            Ok(raw) => {
                let piece = |from: usize, to: usize| raw.get(from..to).unwrap_or_default();
                let seed = superblock.seed(&system.crc);
                let is_right = seed.is_none_or(|seed| {
                    let number = block.to_le_bytes();
                    let pieces = [&number, piece(0, 16), &[0; 4], piece(20, raw.len())];
                    system.crc.sum_of(seed, &pieces) == u32_at(&raw, 16)
                });
                if !is_right {
                    let detail = "its block of extended attributes has a wrong checksum";
                    self.wrong(findings, "ext_checksum", detail);
                }
            }
            Err(error) => {
                let detail = format!("its extended attributes cannot be read: {error}");
                self.wrong(findings, rule, &detail);
            }
        }
        bytes
    }

    /// Takes the blocks of the inodes that hold structures.
    pub(super) fn take_structure_inodes(&mut self) {
        let own = self.system.superblock.structure_inodes();
        for number in STRUCTURE_INODES.into_iter().chain(own) {
            let index = u64::from(number).wrapping_sub(1);
            if number == 0 || self.inodes.take(index, 1) == 0 {
                continue;
            }
            let Ok(inode) = self.system.inode(number) else {
                continue;
            };
            if number == RESIZE_INODE {
                self.take_reserve(&inode);
                continue;
            }
            let claim = self.claim_reserved(&inode);
            if number == BAD_BLOCKS_INODE && claim.new_bytes != 0 {
                let detail = format!("{} bytes in blocks marked as bad", claim.new_bytes);
                self.walk.findings.notice("ext_bad_blocks", detail);
            }
        }
    }

    fn claim_reserved(&mut self, inode: &Inode) -> Claim {
        let mut claim = Claim::default();
        if !inode.is_right && inode.mode() != 0 {
            let detail = format!("inode {} has a wrong checksum", inode.number);
            self.wrong(&mut claim.findings, "ext_checksum", &detail);
        }
        self.follow(inode, Use::Structure, &mut claim);
        claim
    }

    /// Room for group descriptors: one list leads to blocks that lie with the descriptors, and
    /// have been taken with them.
    fn take_reserve(&mut self, inode: &Inode) {
        let list = u32_at(&inode.root(), 13_usize.saturating_mul(4));
        if list != 0 && self.system.superblock.holds(u64::from(list), 1) {
            self.take_blocks(u64::from(list), 1);
        }
    }
}
