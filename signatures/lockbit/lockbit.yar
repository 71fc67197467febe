/*
    LockBit (since 2019): the ransomware of the Port of Nagoya (2023). Its programs are packed
    anew for each customer; the note is what can be told. A text.
*/

rule lockbit_note
{
    meta:
        id = "lockbit_note"
        family = "lockbit"
        title_ja = "LockBitの身代金要求文"
        title_en = "Ransom note of LockBit"
        description_ja = "LockBitが残す脅迫文です。感染したコンピューターから来た媒体の疑いがあります。2023年に名古屋港を止めました。"
        description_en = "The note that LockBit leaves. The medium may come from an infected computer. It stopped the Port of Nagoya in 2023."
        reference = "CISA and others, AA23-165A: Understanding Ransomware Threat Actors: LockBit (2023-06-14)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The heading of versions 2.0 and 3.0, the first sentence, and the beginnings of their
        // addresses; each with a letter as its number, so that this source does not hold them.
        $heading_2 = "\x4CockBit 2.0 Ransomware" ascii wide
        $heading_3 = "\x4CockBit 3.0 the world's fastest" ascii wide
        $stolen = /Your data (is|are) \x73tolen and encrypted/ ascii wide
        $address = /http:\/\/\x6Cockbit(apt|sup|sap|blog)[a-z2-7]{45,52}\.onion/ ascii wide

    condition:
        filesize < 64KB and
        uint16(0) != 0x5A4D and
        $stolen and
        any of ($heading_*, $address)
}
