/*
    Programs that use a computer for mining coins. On a control computer they take the time that
    control needs. The program looks at the beginning of a file.
*/

rule coin_miner_xmrig
{
    meta:
        id = "coin_miner_xmrig"
        family = "coin_miner"
        title_ja = "仮想通貨の採掘プログラム XMRig"
        title_en = "Coin miner XMRig"
        description_ja = "仮想通貨を採掘するプログラムです。制御用コンピューターの処理を遅らせます。"
        description_en = "Mines coins. It slows control computers down."
        reference = "XMRig, source code and documentation (2017 to 2026); MITRE ATT&CK, T1496.001 Resource Hijacking: Compute Hijacking (2024-09-25)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Parts of its help and its settings, in its source.
        $part_1 = "stratum+tcp://" ascii
        $part_2 = "donate-level" ascii
        $part_3 = "enable nicehash.com support" ascii
        $part_4 = "rig identifier for pool-side statistics" ascii
        $part_5 = "RandomX dataset is not available" ascii
        $part_6 = "https://xmrig.com" ascii

    condition:
        // A program for Windows or for Linux.
        (uint16(0) == 0x5A4D or uint32(0) == 0x464C457F) and
        filesize < 64MB and
        4 of them
}

rule coin_miner_settings
{
    meta:
        id = "coin_miner_settings"
        family = "coin_miner"
        title_ja = "仮想通貨の採掘設定"
        title_en = "Settings of a coin miner"
        description_ja = "仮想通貨の採掘先を指定した設定またはスクリプトです。"
        description_en = "Settings or a script that say where and for whom coins are mined."
        reference = "XMRig, source code and documentation (2017 to 2026); MITRE ATT&CK, T1496.001 Resource Hijacking: Compute Hijacking (2024-09-25)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // A pool, and a user of it: as arguments, and as settings in JSON.
        $pool = /stratum(\+tcp|\+ssl|\+tls|2\+tcp)?:\/\/[a-z0-9.\-]{4,128}:[0-9]{2,5}/ ascii wide nocase
        $user_1 = /stratum[^\r\n]{4,160}[ \t](-u|--user)[ =]{1,4}[a-z0-9]{24,128}/ ascii wide nocase
        $user_2 = /"user"[ \t]{0,8}:[ \t]{0,8}"[a-z0-9]{24,128}/ ascii wide nocase
        $setting_1 = "\"donate-level\"" ascii
        $setting_2 = "\"pools\"" ascii
        $setting_3 = "\"randomx\"" ascii
        $setting_4 = "\"rig-id\"" ascii

    condition:
        filesize < 256KB and
        uint16(0) != 0x5A4D and
        (
            ($pool and any of ($user_*)) or
            ($user_2 and 3 of ($setting_*))
        )
}
