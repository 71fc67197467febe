//! Listing the contents of one file record.

use wire::worker::{Locator, Share};
use wire::{Finding, Gap, MediumName, RowKind};

use super::owners::{Claim, bytes, real};
use super::record::Record;
use super::reparse::{Meaning, Reparse};
use super::streams::{Body, Stream, data_streams};
use super::walk::{Ntfs, OWN_RECORDS};
use crate::content::Extent;
use crate::findings::{incomplete, notice};
use crate::number::wide;
use crate::walk::{Content, Folder};

/// Whether a stream of one of the file system's own files is its own, too. Any other is content
/// that somebody put there.
fn is_own_stream(named: &Named<'_>, stream: &Stream) -> bool {
    match (named.name, stream.name.as_slice()) {
        (_, b"") => named.record.number < OWN_RECORDS || stream.size_bytes == 0,
        (b"$BadClus", b"$Bad")
        | (b"$Secure", b"$SDS")
        | (b"$UpCase", b"$Info")
        | (b"$UsnJrnl", b"$J" | b"$Max") => true,
        (_, _) => false,
    }
}

/// File records of the boot code, which is taken before, and of the clusters that are bad.
const BOOT_RECORD: u64 = 7;
const BAD_RECORD: u64 = 8;

/// One name of a file.
struct Named<'a> {
    folder: &'a Folder,
    name: &'a [u8],
    record: &'a Record,
    /// Whether it was listed under another name before, which accounts for its clusters.
    is_again: bool,
}

impl Ntfs<'_, '_> {
    /// Lists the contents of one record.
    pub(crate) fn file(
        &mut self,
        folder: &Folder,
        name: &[u8],
        record: &Record,
        is_own: bool,
        mut findings: Vec<Finding>,
    ) {
        let named = Named {
            folder,
            name,
            record,
            is_again: self.owners.files.take(record.number, 1) == 0,
        };
        if record.is_folder() {
            self.owners.folders.take(record.number, 1);
        }
        let found = data_streams(self.volume, record);
        if let Some(detail) = found.fault {
            self.walk
                .findings
                .incomplete("ntfs_attributes_damaged", detail);
            findings.push(incomplete("ntfs_attributes_damaged", detail));
        }
        if named.is_again {
            let detail = "a further name of a file, which is listed under each";
            findings.push(notice("hard_link", detail));
        } else {
            for number in &found.extensions {
                self.owners.extensions.take(*number, 1);
            }
            if found.is_structure_damaged {
                self.damaged_runs();
            }
            self.structure(&found.structure);
        }
        let mut replaced = None;
        let mut is_link = false;
        if let Some(reparse) = &found.reparse {
            match reparse.meaning {
                Meaning::Link => is_link = true,
                Meaning::Replaced(how) => replaced = Some(how),
            }
            self.reparse(&named, reparse);
        }
        let has_content = found.streams.iter().any(|stream| stream.name.is_empty());
        if !has_content && !is_own && !is_link && !record.is_folder() {
            self.missing(&named);
        }
        for stream in found.streams {
            if is_own && is_own_stream(&named, &stream) {
                self.own_stream(&named, &stream);
                continue;
            }
            if is_link && stream.name.is_empty() && stream.size_bytes == 0 {
                if !named.is_again {
                    self.structure(&stream.extents);
                }
                continue;
            }
            let replaced = replaced.filter(|_| stream.name.is_empty());
            self.stream(&named, stream, replaced, findings.clone());
        }
    }

    fn missing(&mut self, named: &Named<'_>) {
        let detail = "a file has no content attribute, not even an empty one";
        let rule = "ntfs_content_missing";
        self.walk.findings.incomplete(rule, detail);
        let finding = incomplete(rule, detail);
        let (folder, name) = (named.folder, named.name);
        self.walk
            .unchecked(folder, name, RowKind::File, 0, Gap::Damaged, finding);
    }

    /// A link is listed as its own data; what it points to is listed where it is.
    fn reparse(&mut self, named: &Named<'_>, reparse: &Reparse) {
        let mut name = named.name.to_vec();
        name.extend_from_slice(b":$REPARSE_POINT");
        let detail = match reparse.meaning {
            Meaning::Link => "a junction or symbolic link".to_owned(),
            Meaning::Replaced(how) => format!("a reparse point: the content is {how}"),
        };
        let findings = vec![notice("reparse_point", detail)];
        let (data, cut) = MediumName::cut(&reparse.data);
        let size = wide(reparse.data.len());
        if cut || reparse.is_cut {
            let finding = incomplete("reparse_too_long", "the reparse data is too long");
            let kind = RowKind::Stream;
            self.walk
                .unchecked(named.folder, &name, kind, size, Gap::Limit, finding);
        } else {
            let content = Content {
                kind: RowKind::Stream,
                size_bytes: size,
                locator: Locator::Inline(data),
                findings,
                share: Share::default(),
            };
            self.walk.content(named.folder, &name, content);
        }
    }

    /// Clusters of the file system's own, and of what cannot be listed as a content.
    fn structure(&mut self, extents: &[Extent]) -> Claim {
        let claim = self.owners.claim(extents);
        self.faults(claim, &mut Vec::new());
        let extents = real(extents, self.owners.space.end_bytes());
        self.walk.structure_of(&extents, claim.new_bytes);
        claim
    }

    fn own_stream(&mut self, named: &Named<'_>, stream: &Stream) {
        if named.is_again {
            return;
        }
        if stream.body == Body::Damaged {
            self.damaged_runs();
        }
        let number = named.record.number;
        if number == BOOT_RECORD && stream.name.is_empty() {
            // The boot code is taken before; what else this claims to be is matched.
            let claim = self.owners.claim(&stream.extents);
            if claim.new_bytes != 0 {
                let extents = real(&stream.extents, self.owners.space.end_bytes());
                self.walk.structure_of(&extents, claim.new_bytes);
            }
            return;
        }
        self.structure(&stream.extents);
        let bad = bytes(&real(&stream.extents, u64::MAX));
        if number == BAD_RECORD && !stream.name.is_empty() && bad != 0 {
            let detail = format!("{bad} bytes are marked as bad, and were read all the same");
            self.walk.findings.notice("bad_clusters", detail);
        }
    }

    fn damaged_runs(&mut self) -> &'static str {
        let detail = "the pieces of a file do not fit together or are too few";
        self.walk.findings.incomplete("ntfs_runs_damaged", detail);
        detail
    }

    /// Says what claiming clusters showed.
    fn faults(&mut self, claim: Claim, findings: &mut Vec<Finding>) {
        let mut say = |rule, detail| {
            self.walk.findings.incomplete(rule, detail);
            findings.push(incomplete(rule, detail));
        };
        if claim.is_shared {
            say("cross_linked", "a cluster belongs to two files or folders");
        }
        if claim.is_outside {
            say(
                "ntfs_runs_outside",
                "a file has clusters past the end of its volume",
            );
        }
    }

    /// Why a stream is not examined as a content.
    fn obstacle(
        &mut self,
        stream: &Stream,
        replaced: Option<&'static str>,
    ) -> Option<(Gap, &'static str, String)> {
        match (&stream.body, replaced) {
            (Body::Encrypted, _) => Some((
                Gap::Encrypted,
                "ntfs_encrypted",
                "the file is encrypted (EFS)".to_owned(),
            )),
            (Body::Damaged, _) => {
                let detail = self.damaged_runs().to_owned();
                Some((Gap::Damaged, "ntfs_runs_damaged", detail))
            }
            (Body::Resident(_) | Body::Plain | Body::Compressed(_), Some(how)) => {
                let detail = format!("the content is {how}, which is not read");
                Some((Gap::Unsupported, "ntfs_reparse_content", detail))
            }
            (Body::LargeUnits, _) => {
                let detail = "the file is compressed in units that are too large".to_owned();
                Some((Gap::Unsupported, "ntfs_compressed", detail))
            }
            (Body::Resident(_) | Body::Plain | Body::Compressed(_), None) => None,
        }
    }

    fn stream(
        &mut self,
        named: &Named<'_>,
        stream: Stream,
        replaced: Option<&'static str>,
        mut findings: Vec<Finding>,
    ) {
        let mut path = named.name.to_vec();
        let mut kind = RowKind::File;
        if !stream.name.is_empty() {
            path.push(b':');
            path.extend_from_slice(&stream.name);
            kind = RowKind::Stream;
        }
        let size = stream.size_bytes;
        let mut obstacle = self.obstacle(&stream, replaced);
        let (name, cut) = MediumName::cut(&stream.name);
        if cut {
            let detail = "a stream's name is too long".to_owned();
            obstacle = Some((Gap::Limit, "path_too_long", detail));
        }
        if let Some((gap, rule, detail)) = obstacle {
            if !named.is_again {
                self.structure(&stream.extents);
            }
            let finding = incomplete(rule, detail);
            self.walk
                .unchecked(named.folder, &path, kind, size, gap, finding);
            return;
        }
        let share = self.share(named, &stream, &mut findings);
        let content = Content {
            kind,
            size_bytes: size,
            locator: Locator::Record {
                record: named.record.number,
                stream: name,
            },
            findings,
            share,
        };
        self.walk.content(named.folder, &path, content);
    }

    /// What examining a stream accounts for; nothing when it was listed before.
    fn share(&mut self, named: &Named<'_>, stream: &Stream, findings: &mut Vec<Finding>) -> Share {
        let mut share = Share {
            position_bytes: self.position(named.record.number, stream),
            ..Share::default()
        };
        if !named.is_again {
            let claim = self.owners.claim(&stream.extents);
            self.faults(claim, findings);
            share.allocated_bytes = claim.new_bytes;
            // Where all clusters are another's, they are examined with that.
            if claim.new_bytes != 0 {
                share.slack_bytes = bytes(&stream.slack());
            }
        }
        share
    }

    /// Where the first byte of a stream is.
    pub(crate) fn position(&self, record: u64, stream: &Stream) -> u64 {
        let first = stream.extents.iter().find_map(|extent| extent.offset_bytes);
        first.unwrap_or_else(|| self.volume.place(record))
    }
}
