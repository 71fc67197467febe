/*
    The note that ransomware leaves, whoever made it: what happened, where to pay, what not to
    do. A text, told by what nearly all of them have together.
*/

rule ransom_note_text
{
    meta:
        id = "ransom_note_text"
        family = "ransom_note"
        title_ja = "身代金を要求する文"
        title_en = "Ransom note"
        description_ja = "ファイルを暗号化したと告げ、匿名のサイトへ誘導する脅迫文です。感染したコンピューターから来た媒体の疑いがあります。"
        description_en = "A note that says that files are encrypted and leads to a hidden site. The medium may come from an infected computer."
        reference = "CISA, #StopRansomware Guide (2023-05-23); Zscaler ThreatLabz, ransomware_notes, a collection of notes (2022 to 2026)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // Parts are split by their expressions, so that this source does not hold them.
        $encrypted = /(files|data|documents|network|servers|databases|computers|systems)[^.!?]{0,120}(encrypted|locked|stolen)/ ascii wide nocase
        $browser = /tor[ \-]?browser|torproject\.org/ ascii wide nocase
        $address = /[a-z2-7]{16}\.onion/ ascii wide
        $decrypt = /decrypt(or|ion|er|ing)?/ ascii wide nocase
        $pay = /bitcoin|monero|ransom|payment|\bprice\b|pay / ascii wide nocase
        $warn_1 = /do( not|n't| n't) (try|rename|modify|delete|attempt|contact|shut|reset|edit|move)/ ascii wide nocase
        $warn_2 = /(leak|publish|sold|sell|disclos)/ ascii wide nocase
        $coins = /bitcoin|monero|ransom/ ascii wide nocase
        // For the notes that give an address of mail or chat instead of a hidden site.
        $yours = /your [a-z ,]{0,40}(files|data|documents|network|servers|computers)[a-z ,]{0,60}(encrypted|locked|stolen)/ ascii wide nocase
        $mail = /[a-z0-9._\-]{3,64}@(proton|tuta|onionmail|cock|aol|gmail|mail|keemail|msgsafe|cyberfear|firemail|airmail|qq|disroot|zohomail|outlook|hotmail|yandex)[a-z]{0,8}\.[a-z]{2,5}/ ascii wide nocase
        $chat = /\bq?tox\b|session messenger|telegram/ ascii wide nocase

    condition:
        filesize < 32KB and
        // Neither a program nor an archive nor a PDF.
        uint16(0) != 0x5A4D and uint16(0) != 0x4B50 and uint32(0) != 0x46445025 and
        (
            ($encrypted and $address and 3 of ($browser, $decrypt, $pay, $warn_*)) or
            ($yours and any of ($mail, $chat) and $decrypt and $coins and any of ($warn_*)) or
            ($yours and any of ($mail, $chat) and $decrypt and all of ($warn_*))
        )
}
