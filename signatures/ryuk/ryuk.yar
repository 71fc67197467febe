/*
    Ryuk (2018 to 2021): ransomware in hospitals and plants. The program looks at the beginning
    of a file; the note is a text.
*/

rule ryuk_program
{
    meta:
        id = "ryuk_program"
        family = "ryuk"
        title_ja = "Ryuk（ランサムウェア）"
        title_en = "Ryuk (ransomware)"
        description_ja = "ファイルを暗号化して身代金を要求するプログラムです。"
        description_en = "Encrypts files and demands a ransom."
        reference = "CISA, AA20-302A: Ransomware Activity Targeting the Healthcare and Public Health Sector (2020-10-28); Check Point, Ryuk Ransomware: A Targeted Campaign Break-Down (2018-08-20)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Its note, and a file that it writes beside it.
        $note = "RyukReadMe" wide
        $file = "UNIQUE_ID_DO_NOT_REMOVE" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 4MB and
        all of them
}

rule ryuk_note
{
    meta:
        id = "ryuk_note"
        family = "ryuk"
        title_ja = "Ryukの身代金要求文"
        title_en = "Ransom note of Ryuk"
        description_ja = "Ryukが残す脅迫文です。感染したコンピューターから来た媒体の疑いがあります。"
        description_en = "The note that Ryuk leaves. The medium may come from an infected computer."
        reference = "CISA, AA20-302A: Ransomware Activity Targeting the Healthcare and Public Health Sector (2020-10-28); Check Point, Ryuk Ransomware: A Targeted Campaign Break-Down (2018-08-20)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The last two lines of the note, and a sentence of it, each with a letter as its number,
        // so that this source does not hold them.
        $end = /\x52yuk[ \r\n]{1,16}No system is \x73afe/ ascii
        $sentence = "impossibility of \x72ecovery of the certain files" ascii

    condition:
        filesize < 32KB and
        uint16(0) != 0x5A4D and
        all of them
}
