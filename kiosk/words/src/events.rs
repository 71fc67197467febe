//! What the kinds of entries in the ledger are called.

/// Every kind as the ledger spells it, in Japanese and in English, in the order of FORMAT.md.
pub const EVENTS: [(&str, &str, &str); 33] = [
    ("started", "起動", "kiosk started"),
    ("inserted", "媒体の挿入", "medium inserted"),
    ("judged", "判定", "verdict given"),
    ("withdrawn", "合格の取消し", "PASS withdrawn"),
    ("removed", "媒体の取外し", "medium removed"),
    ("interrupted", "検査の中断", "scan interrupted"),
    ("waived", "例外の承認", "waiver given"),
    ("waiver_ended", "例外の終了", "waiver ended"),
    ("mitigated", "処置の記録", "case closed"),
    ("self_tested", "自己診断", "self-test"),
    ("rules_installed", "定義の更新", "rules installed"),
    ("rules_rolled_back", "定義を前に戻した", "rules rolled back"),
    ("rules_refused", "定義の拒否", "rules refused"),
    ("list_changed", "一覧・設定の変更", "list changed"),
    ("requested", "登録の申請", "registration requested"),
    ("request_closed", "申請への回答", "request answered"),
    ("lent", "貸出し", "medium lent"),
    ("returned", "返却", "medium returned"),
    ("enrolling", "登録の待受け", "waiting to register"),
    ("signed_in", "利用者の確認", "signed in"),
    ("sign_in_refused", "利用者確認の失敗", "sign-in refused"),
    ("signed_out", "利用者の退出", "signed out"),
    ("clock_stepped", "時計の変更", "clock stepped"),
    ("stopped", "停止", "kiosk stopped"),
    ("crash_found", "異常終了の発見", "crash found"),
    ("key_set", "署名鍵の設定", "key set"),
    ("key_retired", "署名鍵の廃止", "key retired"),
    ("cosigned", "監査人の連署", "co-signed"),
    ("exported", "書き出し", "exported"),
    ("reviewed", "記録の点検", "reviewed"),
    ("backed_up", "控えの作成", "backed up"),
    ("restored", "控えからの復元", "restored"),
    ("sealed", "期間の封印", "period sealed"),
];

/// What a kind of entry is called in Japanese and in English; `None` for one of a later kiosk.
#[must_use]
pub fn event(name: &str) -> Option<(&'static str, &'static str)> {
    let found = EVENTS.iter().find(|(known, ..)| *known == name);
    found.map(|(_, ja, en)| (*ja, *en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry_has_words() {
        let page = include_str!("../../record/FORMAT.md");
        let keys = page.split("says what happened: ").nth(1).unwrap();
        let keys = keys.split(". Its keys").next().unwrap().split(", ");
        let keys: Vec<&str> = keys.map(|key| key.trim_matches('`')).collect();
        assert_eq!(keys, EVENTS.map(|(name, ..)| name));
        assert_eq!(event("sealed"), Some(("期間の封印", "period sealed")));
        assert_eq!(event("beamed"), None);
    }
}
