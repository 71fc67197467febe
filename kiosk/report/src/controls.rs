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

/// A clause that was read in its source.
const fn read(
    guide: Text,
    clause: &'static str,
    about: Text,
    sections: &'static [&'static str],
) -> Clause {
    Clause {
        guide,
        clause,
        about,
        read: true,
        sections,
    }
}

/// A clause that is only known at second hand.
const fn recalled(
    guide: Text,
    clause: &'static str,
    about: Text,
    sections: &'static [&'static str],
) -> Clause {
    Clause {
        read: false,
        ..read(guide, clause, about, sections)
    }
}

/// The clauses that a section answers.
pub(crate) fn of(section: &str) -> impl Iterator<Item = &'static Clause> {
    CLAUSES
        .iter()
        .filter(move |clause| clause.sections.contains(&section))
}

const IEC_62443: Text = text("IEC 62443-3-3", "IEC 62443-3-3");
const IEC_62443_2: Text = text("IEC 62443-2-4", "IEC 62443-2-4");
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
    read(
        IEC_62443,
        "SR 1.1",
        text("利用者の識別と認証", "people are identified"),
        &["visits", "signins"],
    ),
    read(
        IEC_62443,
        "SR 2.3",
        text(
            "携帯機器の使用制御",
            "use of portable devices is controlled",
        ),
        &["media", "refusals"],
    ),
    read(
        IEC_62443,
        "SR 2.8",
        text("監査可能な事象", "events are recorded"),
        &[
            "summary", "verdicts", "found", "lists", "signins", "exports", "kinds",
        ],
    ),
    read(
        IEC_62443,
        "SR 2.9",
        text("監査記録の容量", "room for records"),
        &["ledger"],
    ),
    read(
        IEC_62443,
        "SR 2.10",
        text("監査処理の失敗への対応", "response when recording fails"),
        &["running"],
    ),
    recalled(
        IEC_62443,
        "SR 1.11",
        text("認証失敗の制限", "failed sign-ins are limited"),
        &["signins"],
    ),
    recalled(
        IEC_62443,
        "SR 2.1 RE4",
        text("二者の承認", "two people approve"),
        &["waivers"],
    ),
    recalled(IEC_62443, "SR 2.11", text("時刻", "timestamps"), &["clock"]),
    recalled(
        IEC_62443,
        "SR 3.3",
        text("安全機能の検証", "security functions are verified"),
        &["selftests"],
    ),
    recalled(
        IEC_62443,
        "SR 3.9",
        text("監査情報の保護", "records are protected"),
        &["ledger"],
    ),
    recalled(
        IEC_62443,
        "SR 6.1",
        text("監査記録の利用", "records can be had"),
        &["exports"],
    ),
    recalled(
        IEC_62443_2,
        "SP.10",
        text(
            "マルウェア対策の定義の更新",
            "malware definitions are updated",
        ),
        &["rules"],
    ),
    read(
        NIST_1334,
        "",
        text(
            "媒体の製造番号・持込者・目的・検査結果の記録、更新済みの定義",
            "serial, person, purpose and result are logged; updated definitions",
        ),
        &[
            "media", "visits", "verdicts", "found", "refusals", "rules", "lending",
        ],
    ),
    recalled(
        NIST_53,
        "AU-3",
        text("記録の内容", "content of records"),
        &["kinds"],
    ),
    recalled(NIST_53, "AU-8", text("時刻", "time stamps"), &["clock"]),
    recalled(
        NIST_53,
        "AU-9, AU-10",
        text(
            "記録の保護、否認防止",
            "records are protected; non-repudiation",
        ),
        &["ledger"],
    ),
    recalled(
        NIST_53,
        "MA-3(2)",
        text(
            "保守媒体の悪意あるコードの検査",
            "maintenance media are checked for malicious code",
        ),
        &["found", "cases"],
    ),
    recalled(
        CIP,
        "Att. 1 §3.1",
        text(
            "媒体と利用者・場所の許可",
            "media, users and places are authorised",
        ),
        &["media", "visits", "refusals"],
    ),
    recalled(
        CIP,
        "Att. 1 §3.2.1",
        text("使用前の検査", "checked before use"),
        &["verdicts", "gaps"],
    ),
    recalled(
        CIP,
        "Att. 1 §3.2.2",
        text("検出時の処置", "what is found is mitigated"),
        &["found", "cases"],
    ),
    recalled(
        CIP,
        "Att. 1 §3.2",
        text(
            "途中で抜かれた媒体は検査済みとしない",
            "a medium that was pulled out counts as not checked",
        ),
        &["gaps"],
    ),
    recalled(CIP, "Measures", text("証跡", "evidence"), &["summary"]),
    read(
        ISM,
        "ISM-1713",
        text("可搬媒体の登録の一覧", "register of removable media"),
        &["media", "lending"],
    ),
    read(
        ISM,
        "ISM-1359",
        text(
            "可搬媒体の使用規程",
            "policy for the use of removable media",
        ),
        &["refusals"],
    ),
    recalled(
        METI,
        "",
        text(
            "媒体の管理と使用前の検査（条番号は版により確認）",
            "media are managed and checked before use (clause by edition)",
        ),
        &["summary", "media", "verdicts"],
    ),
    recalled(IPA, "", text("記録の保全", "records are kept"), &["ledger"]),
    recalled(
        J_CLICS,
        "",
        text(
            "媒体使用前の検査の点検（○×の自己評価）",
            "self-assessment of checks of media",
        ),
        &["verdicts", "rules"],
    ),
    read(
        NRC,
        "",
        text("14日ごとの記録の点検", "records are reviewed every 14 days"),
        &["reviews"],
    ),
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
