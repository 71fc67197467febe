//! The words of the ledger's own values, in both languages.

use wire::custody::{SignIn, SignInFault};
use wire::list_change::{Change, ListName};
use wire::rule_change::Person;
use wire::scan::TargetKind;
use wire::standing::Mitigation;
use wire::{Gap, ReasonCode, Source, Tier, Title, Verdict};

use crate::language::{Language, Text, text};

/// A verdict with its shape: the word is the constant that the screen shows.
pub(crate) fn verdict(verdict: Verdict, language: Language) -> String {
    let word = match language {
        Language::Ja => verdict.word_ja(),
        Language::En => verdict.word_en(),
    };
    format!("{} {word}", verdict.shape())
}

pub(crate) fn reason(code: ReasonCode) -> Text {
    match code {
        ReasonCode::Matched => text("検査の定義に一致した", "a rule matched"),
        ReasonCode::Policy => text("規定で禁止されたもの", "forbidden by policy"),
        ReasonCode::Unregistered => text("登録されていない媒体", "not registered"),
        ReasonCode::Expired => text("登録の期限切れ", "registration expired"),
        ReasonCode::Revoked => text("登録の取消し", "registration revoked"),
        ReasonCode::NotYetValid => text("まだ有効でない登録", "registration not yet valid"),
        ReasonCode::Lost => text("紛失届のある媒体", "reported lost"),
        ReasonCode::CloneSuspected => text("複製の疑い", "clone suspected"),
        ReasonCode::NotStorage => text("記憶媒体でない機能", "not plain storage"),
        ReasonCode::NoVisit => text("訪問の受付がない", "no visit"),
        ReasonCode::Encrypted
        | ReasonCode::Unreadable
        | ReasonCode::Damaged
        | ReasonCode::Unsupported
        | ReasonCode::Limit
        | ReasonCode::Timeout
        | ReasonCode::Changed
        | ReasonCode::Removed => not_examined(code),
        ReasonCode::RulesMissing => text("検査の定義がない", "no rules"),
        ReasonCode::RulesStale => text("検査の定義が古い", "rules too old"),
        ReasonCode::SelfTestFailed => text("自己診断の失敗", "self-test failed"),
        ReasonCode::LedgerUnavailable => text("記録できなかった", "could not be recorded"),
        ReasonCode::ClockUntrusted => text("時計が信頼できない", "clock not trusted"),
    }
}

/// What the list has against a registered medium, in a word behind its id; `None` when a reason is
/// about something else.
pub(crate) fn registration(code: ReasonCode) -> Option<Text> {
    match code {
        ReasonCode::Expired => Some(text("期限切れ", "expired")),
        ReasonCode::Revoked => Some(text("登録の取消し", "revoked")),
        ReasonCode::NotYetValid => Some(text("まだ有効でない", "not yet valid")),
        ReasonCode::Lost => Some(text("紛失届あり", "reported lost")),
        ReasonCode::NoVisit => Some(text("訪問の受付なし", "no visit")),
        ReasonCode::Matched
        | ReasonCode::Policy
        | ReasonCode::Unregistered
        | ReasonCode::CloneSuspected
        | ReasonCode::NotStorage
        | ReasonCode::Encrypted
        | ReasonCode::Unreadable
        | ReasonCode::Damaged
        | ReasonCode::Unsupported
        | ReasonCode::Limit
        | ReasonCode::Timeout
        | ReasonCode::Changed
        | ReasonCode::Removed
        | ReasonCode::RulesMissing
        | ReasonCode::RulesStale
        | ReasonCode::SelfTestFailed
        | ReasonCode::LedgerUnavailable
        | ReasonCode::ClockUntrusted => None,
    }
}

/// Whether a reason means that something says it is a registered medium and was not taken for it.
pub(crate) fn is_doubted(code: ReasonCode) -> bool {
    matches!(code, ReasonCode::CloneSuspected | ReasonCode::NotStorage)
}

fn not_examined(code: ReasonCode) -> Text {
    let of = |one: &&Gap| ReasonCode::from(**one) == code;
    Gap::ALL
        .iter()
        .find(of)
        .map_or(text("未検査", "not examined"), |one| gap(*one))
}

pub(crate) fn gap(gap: Gap) -> Text {
    match gap {
        Gap::Encrypted => text("暗号化", "encrypted"),
        Gap::Unreadable => text("読取り不能", "unreadable"),
        Gap::Damaged => text("破損", "damaged"),
        Gap::Unsupported => text("対応しない形式", "unsupported"),
        Gap::Limit => text("上限超過", "limit reached"),
        Gap::Timeout => text("時間切れ", "timed out"),
        Gap::Changed => text("検査中の変化", "changed while read"),
        Gap::Removed => text("途中の抜取り", "pulled out"),
    }
}

pub(crate) fn tier(tier: Tier) -> Text {
    match tier {
        Tier::Block => text("使用禁止", "stops"),
        Tier::Incomplete => text("検査未完了", "withholds PASS"),
        Tier::Notice => text("注意", "notice"),
    }
}

pub(crate) fn source(source: Source) -> Text {
    match source {
        Source::Yara => text("YARA定義", "YARA rule"),
        Source::Structure => text("形式の検査", "form of the file"),
        Source::Volume => text("媒体の構造", "structure of the volume"),
        Source::List => text("ハッシュ一覧", "hash list"),
        Source::Clamav => text("ClamAV", "ClamAV"),
    }
}

pub(crate) fn target(kind: TargetKind) -> Text {
    match kind {
        TargetKind::Device => text("USB媒体", "USB medium"),
        TargetKind::Image => text("ディスクイメージ", "disk image"),
        TargetKind::Folder => text("フォルダ", "folder"),
        TargetKind::File => text("ファイル", "file"),
    }
}

pub(crate) fn sign_in_fault(fault: SignInFault) -> Text {
    match fault {
        SignInFault::Unknown => text("該当者なし", "nobody's code"),
        SignInFault::Ended => text("終了した訪問・契約・利用者", "ended"),
        SignInFault::NotYetValid => text("まだ有効でない訪問", "not yet valid"),
        SignInFault::WrongPin => text("暗証番号の誤り", "wrong PIN"),
    }
}

pub(crate) fn list(list: ListName) -> Text {
    match list {
        ListName::Media => text("媒体の一覧", "registered media"),
        ListName::Contractors => text("業者・訪問", "companies and visits"),
        ListName::Accounts => text("職員の利用者", "accounts of staff"),
        ListName::Policy => text("設定（kiosk.toml）", "policy (kiosk.toml)"),
    }
}

pub(crate) fn change(change: Change) -> Text {
    match change {
        Change::Added => text("追加", "added"),
        Change::Edited => text("変更", "edited"),
        Change::Removed => text("削除", "removed"),
    }
}

pub(crate) fn mitigation(action: Mitigation) -> Text {
    match action {
        Mitigation::Kept => text("預かった", "kept"),
        Mitigation::GivenBack => text("返却した", "given back"),
        Mitigation::HandedOver => text("引き渡した", "handed over"),
    }
}

/// Who did it, as the system knows them.
pub(crate) fn person(person: &Person) -> String {
    if let Some(medium) = &person.medium {
        return format!("USB {medium}");
    }
    let own = format!("{} ({})", person.user, person.uid);
    match (person.login_uid, &person.login_user) {
        (Some(login), name) if login != person.uid => {
            format!("{} ({login}) → {own}", name.as_deref().unwrap_or(""))
        }
        (Some(_) | None, _) => own,
    }
}

pub(crate) fn whom(whom: Option<&SignIn>) -> String {
    match whom {
        None => "-".to_owned(),
        Some(SignIn::Staff(name)) => name.clone(),
        Some(SignIn::Visit(visit)) => {
            format!("{} {} ({})", visit.id, visit.person, visit.company)
        }
    }
}

/// What a rule calls itself, or what the table of words calls it.
pub(crate) fn title(rule: &str, own: Option<&Title>, language: Language) -> String {
    let words = words::of(rule);
    let title = match language {
        Language::Ja => own
            .map(|title| title.ja.clone())
            .or(words.map(|words| words.title_ja.to_owned())),
        Language::En => own
            .map(|title| title.en.clone())
            .or(words.map(|words| words.title_en.to_owned())),
    };
    title.unwrap_or_default()
}

/// A number with its thousands apart.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if 0 < place && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The code of a head: its number, then the first 16 hexadecimal digits of its leaf in fours.
pub(crate) fn head_code(head: &wire::ledger::EntryId) -> String {
    format!("{} {}", head.number, head.code())
}

#[cfg(test)]
mod tests {
    use wire::Digest;
    use wire::ledger::EntryId;

    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        let said = [0, 999, 1000, 1_234_567].map(number);
        assert_eq!(said, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn the_code_of_a_head_is_its_number_and_four_groups() {
        let head = EntryId {
            number: 1234,
            leaf_sha256: Digest([0x1a; 32]),
        };
        assert_eq!(head_code(&head), "1234 1a1a 1a1a 1a1a 1a1a");
    }

    #[test]
    fn every_gap_has_the_same_words_as_the_reason_for_it() {
        for one in Gap::ALL {
            assert_eq!(reason(one.into()), gap(one));
        }
    }
}
