/*
    UPX: an ordinary tool that packs programs, so that other rules cannot see what is in them.
    It is no sign of malware: the rule says that the program could not be examined in plain.
    Looks at the beginning of a file.
*/

rule upx_packed
{
    meta:
        id = "upx_packed"
        family = "upx"
        title_ja = "圧縮されたプログラム（UPX）"
        title_en = "Packed program (UPX)"
        description_ja = "中身を圧縮したプログラムです。他の検査ルールでは中身を調べられません。"
        description_en = "A program whose content is packed. Other rules cannot examine what is in it."
        reference = "UPX, the Ultimate Packer for eXecutables, source code and documentation (1996 to 2024); MITRE ATT&CK, T1027.002 Software Packing (2020-02-05)"
        tier = "notice"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The names of its sections for Windows.
        $section_0 = "UPX0\x00\x00\x00\x00" ascii
        $section_1 = "UPX1\x00\x00\x00\x00" ascii
        // Its mark.
        $mark = "UPX!" ascii

    condition:
        (
            uint16(0) == 0x5A4D and
            uint32(uint32(0x3C)) == 0x00004550 and
            $section_0 in (0..1024) and $section_1 in (0..1024) and $mark in (0..4096)
        ) or
        (
            // For Linux the mark follows the headers.
            uint32(0) == 0x464C457F and $mark in (0..512)
        )
}
