//! What keys and values of entries are called, in Japanese and English. What is not here is
//! shown as the ledger has it.

/// The heads of the table of rows.
pub(super) const ROWS_HEAD: &str = "<table class=\"rows\">\n<tr><th>結果 <span class=\"en\">outcome</span></th>\
<th>名前 <span class=\"en\">name</span></th><th>バイト <span class=\"en\">bytes</span></th><th>SHA-256</th>\
<th>検出 <span class=\"en\">findings</span></th></tr>\n";

/// Keys of entries, in the order in which people want them.
const KEYS: [(&str, &str, &str); 56] = [
    ("number", "番号", "number"),
    ("recorded_utc", "時刻 (UTC)", "time (UTC)"),
    ("event", "出来事", "event"),
    ("verdict", "答え", "verdict"),
    ("reasons", "理由", "reasons"),
    ("code", "種類", "code"),
    ("count", "数", "count"),
    ("insertion", "挿入の記録", "entry of the insertion"),
    ("medium", "登録された媒体", "registered medium"),
    ("visit", "訪問", "visit"),
    ("person", "人", "person"),
    ("company", "会社", "company"),
    ("occasion", "機会", "occasion"),
    ("way", "向き", "way"),
    ("target", "対象", "target"),
    ("kind", "種類", "kind"),
    ("name", "名前", "name"),
    ("size_bytes", "大きさ (バイト)", "size (bytes)"),
    ("claim", "媒体の名乗り", "what the medium says of itself"),
    ("vid", "ベンダー ID", "vendor id"),
    ("pid", "製品 ID", "product id"),
    ("serial", "製造番号", "serial number"),
    ("manufacturer", "メーカー", "manufacturer"),
    ("product", "製品", "product"),
    ("interfaces", "機能", "interfaces"),
    ("capacity_bytes", "容量 (バイト)", "capacity (bytes)"),
    ("refused", "拒否の理由", "why it was refused"),
    ("action", "処置", "action"),
    ("reason", "理由", "reason"),
    ("until", "いつまで", "until"),
    ("by", "した人", "by"),
    ("user", "利用者", "user"),
    ("uid", "利用者番号", "uid"),
    ("login_user", "ログインした人", "who logged in"),
    ("login_uid", "その番号", "uid that logged in"),
    ("started", "検査の始まり", "scan began"),
    ("finished", "検査の終わり", "scan ended"),
    ("fault", "故障", "fault"),
    ("rules", "検査ルール", "rules"),
    ("bundle", "ルールの組", "bundle of rules"),
    ("version", "版", "version"),
    ("issued", "発行日", "issued"),
    ("expires", "期限", "expires"),
    ("age_days", "古さ (日)", "age (days)"),
    ("sha256", "SHA-256", "SHA-256"),
    ("engines", "ほかの検査エンジン", "other engines"),
    ("volumes", "ボリューム", "volumes"),
    ("totals", "合計", "totals"),
    ("rows", "行の数", "rows"),
    ("rows_sha256", "行の SHA-256", "SHA-256 of the rows"),
    ("kiosk", "キオスクの版", "version of the kiosk"),
    ("host", "機械", "machine"),
    ("boot_id", "起動の ID", "id of the boot"),
    (
        "boottime_ns",
        "起動からの時間 (ns)",
        "time since the boot (ns)",
    ),
    ("previous", "前の記録のハッシュ", "leaf of the entry before"),
    ("format", "形式", "format"),
];

/// Values that people know by another word.
const VALUES: [(&str, &str); 9] = [
    ("pass", "合格 / PASS"),
    ("stop", "使用禁止 / STOP"),
    ("incomplete", "検査未完了 / NOT FINISHED"),
    ("kept", "預かり / kept"),
    ("given_back", "返却 / given back"),
    ("handed_over", "引き渡し / handed over"),
    ("unregistered", "未登録 / unregistered"),
    ("matched", "検出 / matched"),
    ("encrypted", "暗号化 / encrypted"),
];

fn find<'a>(table: &[(&str, &'a str, &'a str)], key: &str) -> Option<(&'a str, &'a str)> {
    let found = table.iter().find(|(name, ..)| *name == key);
    found.map(|(_, ja, en)| (*ja, *en))
}

/// What a kind of event is called.
pub(super) fn event(name: &str) -> (&str, &str) {
    words::event(name).unwrap_or((name, name))
}

/// What the way to a value is called. Outside of an event's own values `event` says nothing.
pub(super) fn path(keys: &[String]) -> (String, String) {
    let inner = match keys {
        [first, rest @ ..] if first == "event" && !rest.is_empty() => rest,
        all => all,
    };
    let words: Vec<(&str, &str)> = inner
        .iter()
        .map(|key| find(&KEYS, key).unwrap_or((key, key)))
        .collect();
    let (ja, en): (Vec<&str>, Vec<&str>) = words.into_iter().unzip();
    (ja.join("・"), en.join(", "))
}

/// Where a key stands among the others: those without a word last.
pub(super) fn place(key: &str) -> usize {
    let place = KEYS.iter().position(|(name, ..)| *name == key);
    place.unwrap_or(KEYS.len())
}

/// What a value is called, when its key has words for values: a file may be called `pass`.
pub(super) fn value(key: &str, text: &str) -> Option<&'static str> {
    if !matches!(key, "verdict" | "action" | "code") {
        return None;
    }
    let found = VALUES.iter().find(|(name, _)| *name == text);
    found.map(|(_, words)| *words)
}
