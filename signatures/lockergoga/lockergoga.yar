/*
    LockerGoga (2019): ransomware that stopped an aluminium producer's plants. The program looks
    at the beginning of a file; the note is a text.
*/

rule lockergoga_program
{
    meta:
        id = "lockergoga_program"
        family = "lockergoga"
        title_ja = "LockerGoga（ランサムウェア）"
        title_en = "LockerGoga (ransomware)"
        description_ja = "ファイルを暗号化して身代金を要求するプログラムです。2019年にアルミニウム工場を止めました。"
        description_en = "Encrypts files and demands a ransom. It stopped aluminium plants in 2019."
        reference = "Palo Alto Networks Unit 42, Born This Way? Origins of LockerGoga (2019-03-26); Trend Micro, What You Need to Know About the LockerGoga Ransomware (2019-03-20)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Folders under which it was built, which gave it its name.
        $path_1 = "work\\Projects\\LockerGoga" ascii
        $path_2 = "\\crypto-locker\\cryptopp\\src" ascii
        // The name of its note, and a sentence of it.
        $note = "README_LOCKED.txt" ascii wide
        $sentence = "This may lead to the impossibility of recovery of the certain files." ascii wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 8MB and
        ($path_1 or 2 of them)
}

rule lockergoga_note
{
    meta:
        id = "lockergoga_note"
        family = "lockergoga"
        title_ja = "LockerGogaの身代金要求文"
        title_en = "Ransom note of LockerGoga"
        description_ja = "LockerGogaが残す脅迫文です。感染したコンピューターから来た媒体の疑いがあります。"
        description_en = "The note that LockerGoga leaves. The medium may come from an infected computer."
        reference = "Palo Alto Networks Unit 42, Born This Way? Origins of LockerGoga (2019-03-26); Trend Micro, What You Need to Know About the LockerGoga Ransomware (2019-03-20)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Three sentences of the note, each with a letter as its number, so that this source does
        // not hold them.
        $sentence_1 = "significant \x66law in the security system of your company" ascii wide nocase
        $sentence_2 = "exploited by \x73erious people and not some rookies" ascii wide nocase
        $sentence_3 = "impossibility of \x72ecovery of the certain files" ascii wide nocase

    condition:
        filesize < 32KB and
        uint16(0) != 0x5A4D and
        2 of them
}
