/*
    Stuxnet (2010): came into a plant on USB sticks, spread by shortcut files, and replaced
    the library through which engineering software talks to Siemens S7 controllers.
*/

rule stuxnet_usb_shortcut
{
    meta:
        id = "stuxnet_usb_shortcut"
        family = "stuxnet"
        title_ja = "Stuxnet（USBのショートカット）"
        title_en = "Stuxnet (shortcut on a USB stick)"
        description_ja = "表示するだけで媒体内の不正な部品を読み込ませるショートカットです（CVE-2010-2568）。StuxnetがUSBメモリに作るファイル名を指しています。"
        description_en = "A shortcut that loads a component from the medium as soon as it is displayed (CVE-2010-2568), pointing to a file name that Stuxnet creates on USB sticks."
        reference = "Symantec, W32.Stuxnet Dossier 1.4 (2011-02); Microsoft Security Bulletin MS10-046 (2010-08-02)"
        tier = "block"
        date = "2026-11-23"
        author = "media-kiosk"
        version = 1

    strings:
        // Class id of the control panel, 21EC2020-3AEA-1069-A2DD-08002B30309D, as an item.
        $control_panel = { 20 20 EC 21 EA 3A 69 10 A2 DD 08 00 2B 30 30 9D }
        $loader = "~WTR4141.tmp" wide nocase
        $main = "~WTR4132.tmp" wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 64KB and
        $control_panel and
        any of ($loader, $main)
}

rule stuxnet_dropped_files
{
    meta:
        id = "stuxnet_dropped_files"
        family = "stuxnet"
        title_ja = "Stuxnet（本体またはドライバー）"
        title_en = "Stuxnet (main component or driver)"
        description_ja = "Stuxnetが書き込むデータファイルやドライバーの名前、または開発時の経路名を複数含むプログラムです。"
        description_en = "A program with several names of the data files and drivers that Stuxnet installs, or with the path under which its driver was built."
        reference = "Symantec, W32.Stuxnet Dossier 1.4 (2011-02); Microsoft, Trojan:WinNT/Stuxnet.A (2010)"
        tier = "block"
        date = "2026-11-23"
        author = "media-kiosk"
        version = 1

    strings:
        $build_path = "\\myrtus\\src\\objfre_w2k_x86\\i386\\guava.pdb" ascii nocase
        $data_1 = "\\inf\\mdmcpq3.PNF" ascii wide nocase
        $data_2 = "\\inf\\mdmeric3.PNF" ascii wide nocase
        $data_3 = "\\inf\\oem6C.PNF" ascii wide nocase
        $data_4 = "\\inf\\oem7A.PNF" ascii wide nocase
        $driver_1 = "mrxcls.sys" ascii wide nocase
        $driver_2 = "mrxnet.sys" ascii wide nocase

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 4MB and
        ($build_path or 3 of ($data_*) or (any of ($data_*) and all of ($driver_*)))
}

rule stuxnet_step7_library
{
    meta:
        id = "stuxnet_step7_library"
        family = "stuxnet"
        title_ja = "Stuxnet（STEP 7の通信ライブラリーの置き換え）"
        title_en = "Stuxnet (replaced STEP 7 library)"
        description_ja = "元の通信ライブラリーをs7otbxsx.dllという名前に変え、PLCのプログラムブロックの読み書きを横取りするライブラリーです。"
        description_en = "A library that passes calls on to the original one under the name s7otbxsx.dll and intercepts reading and writing of controller program blocks."
        reference = "Symantec, W32.Stuxnet Dossier 1.4, Modifying PLCs (2011-02)"
        tier = "block"
        date = "2026-11-23"
        author = "media-kiosk"
        version = 1

    strings:
        $renamed = "s7otbxsx" ascii wide nocase
        $call_1 = "s7blk_write" ascii
        $call_2 = "s7blk_read" ascii
        $call_3 = "s7blk_findfirst" ascii
        $call_4 = "s7ag_read_szl" ascii
        $call_5 = "s7db_open" ascii
        $call_6 = "s7_event" ascii

    condition:
        uint16(0) == 0x5A4D and
        uint32(uint32(0x3C)) == 0x00004550 and
        filesize < 8MB and
        $renamed and
        4 of ($call_*)
}
