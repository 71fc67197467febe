/*
    Shortcuts (.lnk) that run an interpreter instead of opening what they seem to be: the usual
    way of worms on USB sticks since Windows no longer starts programs from them. All of these
    look at the beginning of a file.
*/

rule shortcut_worm
{
    meta:
        id = "shortcut_worm"
        family = "shortcut"
        title_ja = "USBワームのショートカット"
        title_en = "Shortcut of a USB worm"
        description_ja = "フォルダーを開くふりをして、媒体内のスクリプトやプログラムも起動するショートカットです。USBワームの手口です。"
        description_en = "A shortcut that starts a script or program of the medium while it opens the folder that it seems to be. The way of USB worms."
        reference = "MITRE ATT&CK, T1204.002 User Execution: Malicious File (2020-03-11); T1091 Replication Through Removable Media (2017-05-31)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // cmd /c start a script & start the folder, in either order.
        $both_1 = /\/[ck][ ]{0,8}["']?(start|wscript(\.exe)?|cscript(\.exe)?)[ ]{1,8}[\x20-\x25\x27-\x7E]{1,128}\.(vbs|vbe|js|jse|wsf|bat|cmd|exe|scr|pif|ps1)["' ]{0,4}&[\x20-\x7E]{0,64}explorer/ ascii wide nocase
        $both_2 = /\/[ck][ ]{0,8}["']?(start[ ]{1,8})?explorer(\.exe)?[\x20-\x25\x27-\x7E]{1,128}&[\x20-\x7E]{0,128}\.(vbs|vbe|js|jse|wsf|bat|cmd|exe|scr|pif|ps1)/ ascii wide nocase
        // A library of the medium with another ending than a library's, in a bin or beside it.
        $bin = /rundll32(\.exe)?["' ]{1,8}[\x20-\x2B\x2D-\x7E]{0,128}recycler[\x20-\x2B\x2D-\x7E]{0,128},/ ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        any of them
}

rule shortcut_script
{
    meta:
        id = "shortcut_script"
        family = "shortcut"
        title_ja = "スクリプトを実行するショートカット"
        title_en = "Shortcut that runs a script"
        description_ja = "ファイルを開くふりをして、隠れた命令や外部のスクリプトを実行するショートカットです。"
        description_en = "A shortcut that seems to open a file and runs hidden commands or a script from the network."
        reference = "MITRE ATT&CK, T1204.002 User Execution: Malicious File (2020-03-11); T1091 Replication Through Removable Media (2017-05-31)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        $powershell = "powershell" ascii wide nocase
        $hide_1 = /[ \t][\-\/]w(in|indow|indowstyle)?[ \t]{1,8}["']?(hidden|hid|h|1)["' \t]/ ascii wide nocase
        $hide_2 = /[ \t][\-\/]e(c|nc|ncodedcommand)?[ \t]{1,8}["']?[a-z0-9+\/]{32}/ ascii wide nocase
        $hide_3 = "FromBase64String" ascii wide nocase
        $hide_4 = ".DownloadString" ascii wide nocase
        $hide_5 = ".DownloadFile" ascii wide nocase
        $hide_6 = "Invoke-Expression" ascii wide nocase
        // A page or script run by the interpreter for HTML applications.
        $page = /mshta(\.exe)?["' ]{1,8}(https?:|javascript:|vbscript:)/ ascii wide nocase
        // A library registered from the network.
        $scriptlet = /regsvr32(\.exe)?[^\r\n]{0,64}\/i:https?:/ ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        ($page or $scriptlet or ($powershell and any of ($hide_*)))
}

rule shortcut_interpreter
{
    meta:
        id = "shortcut_interpreter"
        family = "shortcut"
        title_ja = "命令を実行するショートカット"
        title_en = "Shortcut with commands"
        description_ja = "プログラムやフォルダーではなく、命令の実行プログラムを指すショートカットです。作った人に確認してください。"
        description_en = "A shortcut to an interpreter of commands instead of a program or folder. Ask whoever made it."
        reference = "MITRE ATT&CK, T1204.002 User Execution: Malicious File (2020-03-11); T1091 Replication Through Removable Media (2017-05-31)"
        tier = "notice"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The target, with the folder before it.
        $target = /\\(cmd|powershell|pwsh|wscript|cscript|mshta|rundll32|regsvr32|msiexec|certutil|bitsadmin)\.exe/ ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        $target
}

rule shortcut_control_panel
{
    meta:
        id = "shortcut_control_panel"
        family = "shortcut"
        title_ja = "表示するだけで部品を読み込むショートカット"
        title_en = "Shortcut that loads a library when it is displayed"
        description_ja = "表示するだけで媒体内の不正な部品を読み込ませるショートカットの形です（CVE-2010-2568、CVE-2017-8464）。"
        description_en = "A shortcut in the form by which Windows loads a library from the medium as soon as it is displayed (CVE-2010-2568, CVE-2017-8464)."
        reference = "Microsoft Security Bulletin MS10-046 (2010-08-02); Microsoft, CVE-2017-8464 LNK Remote Code Execution Vulnerability (2017-06-13)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // The control panel as an item: its class ids in Windows XP and later.
        $panel_1 = { 20 20 EC 21 EA 3A 69 10 A2 DD 08 00 2B 30 30 9D }
        $panel_2 = { 68 06 EE 26 0A A0 D7 44 93 71 BE B0 64 C9 86 83 }
        // A library by its path, on a drive or a server or by the number of a device.
        $library = /(\b[a-z]:|\\\\[a-z0-9.?\-]{1,64})\\[\x20-\x7E]{1,200}\.(dll|tmp|cpl|ocx|dat|bin)/ wide nocase
        // Where the pages of the control panel lie that belong to Windows and to drivers.
        $windows = /\\(system32|syswow64|program files)/ ascii wide nocase

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 64KB and
        any of ($panel_*) and
        $library and
        not $windows
}

rule shortcut_padded
{
    meta:
        id = "shortcut_padded"
        family = "shortcut"
        title_ja = "命令を空白で隠したショートカット"
        title_en = "Shortcut that hides its commands behind blanks"
        description_ja = "長い空白の後ろに命令を置き、プロパティ画面で見えないようにしたショートカットです。"
        description_en = "A shortcut whose commands stand behind a long row of blanks, so that its properties do not show them."
        reference = "Trend Micro, ZDI-CAN-25373: Windows Shortcut Exploit Abused as Zero-Day in Widespread APT Campaigns (2025-03-18)"
        tier = "block"
        date = "2026-11-26"
        author = "media-kiosk"
        version = 1

    strings:
        // 128 characters of UTF-16 that show nothing.
        $blanks = /([\t\n\x0B\x0C\r ]\x00){128}/

    condition:
        // The header of a shell link: its size, and the beginning of its class id.
        uint32(0) == 0x0000004C and
        uint32(4) == 0x00021401 and
        filesize < 1MB and
        $blanks
}
