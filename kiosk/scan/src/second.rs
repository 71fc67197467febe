//! A second engine, as a worker sees it: a content is laid out, and an opinion comes back.

use std::fs::File;
use std::os::unix::fs::FileExt;

use jail::channel::Channel;
use wire::consult::{Asked, Consultation, Opinion};
use wire::frame;
use wire::worker::Answer;
use wire::{Finding, Gap, RowKind, Source, Tier};

use crate::content::Bytes;

/// Where a worker asks.
pub(crate) struct Second<'s> {
    pub(crate) channel: &'s Channel,
    /// What the engine is shown; a content on the spool stays there.
    pub(crate) desk: &'s File,
    pub(crate) consultation: Consultation,
}

/// What came of asking.
#[must_use]
pub(crate) enum Asking {
    /// There is nothing to wait for.
    Not,
    /// The answer is on its way.
    Waits,
    /// The content could not be laid out.
    Failed,
}

impl Second<'_> {
    /// Asks about a content, unless there is nothing in it, or it is a member and those are not
    /// asked about. The answer must be heard before anything else is asked.
    pub(crate) fn ask(&self, kind: RowKind, bytes: &Bytes<'_>) -> Asking {
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let left_out = kind == RowKind::Member && !self.consultation.members;
        if size_bytes == 0 || left_out {
            return Asking::Not;
        }
        let spooled = bytes.is_spooled();
        if !spooled && self.lay_out(bytes).is_err() {
            return Asking::Failed;
        }
        let asked = Asked {
            spooled,
            size_bytes,
        };
        let packet = frame::encode(&Answer::Consult(asked));
        let sent = packet.is_ok_and(|packet| self.channel.send(&packet, &[]).is_ok());
        // Without its supervisor a worker must not go on.
        assert!(sent, "the supervisor is gone");
        Asking::Waits
    }

    /// Waits for the answer to what was asked.
    pub(crate) fn hear(&self, asking: Asking) -> (Option<Finding>, Option<Gap>) {
        match asking {
            Asking::Not => (None, None),
            Asking::Failed => {
                let why = "the content does not fit where the second engine would see it";
                let (source, tier) = (Source::Clamav, Tier::Incomplete);
                let finding = Finding::own("clamav_failed", source, tier, why);
                (Some(finding), Some(Gap::Limit))
            }
            Asking::Waits => {
                let packet = self.channel.receive();
                let opinion = packet.ok().flatten();
                let opinion =
                    opinion.and_then(|packet| frame::decode::<Opinion>(&packet.bytes).ok());
                assert!(opinion.is_some(), "the supervisor sent no opinion");
                opinion.map_or((None, Some(Gap::Damaged)), |opinion| {
                    (opinion.finding, opinion.gap)
                })
            }
        }
    }

    fn lay_out(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.desk.set_len(0)?;
        self.desk.write_all_at(bytes, 0)
    }
}
