/*
    EKANS, also called Snake (2020): ransomware that first ends programs of control systems. Its
    program keeps nearly everything encrypted, but not the mark that the Go compiler leaves. The
    program looks at the beginning of a file; the note is a text.
*/

rule ekans_program
{
    meta:
        id = "ekans_program"
        family = "ekans"
        title_ja = "EKANS（制御システムを狙うランサムウェア）"
        title_en = "EKANS (ransomware against control systems)"
        description_ja = "制御システムのプログラムを止めてからファイルを暗号化するプログラムです。"
        description_en = "Ends programs of control systems, then encrypts files."
        reference = "SentinelLabs, New Snake Ransomware Adds Itself to the Increasing Collection of Golang Crimeware (2020-01-23); Dragos, EKANS Ransomware and ICS Operations (2020-02-03)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The Go build IDs of two samples: no other program has them.
        $build_1 = "Go build ID: \"X6lNEpDhc_qgQl56x4du/" ascii
        $build_2 = "Go build ID: \"SPlES9E155q_V-b330Fx/" ascii

    condition:
        uint16(0) == 0x5A4D and
        filesize < 32MB and
        any of them
}

rule ekans_note
{
    meta:
        id = "ekans_note"
        family = "ekans"
        title_ja = "EKANSの身代金要求文"
        title_en = "Ransom note of EKANS"
        description_ja = "EKANSが残す脅迫文（Fix-Your-Files.txt）です。感染したコンピューターから来た媒体の疑いがあります。"
        description_en = "The note that EKANS leaves (Fix-Your-Files.txt). The medium may come from an infected computer."
        reference = "SentinelLabs, New Snake Ransomware Adds Itself to the Increasing Collection of Golang Crimeware (2020-01-23); Dragos, EKANS Ransomware and ICS Operations (2020-02-03)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Parts of the note, each with a letter as its number, so that this source does not hold
        // them.
        $line_1 = "We \x62reached your corporate network and encrypted the data on your computers" ascii wide
        $line_2 = "What \x68appened to your files?" ascii wide
        $line_3 = "\x6Dilitary grade encryption algorithms" ascii wide

    condition:
        filesize < 32KB and
        uint16(0) != 0x5A4D and
        $line_1 and
        any of ($line_2, $line_3)
}
