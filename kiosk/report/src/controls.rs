//! Which clause of which guide a table answers.
//!
//! A clause that was read in its source is `read`; one that is only known at second hand is not,
//! and the page marks it: whoever files the page checks it against the edition that binds them.

use crate::language::{Language, Text, text};

/// A clause of a guide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clause {
    pub(crate) guide: Text,
    pub(crate) clause: &'static str,
    /// What it asks for, in a few words.
    pub(crate) about: Text,
    /// Whether it was read in its source.
    pub(crate) read: bool,
    /// The sections that answer it.
    pub(crate) sections: &'static [&'static str],
}

impl Clause {
    /// As a page names it, with its mark.
    pub(crate) fn named(&self, language: Language) -> String {
        let guide = self.guide.say(language);
        let mark = match (self.read, language) {
            (true, _) => "",
            (false, Language::Ja) => "［要確認］",
            (false, Language::En) => " [to be checked]",
        };
        if self.clause.is_empty() {
            format!("{guide}{mark}")
        } else {
            format!("{guide} {}{mark}", self.clause)
        }
    }
}

/// The clauses that a section answers.
pub(crate) fn of(section: &str) -> impl Iterator<Item = &'static Clause> {
    CLAUSES
        .iter()
        .filter(move |clause| clause.sections.contains(&section))
}

const IEC_62443: Text = text("IEC 62443-3-3", "IEC 62443-3-3");
const NIST_1334: Text = text("NIST SP 1334", "NIST SP 1334");
const NIST_53: Text = text("NIST SP 800-53", "NIST SP 800-53");
const CIP: Text = text("NERC CIP-010-4 R4", "NERC CIP-010-4 R4");
const ISM: Text = text("豪州ISM", "Australian ISM");
const METI: Text = text(
    "経済産業省 自家用電気工作物サイバーセキュリティガイドライン",
    "METI guideline for private electric facilities (Japan)",
);
const IPA: Text = text(
    "IPA 4-5（記録の保全）",
    "IPA 4-5 (keeping of records, Japan)",
);
const J_CLICS: Text = text("J-CLICS", "J-CLICS (Japan)");
const NRC: Text = text(
    "NEI 18-08（NRC ML19081A048）",
    "NEI 18-08 (NRC ML19081A048)",
);

/// Every clause, in the order in which the page lists them.
pub(crate) const CLAUSES: [Clause; 28] = [
    Clause {
        guide: IEC_62443,
        clause: "SR 1.1",
        about: text("利用者の識別と認証", "people are identified"),
        read: true,
        sections: &["visits", "signins"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 2.3",
        about: text(
            "携帯機器の使用制御",
            "use of portable devices is controlled",
        ),
        read: true,
        sections: &["media", "refusals"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 2.8",
        about: text("監査可能な事象", "events are recorded"),
        read: true,
        sections: &[
            "summary", "verdicts", "found", "lists", "signins", "exports", "kinds",
        ],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 2.9",
        about: text("監査記録の容量", "room for records"),
        read: true,
        sections: &["ledger"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 2.10",
        about: text("監査処理の失敗への対応", "response when recording fails"),
        read: true,
        sections: &["running"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 1.11",
        about: text("認証失敗の制限", "failed sign-ins are limited"),
        read: false,
        sections: &["signins"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 2.1 RE4",
        about: text("二者の承認", "two people approve"),
        read: false,
        sections: &["waivers"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 2.11",
        about: text("時刻", "timestamps"),
        read: false,
        sections: &["clock"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 3.3",
        about: text("安全機能の検証", "security functions are verified"),
        read: false,
        sections: &["selftests"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 3.9",
        about: text("監査情報の保護", "records are protected"),
        read: false,
        sections: &["ledger"],
    },
    Clause {
        guide: IEC_62443,
        clause: "SR 6.1",
        about: text("監査記録の利用", "records can be had"),
        read: false,
        sections: &["exports"],
    },
    Clause {
        guide: NIST_1334,
        clause: "",
        about: text(
            "媒体の製造番号・持込者・目的・検査結果の記録、更新済みの定義",
            "serial, person, purpose and result are logged; updated definitions",
        ),
        read: true,
        sections: &[
            "media", "visits", "verdicts", "found", "refusals", "rules", "lending",
        ],
    },
    Clause {
        guide: NIST_53,
        clause: "AU-3",
        about: text("記録の内容", "content of records"),
        read: false,
        sections: &["kinds"],
    },
    Clause {
        guide: NIST_53,
        clause: "AU-8",
        about: text("時刻", "time stamps"),
        read: false,
        sections: &["clock"],
    },
    Clause {
        guide: NIST_53,
        clause: "AU-9, AU-10",
        about: text(
            "記録の保護、否認防止",
            "records are protected; non-repudiation",
        ),
        read: false,
        sections: &["ledger"],
    },
    Clause {
        guide: NIST_53,
        clause: "MA-3(2)",
        about: text(
            "保守媒体の悪意あるコードの検査",
            "maintenance media are checked for malicious code",
        ),
        read: false,
        sections: &["found", "cases"],
    },
    Clause {
        guide: CIP,
        clause: "Att. 1 §3.1",
        about: text(
            "媒体と利用者・場所の許可",
            "media, users and places are authorised",
        ),
        read: false,
        sections: &["media", "visits", "refusals"],
    },
    Clause {
        guide: CIP,
        clause: "Att. 1 §3.2.1",
        about: text("使用前の検査", "checked before use"),
        read: false,
        sections: &["verdicts", "gaps"],
    },
    Clause {
        guide: CIP,
        clause: "Att. 1 §3.2.2",
        about: text("検出時の処置", "what is found is mitigated"),
        read: false,
        sections: &["found", "cases"],
    },
    Clause {
        guide: CIP,
        clause: "Measures",
        about: text("証跡", "evidence"),
        read: false,
        sections: &["summary"],
    },
    Clause {
        guide: ISM,
        clause: "ISM-1713",
        about: text("可搬媒体の台帳", "register of removable media"),
        read: true,
        sections: &["media", "lending"],
    },
    Clause {
        guide: ISM,
        clause: "ISM-1359",
        about: text(
            "可搬媒体の使用規程",
            "policy for the use of removable media",
        ),
        read: true,
        sections: &["refusals"],
    },
    Clause {
        guide: METI,
        clause: "",
        about: text(
            "媒体の管理と使用前の検査（条番号は版により確認）",
            "media are managed and checked before use (clause by edition)",
        ),
        read: false,
        sections: &["summary", "media", "verdicts"],
    },
    Clause {
        guide: IPA,
        clause: "",
        about: text("記録の保全", "records are kept"),
        read: false,
        sections: &["ledger"],
    },
    Clause {
        guide: J_CLICS,
        clause: "",
        about: text(
            "媒体使用前の検査の点検（○×の自己評価）",
            "self-assessment of checks of media",
        ),
        read: false,
        sections: &["verdicts", "rules"],
    },
    Clause {
        guide: NRC,
        clause: "",
        about: text("14日ごとの記録の点検", "records are reviewed every 14 days"),
        read: true,
        sections: &["reviews"],
    },
    Clause {
        guide: text("IEC 62443-2-4", "IEC 62443-2-4"),
        clause: "SP.10",
        about: text(
            "マルウェア対策の定義の更新",
            "malware definitions are updated",
        ),
        read: false,
        sections: &["rules"],
    },
    Clause {
        guide: CIP,
        clause: "Att. 1 §3.2",
        about: text(
            "途中で抜かれた媒体は検査済みとしない",
            "a medium that was pulled out counts as not checked",
        ),
        read: false,
        sections: &["gaps"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::SECTIONS;

    #[test]
    fn every_clause_names_sections_that_there_are_and_every_section_answers_one() {
        for clause in &CLAUSES {
            assert!(!clause.sections.is_empty(), "{}", clause.clause);
            for section in clause.sections {
                assert!(SECTIONS.contains(section), "{section}");
            }
        }
        for section in SECTIONS.iter().filter(|section| **section != "controls") {
            assert!(of(section).next().is_some(), "{section}");
        }
    }

    #[test]
    fn a_clause_that_was_not_read_in_its_source_is_marked() {
        let named = |clause: &str, language| {
            let found = CLAUSES.iter().find(|one| one.clause == clause);
            found.unwrap().named(language)
        };
        assert_eq!(named("SR 2.8", Language::Ja), "IEC 62443-3-3 SR 2.8");
        assert!(named("AU-8", Language::Ja).ends_with("［要確認］"));
        assert!(named("AU-8", Language::En).ends_with("[to be checked]"));
    }
}
