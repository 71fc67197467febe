/*
    Duqu 2.0 (2015), of the makers of Stuxnet: spies in networks. Of the first Duqu (2011) only
    names of files and hashes are public, and its programs hold none of them in plain, so that
    there is no rule for it. Looks at the beginning of a file.
*/

rule duqu_2_program
{
    meta:
        id = "duqu_2_program"
        family = "duqu"
        title_ja = "Duqu 2.0（諜報）"
        title_en = "Duqu 2.0 (spies)"
        description_ja = "ネットワーク内で情報を集めるプログラムです。Stuxnetの作者によるものとされます。"
        description_en = "Gathers information inside networks. Attributed to the makers of Stuxnet."
        reference = "Kaspersky, The Duqu 2.0: Technical Details (2015-06-11)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The pipes over which its parts talk, and its event: random names that no other program
        // has.
        $pipe_1 = "{AAFFC4F0-E04B-4C7C-B40A-B45DE971E81E}" ascii wide nocase
        $pipe_2 = "{AB6172ED-8105-4996-9D2A-597B5F827501}" ascii wide nocase
        $event = "{B54E3268-DE1E-4c1e-A667-2596751403AD}" ascii wide nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        any of them
}
