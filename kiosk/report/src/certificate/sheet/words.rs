//! What the sheet is worth, and what it is not: only what is true of what was scanned, and where.

use wire::Verdict;
use wire::scan::TargetKind;

use super::super::{Certificate, Origin};
use crate::about::About;
use crate::language::{Language, Text, text};

/// What decides the sheet's words.
#[derive(Clone, Copy)]
pub(super) struct Sheet {
    origin: Origin,
    kind: TargetKind,
    passed: bool,
    /// The ledger is as it was written, and everything after the verdict could be read.
    holds: bool,
}

impl Sheet {
    pub(super) fn of(certificate: &Certificate, about: &About) -> Self {
        Self {
            origin: certificate.origin,
            kind: certificate.judged.target.kind,
            passed: certificate.verdict() == Verdict::Pass,
            holds: about.seal.state.holds() && !certificate.is_later_unreadable,
        }
    }

    /// Whether a PASS on the sheet is one that stands in a ledger that holds.
    pub(super) fn is_proved(self) -> bool {
        match self.origin {
            Origin::Checkpoint | Origin::ByHand => self.holds,
            Origin::Unknown => false,
        }
    }

    /// Only a PASS of the checkpoint that is proved is a certificate.
    pub(super) fn title(self, language: Language) -> &'static str {
        match (self.origin, self.passed, self.holds) {
            (Origin::ByHand, ..) => text("手動検査の結果", "Result of a scan by hand"),
            (Origin::Checkpoint, true, true) => {
                text("媒体検査証明書", "Certificate of examination")
            }
            (Origin::Checkpoint | Origin::Unknown, true, _) => text(
                "媒体検査結果書（証明にならない）",
                "Result of examination (proves nothing)",
            ),
            (Origin::Checkpoint | Origin::Unknown, false, _) => text(
                "媒体検査結果書（合格ではない）",
                "Result of examination (not a PASS)",
            ),
        }
        .say(language)
    }

    /// What the sheet says.
    pub(super) fn says(self, language: Language) -> String {
        if !self.holds {
            let unproven = text(
                "台帳が書かれたままと確かめられないため、この書面は何も証明しない。",
                "Nothing: the ledger could not be seen to be as it was written.",
            );
            return unproven.say(language).to_owned();
        }
        let place = match self.origin {
            Origin::Checkpoint => text("", ""),
            Origin::ByHand => text(
                "検査所での検査ではなく、持ち込みの許可ではない。",
                " It was not at the kiosk, and is no leave to bring anything in.",
            ),
            Origin::Unknown => text(
                "検査所での検査かどうかは分からない。",
                " Whether it was at the kiosk is not known.",
            ),
        };
        let what = if self.passed {
            self.examined()
        } else {
            self.stopped()
        };
        let recorded = text(
            "その結果は台帳に上の番号で記録されている。",
            " The ledger has it under the number above.",
        );
        [what, place, recorded]
            .map(|one| one.say(language))
            .concat()
    }

    /// What a PASS rests on.
    fn examined(self) -> Text {
        match (self.origin, self.kind) {
            (_, TargetKind::Folder) => text(
                "上のフォルダで見つけたすべてのファイルを、上の時刻に、上の定義で調べ、既知の脅威が見つからなかった。",
                "At the time above, every file that was found in the folder above was examined with the rules above, and nothing known to be bad was found.",
            ),
            (_, TargetKind::File) => text(
                "上のファイルのすべての内容を、上の時刻に、上の定義で調べ、既知の脅威が見つからなかった。",
                "At the time above, the whole content of the file above was examined with the rules above, and nothing known to be bad was found.",
            ),
            (Origin::ByHand, TargetKind::Image) => text(
                "上のディスクイメージのすべての割当て領域を、上の時刻に、上の定義で調べ、既知の脅威が見つからなかった。",
                "At the time above, every allocated byte of the disk image above was examined with the rules above, and nothing known to be bad was found.",
            ),
            (Origin::Checkpoint | Origin::Unknown, TargetKind::Image) | (_, TargetKind::Device) => {
                text(
                    "上の媒体のすべての割当て領域を、上の時刻に、上の定義で調べ、既知の脅威が見つからなかった。",
                    "At the time above, every allocated byte of the medium above was examined with the rules above, and nothing known to be bad was found.",
                )
            }
        }
    }

    fn stopped(self) -> Text {
        match self.origin {
            Origin::Checkpoint => text(
                "上の媒体は合格していない。理由は判定の下にある。",
                "The medium above did not pass, for the reasons under the verdict.",
            ),
            Origin::ByHand | Origin::Unknown => text(
                "上のものは合格していない。理由は判定の下にある。",
                "What is named above did not pass, for the reasons under the verdict.",
            ),
        }
    }

    /// What the sheet does not say.
    pub(super) fn silent(self, language: Language) -> String {
        let always = text(
            "ファイルが無害であること。未知の脅威がないこと。検査の後に内容が変わっていないこと。",
            "That a file is harmless; that there is no unknown threat; that nothing was changed after the examination",
        );
        let part = match self.kind {
            TargetKind::Folder | TargetKind::File => text(
                "それがあった媒体のほかの部分に何もないこと。",
                "; that there is nothing elsewhere on the medium where it was",
            ),
            TargetKind::Image | TargetKind::Device => text("", ""),
        };
        let more = match self.origin {
            Origin::Checkpoint | Origin::Unknown => text(
                "検査装置にだけ別の内容を見せる媒体でないこと。",
                "; that the medium shows the same content elsewhere.",
            ),
            Origin::ByHand => text(
                "検査所に挿入された媒体であること。登録された媒体であること。",
                "; that it is a medium which was inserted at the kiosk, or a registered one.",
            ),
        };
        [always, part, more].map(|one| one.say(language)).concat()
    }

    /// Who signs by hand.
    pub(super) fn signed(self, language: Language) -> [&'static str; 2] {
        let second = match self.origin {
            Origin::Checkpoint | Origin::Unknown => text("受領", "Received by"),
            Origin::ByHand => text("確認", "Checked by"),
        };
        [
            text("検査担当", "Examined by").say(language),
            second.say(language),
        ]
    }
}
