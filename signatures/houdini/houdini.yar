/*
    H-worm, also called Houdini or Jenxcus (since 2013): scripts that put a shortcut in the
    place of each file of a USB stick. Many forms are disguised; these rules know the plain one.
*/

rule houdini_script
{
    meta:
        id = "houdini_script"
        family = "houdini"
        title_ja = "H-worm（USBワームのスクリプト）"
        title_en = "H-worm (script of a USB worm)"
        description_ja = "USBメモリのファイルをショートカットに置き換えて広がるスクリプトです。"
        description_en = "A script that spreads by putting shortcuts in the place of the files of USB sticks."
        reference = "FireEye, Now You See Me - H-worm by Houdini (2013-09); Microsoft, Worm:VBS/Jenxcus (2013)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The first line, of two makers, each with a letter as its number, so that this source
        // does not hold it.
        $maker_1 = "<[ recoder : \x68oudini (c)" ascii wide nocase
        $maker_2 = "<[ coded bY \x6Ejq8 ]>" ascii wide nocase
        // Settings and variables of the script.
        $part_1 = "lnkfolder" ascii wide nocase
        $part_2 = "installdir" ascii wide nocase
        $part_3 = "usbspreading" ascii wide nocase
        $part_4 = "wscript.shell" ascii wide nocase

    condition:
        uint16(0) != 0x5A4D and
        filesize < 1MB and
        any of ($maker_*) and
        any of ($part_*)
}
