/*
    PlugX as it spreads on USB sticks (since 2020): the visible shortcut starts a program out of
    a hidden folder RECYCLER.BIN, which Windows itself does not know (its own are $RECYCLE.BIN
    and RECYCLER). All of these look at the beginning of a file.
*/

rule plugx_usb_shortcut
{
    meta:
        id = "plugx_usb_shortcut"
        family = "plugx"
        title_ja = "PlugX（USBのショートカット）"
        title_en = "PlugX (shortcut on a USB stick)"
        description_ja = "隠しフォルダー RECYCLER.BIN の中のプログラムを起動するショートカットです。USBで広がるPlugXの手口です。"
        description_en = "A shortcut that starts a program out of a hidden folder RECYCLER.BIN. The way in which PlugX spreads on USB sticks."
        reference = "Palo Alto Networks Unit 42, Chinese PlugX Malware Hidden in Your USB Devices? (2023-01-26); Sophos, A border-hopping PlugX USB worm takes its act on the road (2023-03-09)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The folder, as wide or narrow text of the shortcut.
        $folder = "RECYCLER.BIN\\" ascii wide nocase
        $program = ".exe" ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        all of them
}

rule plugx_usb_program
{
    meta:
        id = "plugx_usb_program"
        family = "plugx"
        title_ja = "PlugX（USBに広がるプログラム）"
        title_en = "PlugX (program that spreads on USB sticks)"
        description_ja = "USBメモリに隠しフォルダー RECYCLER.BIN を作って自分を広げるプログラムです。"
        description_en = "Makes a hidden folder RECYCLER.BIN on USB sticks and spreads by it."
        reference = "Palo Alto Networks Unit 42, Chinese PlugX Malware Hidden in Your USB Devices? (2023-01-26); Sophos, A border-hopping PlugX USB worm takes its act on the road (2023-03-09)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // How it puts the folder's path together: two letters, then the folder.
        $path = "%c\\%c\\RECYCLER.BIN\\files\\" wide

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 16MB and
        $path
}
