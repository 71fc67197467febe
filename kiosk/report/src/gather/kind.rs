//! What each kind of entry is called, as the ledger spells it and as people do.

use wire::ledger::Event;

use crate::language::{Text, text};

/// The kind of an entry, as the ledger spells it.
pub(crate) fn name(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "started",
        Event::Stopped {} => "stopped",
        Event::CrashFound { .. } => "crash_found",
        Event::Inserted { .. } => "inserted",
        Event::Judged(_) => "judged",
        Event::Withdrawn { .. } => "withdrawn",
        Event::Removed { .. } => "removed",
        Event::SelfTested(_) => "self_tested",
        Event::Waived(_) => "waived",
        Event::WaiverEnded { .. } => "waiver_ended",
        Event::Mitigated { .. } => "mitigated",
        Event::Interrupted { .. } => "interrupted",
        Event::RulesInstalled(_) => "rules_installed",
        Event::RulesRolledBack(_) => "rules_rolled_back",
        Event::RulesRefused(_) => "rules_refused",
        Event::ListChanged(_) => "list_changed",
        Event::Requested { .. } => "requested",
        Event::RequestClosed(_) => "request_closed",
        Event::Lent(_) => "lent",
        Event::Returned(_) => "returned",
        Event::Enrolling(_) => "enrolling",
        Event::SignedIn(_) => "signed_in",
        Event::SignInRefused(_) => "sign_in_refused",
        Event::SignedOut(_) => "signed_out",
        Event::ClockStepped { .. } => "clock_stepped",
        Event::KeySet(_) => "key_set",
        Event::KeyRetired(_) => "key_retired",
        Event::Cosigned(_) => "cosigned",
        Event::Exported(_) => "exported",
        Event::Reviewed(_) => "reviewed",
        Event::BackedUp(_) => "backed_up",
        Event::Restored(_) => "restored",
        Event::Sealed(_) => "sealed",
    }
}

/// Every kind with its words, in the order of a table.
pub(crate) const WORDS: [(&str, Text); 33] = [
    ("started", text("起動", "kiosk started")),
    ("stopped", text("停止", "kiosk stopped")),
    ("crash_found", text("異常終了の発見", "crash found")),
    ("inserted", text("媒体の挿入", "medium inserted")),
    ("judged", text("判定", "verdict given")),
    ("withdrawn", text("合格の取消し", "PASS withdrawn")),
    ("removed", text("媒体の取外し", "medium removed")),
    ("interrupted", text("検査の中断", "scan interrupted")),
    ("self_tested", text("自己診断", "self-test")),
    ("rules_installed", text("定義の更新", "rules installed")),
    (
        "rules_rolled_back",
        text("定義を前に戻した", "rules rolled back"),
    ),
    ("rules_refused", text("定義の拒否", "rules refused")),
    ("clock_stepped", text("時計のずれ", "clock stepped")),
    ("waived", text("例外の承認", "waiver given")),
    ("waiver_ended", text("例外の終了", "waiver ended")),
    ("mitigated", text("処置の記録", "case closed")),
    ("list_changed", text("台帳・設定の変更", "list changed")),
    ("requested", text("登録の申請", "registration requested")),
    ("request_closed", text("申請への回答", "request answered")),
    ("lent", text("貸出し", "medium lent")),
    ("returned", text("返却", "medium returned")),
    ("enrolling", text("登録の待受け", "waiting to register")),
    ("signed_in", text("利用者の確認", "signed in")),
    (
        "sign_in_refused",
        text("利用者確認の失敗", "sign-in refused"),
    ),
    ("signed_out", text("利用者の退出", "signed out")),
    ("key_set", text("署名鍵の設定", "key set")),
    ("key_retired", text("署名鍵の廃止", "key retired")),
    ("cosigned", text("監査人の副署", "co-signed")),
    ("exported", text("持出し（出力）", "exported")),
    ("reviewed", text("記録の点検", "reviewed")),
    ("backed_up", text("控えの作成", "backed up")),
    ("restored", text("控えからの復元", "restored")),
    ("sealed", text("期間の封印", "period sealed")),
];
