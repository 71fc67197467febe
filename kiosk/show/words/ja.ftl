# 画面の言葉（日本語）。en.ftl と同じ鍵・同じ変数を持つこと。短く、です・ます で書く。
# 三つの結果の言葉はここには無い。それらは翻訳ではなく定数である。

## 上の行
header-rules = 定義
header-rules-none = 定義なし
header-rules-update = 要更新
age-days = { $days ->
    [0] 今日
   *[other] { $days }日前
}
age-unknown = 日付不明
status-starting = 準備中
status-testing = 自己診断
status-idle = 受付中
status-visit = 訪問番号待ち
status-checking = 確認中
status-scanning = 検査中
status-recording = 記録中
status-result = 結果
status-removed = 抜き取り済
status-lanes = 使用中
status-out = 停止中
status-lost = 応答なし

## 下の行
footer-help = 困ったときは 係員を呼んでください
bay-trial = 試用
bay-insert = 挿す
bay-pull = 抜く
bay-quit = 終了
bay-inserted = { $number } を挿しました
bay-pulled = 抜きました
bay-missing = { $number } がありません
bay-failed = できませんでした

## 待ち受け
idle-insert = USBメモリを 青い口 に挿してください
idle-step-insert = 挿す
idle-step-wait = 待つ
idle-step-read = 結果を見る
idle-keep = 検査中は抜かないでください
idle-no-phones = スマートフォン・充電は使えません
idle-rules = 検査の定義
idle-rules-update = 更新してください
idle-rules-refused = 新しい定義は問題があるため、使っていません
ledger = 台帳
ledger-disk = 台帳の保存先 { $percent } %
ledger-overdue = 台帳の点検 期限切れ

## 確認
checking-title = 登録を確認しています
checking-detected = 挿入を検知しました
wait = そのままお待ちください

## 検査
scanning-keep = 抜かないでください
scanning-counting = ファイルを数えています
scanning-elapsed = 経過
scanning-matched = 見つかった脅威
scanning-now = 検査中のファイル
eta-unknown = 残り時間を計算しています
eta-soon = まもなく終わります
eta-seconds = 残り 約{ $seconds }秒
eta-minutes = 残り 約{ $minutes }分
eta-minutes-half = 残り 約{ $minutes }分30秒

## 記録
recording-title = 結果を記録しています
recording-keep = まだ抜かないでください

## 結果
pass-meaning = 持ち込めます
stop-meaning = 持ち込めません
incomplete-meaning = まだ持ち込めません
pass-found = 既知の脅威は見つかりませんでした
pass-meaning-out = 持ち出せます
stop-meaning-out = 持ち出せません
incomplete-meaning-out = まだ持ち出せません
pass-waived-out = 免除 { $number } により持ち出せます
pass-waived = 免除 { $number } により持ち込めます
pass-next = USBを抜いて、お持ちください
removed-pass = 抜かれました。お持ちください
medium = 媒体
receipt = 受付
files = { $count ->
   *[other] ファイル
}
where = 場所
more-reasons = ほか{ $count }つ

## 理由と、次にすること
found-matched = 危険：
found-policy = 禁止：
found-gap = 未検査：
reason-matched = 危険なファイルがあります（{ $count }件）
next-matched = USBを抜いて、係員に渡してください
reason-policy = 禁止されたものがあります（{ $count }件）
next-policy = USBを抜いて、係員に渡してください
reason-unregistered = 登録されていないUSBです
next-unregistered = 抜いて、受付で登録を頼んでください
reason-expired = 登録の期限が切れています
next-expired = 抜いて、受付で更新を頼んでください
reason-revoked = 登録が取り消されたUSBです
next-revoked = USBを抜いて、係員に渡してください
reason-not-yet-valid = まだ使える日ではありません
next-not-yet-valid = 抜いて、使える日を受付で聞いてください
reason-lost = 紛失の届けがあるUSBです
next-lost = USBを抜いて、係員に渡してください
reason-clone-suspected = 登録したUSBと違うところがあります
next-clone-suspected = USBを抜いて、係員に渡してください
reason-not-storage = USBメモリではない機能があります
next-not-storage = 抜いて、係員に渡してください
function-keyboard = キーボードの機能が隠れています
function-input = 入力装置の機能が隠れています
function-network = ネットワークの機能があります
function-serial = シリアル通信の機能があります
function-phone = スマートフォンやカメラです
function-hub = USBハブは使えません
function-wireless = 無線通信の機能があります
function-audio = 音声の機能があります
function-video = カメラ映像の機能があります
function-printer = プリンターの機能があります
function-other = USBメモリではない機能があります
reason-no-visit = このUSBは 訪問の受付がありません
next-no-visit = 抜いて、受付で番号を聞いてください
reason-encrypted = 暗号で開けないものがあります（{ $count }件）
next-encrypted = 暗号を外すか、係員に聞いてください
reason-unreadable = 読めないところがあります（{ $count }件）
next-unreadable = 登録した別のUSBに入れ直してください
reason-damaged = 壊れて調べられません（{ $count }件）
next-damaged = 入れ直すか、係員に聞いてください
reason-unsupported = 調べられない形式です（{ $count }件）
next-unsupported = 別の形式にするか、係員に聞いてください
reason-limit = 上限を超えるものがあります（{ $count }件）
next-limit = 分けて入れるか、係員に聞いてください
reason-timeout = 時間内に終わりませんでした（{ $count }件）
next-timeout = もう一度挿すか、係員に聞いてください
reason-changed = 検査中に中身が変わりました（{ $count }件）
next-changed = USBを抜いて、係員に渡してください
reason-removed = 検査の途中で抜かれました
next-removed = 挿し直して、終わるまで待ってください
reason-rules-missing = この装置に検査の定義がありません
next-rules-missing = USBは無関係です。係員を呼んでください
reason-rules-stale = この装置の検査の定義が古すぎます
next-rules-stale = USBは無関係です。係員を呼んでください
reason-self-test-failed = この装置の自己診断が失敗しました
next-self-test-failed = USBは無関係です。係員を呼んでください
reason-ledger-unavailable = 結果を記録できませんでした
next-ledger-unavailable = USBは無関係です。係員を呼んでください
reason-clock-untrusted = この装置の時計が正しくありません
next-clock-untrusted = USBは無関係です。係員を呼んでください

## 理由が届かなかったとき
reason-none = 理由が届きませんでした
next-none = 係員を呼んでください

## 停止
out-starting = 準備しています
out-starting-next = しばらくお待ちください
out-ledger = 結果を記録できないため、停止しています
out-ledger-staff = 台帳に書けません。空き容量と kiosk-record を確かめてください
out-ledger-full-staff = 台帳のディスクがいっぱいです。空きを作ると、自動で再開します
out-ledger-failing-staff = 台帳のディスクが故障か読み取り専用です。直して kiosk-record を再起動
out-rules = 使える定義がないため、停止しています
out-rules-staff = 定義を入れ直してください
out-testing = 検査機能の確認中です
out-testing-next = しばらくお待ちください
out-self-test = 自己診断に失敗したため、停止しています
out-self-test-staff = 定義を入れ直し、kioskctl rules test で確かめてください
out-rules-stale = 検査の定義が古すぎるため、停止しています
out-rules-stale-staff = 新しい定義を入れてください
out-allowlist = 登録リストが読めないため、停止しています
out-allowlist-staff = allowlist.toml を直してください
out-next = USBを挿さないで、係員を呼んでください
out-inserted = 挿してあるUSBは、持ち込まずに係員に渡してください
staff = 係員へ
contact = 連絡先

## 通信が切れたとき
lost-title = 画面の通信が切れました
lost-void = 前に出ていた結果は使えません
lost-next = 係員を呼んでください
lost-again = つなぎ直しています
lost-silent = 装置から知らせが来ません
lost-disconnected = 装置とつながっていません
lost-garbled = 装置の知らせが正しくありません
connecting = 装置とつないでいます

## 小さすぎるとき
small = 画面が小さすぎます

## 止めたあとの処置
ask-kept = 預かり
ask-given-back = 返却
ask-handed-over = 引き渡し
ask-what = 処置は？
ask-recorded = 処置を記録しました
open-cases = 未処理 { $count }件

## 管理者の媒体が運んだ定義
brought-installing = 定義を確認して更新しています
brought-installed = 定義を更新しました（第{ $version }版）
brought-refused = 定義は更新されませんでした

## 訪問番号
pad-code = 訪問番号を押してください
pad-code-short = 訪問番号
pad-badge = バッジを読ませても受け付けます
pad-number = 係員番号を押してください
pad-number-short = 係員番号
pad-pin = 暗証番号を押してください
pad-pin-short = 暗証番号
pad-clear = 取消
pad-ok = 決定
visit-then = そのあと USBを挿してください
visit-registered = USBは登録済みです
visit-stay = USBは挿したままにしてください
visitor-in = 受付済み
visitor-minutes = 残り { $minutes }分
visitor-ending = 残り 1分未満
typed-checking = 確認しています
typed-taken = 受け付けました
typed-wrong = 番号が違います
typed-ended = 終了した訪問です
typed-not-yet = まだ使えません
typed-locked = { $seconds }秒 お待ちください
sign-out = 終了

## 登録の申請
request-offer = 登録を申請
request-sent = 申請しています
request-recorded = 申請しました

## 持ち出しと返却
exit-offer = 持ち出し・返却
exit-cancel = やめる
exit-next = 次のUSBは 持ち出し・返却の検査です
exit-short = 持出し
put-back-place = 保管場所
put-back-removed = 抜かれました。保管場所に戻してください
put-back-next = USBを抜いて、保管場所に戻してください

## 係員
staff-title = 係員
staff-offer = 係員
staff-requests = 登録申請 { $count }件
staff-overdue = 返却遅れ { $count }件
lists-refused = 誤りがあり、前のリストを使用中
enrol-insert = 登録する媒体を挿してください
bay-keys = 媒体を挿す
