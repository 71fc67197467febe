/*
    PsExec: Microsoft's tool for starting programs on other computers. Administrators use it,
    and so did Industroyer, NotPetya and most ransomware. It is no malware: the rule says that
    it is there. Looks at the beginning of a file.
*/

rule psexec_program
{
    meta:
        id = "psexec_program"
        family = "psexec"
        title_ja = "遠隔実行ツール PsExec"
        title_en = "Remote execution: PsExec"
        description_ja = "他のコンピューターでプログラムを起動する管理用ツールです。攻撃にもよく使われます。使う予定があるか確認してください。"
        description_en = "A tool of administrators for starting programs on other computers, much used in attacks too. Ask whether it is meant to be used here."
        reference = "Microsoft, Sysinternals PsExec (2023-04-11); MITRE ATT&CK, S0029 PsExec (2017-05-31)"
        tier = "notice"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The version resource of the program and of its service: key, zero, value.
        $name_1 = "OriginalFilename\x00psexec.c" wide nocase
        $name_2 = "OriginalFilename\x00psexesvc.exe" wide nocase
        // What the program calls its service.
        $service = "PSEXESVC" ascii wide
        $maker = "Sysinternals" ascii wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        (any of ($name_*) or all of ($service, $maker))
}
