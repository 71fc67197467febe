/*
    Gamarue, also called Andromeda (2011 to 2017, still found on sticks): hides the files of a
    stick and puts one shortcut in their place, which starts a library by rundll32. All of these
    look at the beginning of a file.
*/

rule gamarue_usb_shortcut
{
    meta:
        id = "gamarue_usb_shortcut"
        family = "gamarue"
        title_ja = "Gamarue（USBのショートカット）"
        title_en = "Gamarue (shortcut on a USB stick)"
        description_ja = "媒体内の隠しライブラリーをrundll32で起動するショートカットです。USBワームGamarue（Andromeda）の手口です。"
        description_en = "A shortcut that starts a hidden library of the medium by rundll32. The way of the USB worm Gamarue (Andromeda)."
        reference = "Microsoft, Worm:Win32/Gamarue.gen!lnk (2013-03-01) and Worm:Win32/Gamarue.N (2013); Avast, Andromeda under the microscope (2016-03-15); Mandiant, Turla: A Galaxy of Opportunity (2023-01-05)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        $starter = "rundll32" ascii wide nocase
        // The functions of its library that are called.
        $call_1 = "_ldr@16" ascii wide nocase
        $call_2 = "_rev@16" ascii wide nocase
        $call_3 = "_fndot@16" ascii wide nocase
        // The ending of the hidden library's name.
        $file = ".usbdrv" ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        $starter and
        any of ($call_*, $file)
}

rule gamarue_program
{
    meta:
        id = "gamarue_program"
        family = "gamarue"
        title_ja = "Gamarue（裏口）"
        title_en = "Gamarue (back door)"
        description_ja = "外部の指令を受け取り、他のマルウェアを取り込むプログラムです。"
        description_en = "Takes orders from outside and loads other malware."
        reference = "Microsoft, Worm:Win32/Gamarue.gen!lnk (2013-03-01) and Worm:Win32/Gamarue.N (2013); Avast, Andromeda under the microscope (2016-03-15); Mandiant, Turla: A Galaxy of Opportunity (2023-01-05)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // How it reports to its server, in its older and its newer form.
        $old_1 = "id:%lu|tid:%lu|result:%lu" ascii
        $old_2 = "id:%lu|bid:%lu|bv:%lu|" ascii
        $new = "{\"id\":%lu,\"tid\":%lu,\"err\":%lu,\"w32\":%lu}" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 4MB and
        any of them
}
