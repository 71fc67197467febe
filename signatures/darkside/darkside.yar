/*
    DarkSide (2021): ransomware that stopped the largest fuel pipeline of the USA. Most of its
    programs hold nothing readable; those that do hold the text of the note.
*/

rule darkside_note
{
    meta:
        id = "darkside_note"
        family = "darkside"
        title_ja = "DarkSideの身代金要求文"
        title_en = "Ransom note of DarkSide"
        description_ja = "DarkSideが残す脅迫文です。感染したコンピューターから来た媒体の疑いがあります。2021年に米国の石油パイプラインを止めました。"
        description_en = "The note that DarkSide leaves. The medium may come from an infected computer. It stopped a fuel pipeline in the USA in 2021."
        reference = "CISA and FBI, AA21-131A: DarkSide Ransomware: Best Practices for Preventing Business Disruption (2021-05-11); FireEye, Shining a Light on DARKSIDE Ransomware Operations (2021-05-11)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Parts of the note, each with a letter as its number, so that this source does not hold
        // them. "happend" is spelled as there.
        $welcome = "[ Welcome to \x44ark" ascii wide
        $happened = "What \x68append" ascii wide
        $tool = "universal \x64ecryptor" ascii wide
        $danger = "DO NOT MODIFY or try to \x52ECOVER any files yourself" ascii wide

    condition:
        filesize < 64KB and
        uint16(0) != 0x5A4D and
        $welcome and
        any of ($happened, $tool, $danger)
}

rule darkside_program
{
    meta:
        id = "darkside_program"
        family = "darkside"
        title_ja = "DarkSide（ランサムウェア）"
        title_en = "DarkSide (ransomware)"
        description_ja = "ファイルを暗号化して身代金を要求するプログラムです。2021年に米国の石油パイプラインを止めました。"
        description_en = "Encrypts files and demands a ransom. It stopped a fuel pipeline in the USA in 2021."
        reference = "CISA and FBI, AA21-131A: DarkSide Ransomware: Best Practices for Preventing Business Disruption (2021-05-11); FireEye, Shining a Light on DARKSIDE Ransomware Operations (2021-05-11)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Parts of the note that it writes.
        $welcome = "[ Welcome to \x44ark" ascii wide
        $encrypted = "Your computers and servers are encrypted" ascii wide
        $danger = "DO NOT MODIFY or try to \x52ECOVER any files yourself" ascii wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        $welcome and
        any of ($encrypted, $danger)
}
